// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "learn/parameters.hpp"
#include "method/method_settings.hpp"
#include "method/server_parameters.hpp"
#include "method/side/parameters.hpp"

namespace mobi {

/// What the methods that train a side network are a function of, beside the plan.
struct SideSettings {
    std::uint64_t seed = 1;
    MethodSettings method;
    ServerParameters server;
    SideParameters side;
    AlignParameters align;
    LossParameters loss;
    OptimizerParameters optimizer;
    EvalParameters eval;
    /// Evaluates copies of the network when training has ended, so that it costs no time meanwhile
    /// (wall clock: an evaluation takes no virtual time).  Not where evaluations end it.
    bool evaluate_later = false;
};

/// Whether the loss takes out the class frequencies of backbone types.  A network of one device has
/// one type, whose adjustment is 0.
constexpr bool adjusts_logits(const SideSettings& settings) noexcept {
    return settings.loss.logit_adjustment != LogitAdjustment::None &&
           settings.server.mode != ServerMode::PerDevice && is_cross_entropy(settings.loss.kind);
}

}  // namespace mobi
