// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "fleet/virtual_fleet.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// What a method's costs depend on beside the plan.
struct MethodSettings {
    CostParameters cost;
    PacketParameters packet;
    std::int32_t max_tokens = 128;
    double server_rate_flop_per_s = 5e12;
    FleetClockParameters fleet;
    double deadline_s = 0;    ///< the server waits for no packet that arrives later; 0: for all
    double enough_share = 1;  ///< nor for more than this share of the packets
};

/// One way of learning from a fleet.  It says what travels, when and at what cost; the timeline,
/// the trainer and the record are the same for all.
///
/// A new method is one pair of files and one line in registry.cpp.
class Method {
  public:
    virtual ~Method() = default;

    /// Its `method.name`.
    virtual std::string_view name() const = 0;

    /// What reaches the server from the admitted devices, and when.
    /// A function of plan and settings alone: no forward pass is needed for it.
    virtual Deliveries deliveries(const FleetPlan& plan, const MethodSettings& settings) const = 0;

    /// Whether deliveries are uploads over the devices' links, logged and charged as such.
    virtual bool uploads() const = 0;

    /// Whether every device fetches θ and its P when training has ended.
    virtual bool downloads() const = 0;

    /// Whether the server trains only when everything is there, whatever `server.mode` says.
    virtual bool trains_after_all() const = 0;

    /// Precision of the taps that reach the server.
    virtual Precision tap_precision(const PacketParameters& packet) const = 0;
};

}  // namespace mobi
