// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "method/side/side_method.hpp"

namespace mobi {

/// Centralised side-tuning, the upper bound of docs/method.md 1.7 and 3: the server has the union
/// of the admitted devices' data, passes each sample through the backbone of the device that would
/// have had it, keeps the taps in fp32 and trains on them alone.
///
/// No device computes, nothing travels.  The server's forward passes take Σ F / `server.rate` of
/// virtual time before the first update; fp32 taps are its own, so `packet.dtype` has no effect.
class CentralSide final : public SideMethod {
  public:
    explicit CentralSide(const SideSettings& settings = {}) : SideMethod(settings) {}

    std::string_view name() const override { return "central_side"; }
    Deliveries settle(const FleetPlan& plan) const override;
    bool uploads() const override { return false; }
    Precision tap_precision(const PacketParameters& /*packet*/) const override {
        return Precision::Fp32;
    }
    std::unique_ptr<Protocol> protocol(const FleetPlan& plan) const override;
};

}  // namespace mobi
