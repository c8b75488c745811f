// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "method/side/side_method.hpp"

namespace mobi {

/// Fed MobiLLM (arXiv 2508.06765): every device passes its shard through its frozen backbone once,
/// packet after packet, and uploads taps and residual while it computes the next packet; nothing is
/// downloaded until training has ended.  Times: docs/design.md 5; costs: docs/method.md 1.8.
class FedMobillm final : public SideMethod {
  public:
    explicit FedMobillm(const SideSettings& settings = {}) : SideMethod(settings) {}

    std::string_view name() const override { return "fed_mobillm"; }
    Deliveries settle(const FleetPlan& plan) const override;
    std::vector<std::int64_t> download_bytes(const FleetPlan& plan) const override;
    std::unique_ptr<Protocol> protocol(const FleetPlan& plan) const override;
};

}  // namespace mobi
