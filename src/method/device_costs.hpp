// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "method/fleet_plan.hpp"

namespace mobi {

/// What one device spent until its last packet arrived.
///
///     compute + send - both + wait + off = done
struct DeviceCosts {
    std::int32_t device = 0;
    std::int64_t tokens = 0;       ///< real ones, of the packets that arrived
    double flop = 0;               ///< charged, of the same
    std::int64_t tap_bytes = 0;    ///< of the same
    std::int64_t scale_bytes = 0;  ///< of quantised taps
    std::int64_t residual_bytes = 0;
    std::int64_t label_bytes = 0;
    std::int64_t header_bytes = 0;    ///< where they are charged
    std::int64_t update_bytes = 0;    ///< of what is no packet of taps: weights, gradients, scalars
    std::int64_t down_bytes = 0;      ///< fetched during training, repeats included
    std::int64_t repeated_bytes = 0;  ///< what the link lost and carried again
    std::int64_t vain_bytes = 0;      ///< of transfers that were cut off
    VirtualClock::duration compute{};  ///< attempts that were cut off included
    VirtualClock::duration send{};     ///< likewise; radio waking up included
    VirtualClock::duration both{};     ///< of these, at the same time
    VirtualClock::duration wait{};     ///< on, but neither computing nor sending
    VirtualClock::duration receive{};  ///< receiving, whatever else it did at the time
    VirtualClock::duration off{};      ///< not there
    VirtualClock::duration done{};     ///< arrival of its last packet
    double compute_j = kUnknown;       ///< NaN where the profile has no figure
    double send_j = kUnknown;
    double receive_j = kUnknown;
    double wait_j = kUnknown;
};

/// The costs of every device of which a packet arrived, in the order of the devices.
/// \param arrived  any order, none null; their times may be measured ones (wall clock).
/// \param fetched  during training.
/// \param seed     of the run: of the devices' presence.
std::vector<DeviceCosts> device_costs(const FleetPlan& plan,
                                      std::span<const Delivery* const> arrived,
                                      std::span<const LostWork> lost,
                                      std::span<const Download> fetched,
                                      std::uint64_t seed);

}  // namespace mobi
