// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "crew/wall_pace.hpp"
#include "fleet/fleet_clock.hpp"

namespace mobi {

/// The wall clock for tasks that are assigned during the run (docs/design.md 4.3): a computed
/// fleet's times, kept by waiting.
///
/// An event is told when its time has come and what it brings has really been computed.  Where that
/// took the host longer, the event is late, and so is everything that its device does for the task
/// from then on.  Events keep the order of the computed fleet.
class PacedFleet final : public FleetClock {
  public:
    using Received = std::function<std::optional<WallClock::time_point>(TaskId, std::int32_t part)>;
    /// When what a part brings was told, in a run that goes on; nothing: it was not.
    using Told = std::function<std::optional<VirtualClock::time_point>(TaskId, std::int32_t part)>;

    /// \param times     computes the times.
    /// \param pace      must have begun when next() is called; both must outlive the fleet.
    /// \param received  when what a part brings was there, if it is; long ago where it brings
    ///                  nothing.
    /// \param past      null: the run begins.  Until the pace begins, events are those of the past.
    PacedFleet(FleetClock& times, WallPace& pace, Received received, Told past = {});

    // FleetClock
    void assign(DeviceTask task) override;
    void recall(TaskId task, VirtualClock::time_point at) override;
    void promise_quiet(VirtualClock::time_point until) override { times_.promise_quiet(until); }
    void forecast(const std::function<bool(const FleetEvent&)>& look) override {
        times_.forecast(look);
    }
    /// Waits for the event, at most until `until`.
    const FleetEvent* next(VirtualClock::time_point until) override;
    std::optional<VirtualClock::time_point> next_presence(VirtualClock::time_point time) override {
        return times_.next_presence(time);
    }
    std::vector<DeviceId> present(VirtualClock::time_point time) override {
        return times_.present(time);
    }

    /// What its devices missed.
    const Overruns& overruns() const noexcept { return overruns_; }

  private:
    /// Waits for what the held event brings.  \return  whether it came by `until`.
    bool wait_for_held(VirtualClock::time_point until);
    /// When it comes, or came; nothing: not by `until`.
    std::optional<VirtualClock::time_point> time_of_held(VirtualClock::time_point due,
                                                         VirtualClock::time_point until);

    /// A task that has not ended.
    struct Open {
        std::size_t parts = 0;          // whose end has not been told
        VirtualClock::duration slip{};  // by which its events are late
    };

    FleetClock& times_;
    WallPace& pace_;
    Received received_;
    Told past_;
    std::optional<FleetEvent> held_;  // computed, and not told yet
    FleetEvent told_;
    VirtualClock::time_point last_{};  // told, or recalled at
    std::map<TaskId, Open> open_;
    Overruns overruns_;
};

}  // namespace mobi
