// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "method/method.hpp"

namespace mobi {

/// Fed MobiLLM (arXiv 2508.06765): every device passes its shard through its frozen backbone once,
/// packet after packet, and uploads taps and residual while it computes the next packet; nothing is
/// downloaded until training has ended.  Times: docs/design.md 5; costs: docs/method.md 1.8.
class FedMobillm : public Method {
  public:
    std::string_view name() const override { return "fed_mobillm"; }
    Deliveries deliveries(const FleetPlan& plan, const MethodSettings& settings) const override;
    bool uploads() const override { return true; }
    bool downloads() const override { return true; }
    bool trains_after_all() const override { return false; }
    Precision tap_precision(const PacketParameters& packet) const override { return packet.dtype; }
};

/// The packets of the admitted devices in device order, with samples, tokens and FLOPs, but without
/// times: what both methods of this kind begin with.  A shard is cut at `packet.samples`; with
/// `device.epochs` = E it is passed E times and the packets are counted on.
/// \throws ConfigError  when E is above 100 and makes more than a million packets.
std::vector<Delivery> cut_into_packets(const FleetPlan& plan, const MethodSettings& settings);

}  // namespace mobi
