// SPDX-License-Identifier: Apache-2.0
// A fleet for the tests of protocols: devices on links of their own, and a clock that remembers
// what it was told and what it told.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fleet/virtual_fleet.hpp"

namespace mobi::test {

/// Devices that take `compute_s` a sample.
class Star {
  public:
    DeviceProfile& add(double compute_s,
                       double down_bytes_per_s,
                       double up_bytes_per_s,
                       double latency_s = 0,
                       const AvailabilityProfile* availability = nullptr) {
        profiles_.emplace_back();
        profiles_.back().name = "d" + std::to_string(profiles_.size());
        profiles_.back().time_per_sample_s = compute_s;
        links_.emplace_back();
        links_.back().name = "l" + std::to_string(links_.size());
        links_.back().downlink_bytes_per_s = down_bytes_per_s;
        links_.back().uplink_bytes_per_s = up_bytes_per_s;
        links_.back().latency_s = latency_s;
        devices_.push_back({DeviceId(static_cast<std::int32_t>(devices_.size())), &profiles_.back(),
                            &links_.back(), availability});
        return profiles_.back();
    }

    const std::vector<FleetDevice>& devices() const { return devices_; }

  private:
    std::deque<DeviceProfile> profiles_;
    std::deque<LinkProfile> links_;
    std::vector<FleetDevice> devices_;
};

class WatchedFleet final : public FleetClock {
  public:
    explicit WatchedFleet(const std::vector<FleetDevice>& devices) : fleet_(devices, {}) {}

    void assign(DeviceTask task) override {
        tasks_.push_back(task);
        fleet_.assign(std::move(task));
    }
    void recall(TaskId task, VirtualClock::time_point at) override { fleet_.recall(task, at); }
    void promise_quiet(VirtualClock::time_point until) override { fleet_.promise_quiet(until); }
    const FleetEvent* next(VirtualClock::time_point until) override {
        const FleetEvent* const event = fleet_.next(until);
        if (event != nullptr) events_.push_back(*event);
        return event;
    }
    void forecast(const std::function<bool(const FleetEvent&)>& look) override {
        fleet_.forecast(look);
    }
    std::optional<VirtualClock::time_point> next_presence(VirtualClock::time_point time) override {
        return fleet_.next_presence(time);
    }
    std::vector<DeviceId> present(VirtualClock::time_point time) override {
        return fleet_.present(time);
    }

    /// Has it tell all up to `until`.
    void drain(VirtualClock::time_point until) {
        while (next(until) != nullptr) {
        }
    }

    const std::vector<DeviceTask>& tasks() const { return tasks_; }
    const FleetEvent& event(EventId id) const { return events_.at(id.index()); }

    const FleetEvent* done(TaskId task) const {
        for (const FleetEvent& event : events_)
            if (event.task == task && event.outcome == Outcome::Done) return &event;
        return nullptr;
    }

    /// What a recalled task was at: download, compute or upload; latency: none of them.
    std::string recalled_in(TaskId task) const {
        constexpr const char* kNames[] = {"download", "compute", "upload"};
        for (const FleetEvent& event : events_)
            if (event.task == task && event.outcome == Outcome::Recalled) {
                const bool in_air =
                    event.leg == Leg::Upload && event.times.send_end > event.times.send_start;
                if (in_air || event.start == event.at) break;
                return kNames[static_cast<int>(event.leg)];
            }
        return "latency";
    }

  private:
    VirtualFleet fleet_;
    std::vector<DeviceTask> tasks_;
    std::vector<FleetEvent> events_;
};

}  // namespace mobi::test
