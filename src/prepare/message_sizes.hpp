// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "crew/forward_requests.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// Whether every packet fits one message between ranks (2 GiB), that of the evaluation too.
/// \throws ConfigError  naming packet.samples, or plan.layers, and what fits.
void check_packet_sizes(const FleetPlan& plan);

/// Whether every request for forward passes does: the tokens of a group of devices, once for each
/// of their uploads.
/// \throws ConfigError  naming forward.group_devices and device.epochs.
void check_request_sizes(const FleetPlan& plan,
                         std::span<const Delivery> deliveries,
                         const TokenTable& tokens,
                         std::int32_t group_devices);

}  // namespace mobi
