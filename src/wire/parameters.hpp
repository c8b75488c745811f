// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/precision.hpp"

namespace mobi {

enum class PlanRule { AverageInterval, First, Last, Random };

/// Section `[plan]`: which layers are tapped (docs/method.md 1.2).
struct PlanParameters {
    PlanRule rule = PlanRule::AverageInterval;
    int layers = 0;          ///< 0 = B, as many as the shallowest backbone has
    bool embedding = false;  ///< tap layer 0 too
};

/// Which vector of a layer's output is tapped.
enum class Pivot { Auto, First, Last, Mean };

/// Section `[packet]`: what one upload holds (docs/method.md 1.3).
struct PacketParameters {
    Precision dtype = Precision::Fp32;
    Pivot pivot = Pivot::Auto;
    int samples = 8;
    bool labels = false;  ///< send labels too, and charge them
    bool charge_header = true;
};

}  // namespace mobi
