// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <utility>

#include "method/run_fleet.hpp"

namespace mobi {

/// Is told what is assigned and recalled.
class TaskWatcher {
  public:
    virtual ~TaskWatcher() = default;
    virtual void assigned(const DeviceTask& task) = 0;
    /// It was recalled, or its device has left: nothing but its first `parts` parts, which have
    /// arrived, will be asked for.
    virtual void ended_early(TaskId task, std::int32_t parts) = 0;
    /// All that was assigned up to here was decided at once.
    virtual void dispatched() = 0;
};

/// A fleet whose tasks are assigned during the run.
class TaskFleet final : public RunFleet {
  public:
    /// What the tasks carry.
    struct Contents {
        ContentKind down = ContentKind::Weights;
        ContentKind up = ContentKind::Weights;
    };

    /// \param clock    tells the events.
    /// \param watcher  null: nobody.
    /// All must outlive the fleet.
    TaskFleet(FleetClock& clock, const FleetPlan& plan, Contents contents, TaskWatcher* watcher);

    // FleetClock
    void assign(DeviceTask task) override;
    void recall(TaskId task, VirtualClock::time_point at) override;
    void promise_quiet(VirtualClock::time_point until) override { clock_.promise_quiet(until); }
    void forecast(const std::function<bool(const FleetEvent&)>& look) override {
        clock_.forecast(look);
    }
    const FleetEvent* next(VirtualClock::time_point until) override;
    std::optional<VirtualClock::time_point> next_presence(VirtualClock::time_point time) override {
        return clock_.next_presence(time);
    }
    std::vector<DeviceId> present(VirtualClock::time_point time) override {
        return clock_.present(time);
    }

    // RunFleet
    const Delivery& delivery(std::int64_t index) const override {
        return deliveries_[static_cast<std::size_t>(index)];
    }
    std::int64_t delivered() const override {
        return static_cast<std::int64_t>(deliveries_.size());
    }
    std::int64_t delivered_by(EventId event) const override;
    std::span<const Download> downloads() const override { return downloads_; }
    std::span<const LostWork> lost() const override { return lost_; }
    std::span<const TaskRecord> tasks() const override { return ended_; }
    std::int64_t assigned() const override { return assigned_; }

    /// All of them, when it is over.
    std::vector<Delivery> deliveries() && { return std::move(deliveries_); }

  private:
    struct Open {
        DeviceTask task;
        TaskRecord record;
    };
    using RecallTime = std::pair<VirtualClock::time_point, TaskId>;

    void take(const FleetEvent& event);
    void take_part(const FleetEvent& event, Open& open);
    void take_late(const FleetEvent& event, Open& open);
    /// The legs of a part that had ended when it was stopped.
    void take_ended_legs(const FleetEvent& event,
                         const DeviceTask& task,
                         Charges charges,
                         bool recalled);
    void end(std::map<TaskId, Open>::iterator open, VirtualClock::time_point at, Outcome outcome);
    /// Recalled tasks of which no event is to come.
    void end_recalled(VirtualClock::time_point before);

    FleetClock& clock_;
    const FleetPlan& plan_;
    Contents contents_;
    TaskWatcher* watcher_;
    std::int64_t assigned_ = 0;
    std::map<TaskId, Open> open_;
    std::map<TaskId, Open> recalled_;
    std::deque<RecallTime> recalls_;  // of these, in order
    std::vector<Delivery> deliveries_;
    std::vector<EventId> delivery_events_;
    std::vector<Download> downloads_;
    std::vector<LostWork> lost_;
    std::vector<TaskRecord> ended_;
};

}  // namespace mobi
