// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "fleet/virtual_fleet.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// Fills in when a part's upload took place, what it was charged, and the energies.
/// \param event       the part is done.
/// \param sent_bytes  of the part, before losses.
void set_arrival(const DevicePlan& device,
                 const FleetEvent& event,
                 std::int64_t sent_bytes,
                 Delivery& delivery);

/// What an attempt that was cut off or recalled has wasted.
LostWork lost_by(const FleetEvent& event);

/// The admitted devices that left with an empty battery, and when; in order of devices.
std::vector<std::pair<std::int32_t, VirtualClock::time_point>> emptied_devices(
    const VirtualFleet& fleet, const FleetPlan& plan);

}  // namespace mobi
