// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fleet/virtual_fleet.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

struct Downloads {
    std::vector<Download> arrived;  ///< in order of devices
    std::vector<LostWork> lost;     ///< attempts that were cut off, packet -1
    std::int32_t missing = 0;       ///< devices that never come back for it
};

/// The downloads that every admitted device begins at `ready`, when training has ended.  A device
/// whose battery was empty before has left; over a link with `duplex = half` an upload that is
/// under way, and that the server no longer waits for, goes on to its end first.
///
/// \param bytes  of each device of the plan.
Downloads downloads_at(VirtualClock::time_point ready,
                       const FleetPlan& plan,
                       std::span<const std::int64_t> bytes,
                       const Leftovers& leftovers,
                       const FleetClockParameters& parameters);

}  // namespace mobi
