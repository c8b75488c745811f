// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "method/fleet_plan.hpp"
#include "method/method_settings.hpp"

namespace mobi {

/// The packets of the admitted devices in device order, with samples, tokens and FLOPs, but without
/// times.  A shard is cut at `packet.samples`; with `device.epochs` = E it is passed E times and
/// the packets are counted on. \throws ConfigError  when E is above 100 and makes more than a
/// million packets.
std::vector<Delivery> cut_into_packets(const FleetPlan& plan, const MethodSettings& settings);

}  // namespace mobi
