// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "device/profile.hpp"
#include "fleet/virtual_fleet.hpp"
#include "wire/parameters.hpp"

namespace mobi {

/// What a method's times and costs depend on beside the plan.
struct MethodSettings {
    CostParameters cost;
    PacketParameters packet;
    std::int32_t max_tokens = 128;
    double server_rate_flop_per_s = 5e12;
    FleetClockParameters fleet;
    double deadline_s = 0;    ///< the server waits for no packet that arrives later; 0: for all
    double enough_share = 1;  ///< nor for more than this share of the packets
};

}  // namespace mobi
