// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "core/paced_clock.hpp"
#include "fleet/fleet_clock.hpp"
#include "server/server_pace.hpp"

namespace mobi {

/// The wall clock for tasks that are assigned during the run (docs/design.md 4.3): a computed
/// fleet's times, kept by waiting.
///
/// An event is told when its time has come and what it brings has really been computed.  Where that
/// took the host longer, the event is late, and so is everything that its device does for the task
/// from then on.  Events keep the order of the computed fleet.
class PacedFleet final : public FleetClock, public ServerPace {
  public:
    using Received = std::function<std::optional<WallClock::time_point>(TaskId, std::int32_t part)>;

    /// What the pace missed.
    struct Overruns {
        std::int64_t count = 0;
        WallClock::duration worst{};
    };

    /// \param times     computes the times; must outlive the fleet.
    /// \param received  when what a part brings was there, if it is; long ago where it brings
    ///                  nothing.
    /// \param pump      does what is to be done meanwhile, for at most so long.
    PacedFleet(FleetClock& times,
               double time_scale,
               Received received,
               std::function<void(WallClock::duration)> pump);

    // FleetClock
    void assign(DeviceTask task) override;
    void recall(TaskId task, VirtualClock::time_point at) override;
    void promise_quiet(VirtualClock::time_point until) override { times_.promise_quiet(until); }
    std::span<const FleetEvent> forecast() override { return times_.forecast(); }
    /// Waits for the event, at most until `until`.
    const FleetEvent* next(VirtualClock::time_point until) override;
    std::optional<VirtualClock::time_point> next_presence(VirtualClock::time_point time) override {
        return times_.next_presence(time);
    }
    std::vector<DeviceId> present(VirtualClock::time_point time) override {
        return times_.present(time);
    }

    // ServerPace
    void begin() override;
    VirtualClock::time_point finish(std::int64_t update,
                                    VirtualClock::time_point planned,
                                    const std::function<bool()>& done) override;
    void wait_until(VirtualClock::time_point time) override;

    /// Real time from the start of the pace to the last wait_until().
    double paced_s() const noexcept { return paced_s_; }
    const Overruns& server_overruns() const noexcept { return server_overruns_; }
    const Overruns& device_overruns() const noexcept { return device_overruns_; }

  private:
    /// Pumps until `time` at least once.
    void pass(VirtualClock::time_point time);
    /// Waits for what the held event brings.  \return  whether it came by `until`.
    bool wait_for_held(VirtualClock::time_point until);
    static void note(Overruns& overruns, WallClock::duration late);

    FleetClock& times_;
    double time_scale_;
    Received received_;
    std::function<void(WallClock::duration)> pump_;
    std::optional<PacedClock> clock_;  // once the pace has begun
    std::optional<FleetEvent> held_;   // computed, and not told yet
    FleetEvent told_;
    VirtualClock::time_point last_{};                // told, or recalled at
    std::map<TaskId, VirtualClock::duration> slip_;  // by which a task's events are late
    double paced_s_ = 0;
    Overruns server_overruns_;
    Overruns device_overruns_;
};

}  // namespace mobi
