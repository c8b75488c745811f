// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "method/fleet_plan.hpp"
#include "method/method_settings.hpp"

namespace mobi {

/// Counts the packets before they take memory.
/// \throws ConfigError  when `device.epochs` is above 100 and makes more than a million packets.
void refuse_too_many_packets(const FleetPlan& plan);

/// The samples of a device's packet.  \param number  counts on from pass to pass.
std::span<const std::int32_t> samples_of(const FleetPlan& plan,
                                         const DevicePlan& device,
                                         std::int32_t number);

/// Packet `number` of an admitted device, with samples, tokens and FLOPs, but without times.  A
/// shard is cut at `packet.samples`; with `device.epochs` = E it is passed E times and the packets
/// are counted on.
/// \param number  below plan.packets_of(device).
Delivery cut_packet(const FleetPlan& plan,
                    const DevicePlan& device,
                    std::int32_t number,
                    const MethodSettings& settings);

/// All packets of the admitted devices, in order of (device, number).
/// \throws ConfigError  as refuse_too_many_packets() does.
std::vector<Delivery> cut_into_packets(const FleetPlan& plan, const MethodSettings& settings);

}  // namespace mobi
