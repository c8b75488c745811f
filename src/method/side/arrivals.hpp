// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "fleet/fleet_clock.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// Tells, arrival by arrival, which ones the server waits for: none after the deadline, and no more
/// than enough.
class Awaited {
  public:
    /// \param deadline_s  0: none.
    /// \param planned     packets of all admitted devices.
    /// \throws ConfigError  when the deadline is more than 200 years away.
    Awaited(double deadline_s, double enough_share, std::int64_t planned);

    /// Whether the next arrival, which is at `time`, is waited for.
    bool next(VirtualClock::time_point time) {
        return time <= deadline_ && enough_ > 0 && enough_-- > 0;
    }

  private:
    VirtualClock::time_point deadline_;
    std::int64_t enough_;
};

/// A packet at the server.
struct Arrival {
    EventId event;
    VirtualClock::time_point at{};
    std::int32_t device = 0;
    std::int32_t packet = 0;                ///< of the device, in all its passes
    std::span<const std::int32_t> samples;  ///< ids; a part of the device's shard
};

/// What arrives of the packets that a fleet was told to send, and is waited for.
class Arrivals {
  public:
    /// \param plan   must outlive this.
    /// \param fleet  all is assigned, and nothing more will be.
    Arrivals(const FleetPlan& plan, FleetClock& fleet, Awaited awaited);

    /// How many will come of each device of the plan.
    const std::vector<std::int64_t>& awaited() const noexcept { return of_device_; }

    /// Arrival number `index`, from 0.  Waits for it.  \return  null: there are no more; valid
    /// until the next call.
    const Arrival* get(FleetClock& fleet, std::int64_t index);

    /// How many have arrived by `time`, which is not in the future.
    std::int64_t count_by(FleetClock& fleet, VirtualClock::time_point time);

  private:
    /// \return  false: nothing has come until then.
    bool take_next(FleetClock& fleet, VirtualClock::time_point until);

    const FleetPlan* plan_;
    std::vector<std::int64_t> of_device_;
    std::int64_t total_ = 0;
    std::vector<Arrival> arrived_;
};

}  // namespace mobi
