// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/rng.hpp"
#include "method/side/inbox.hpp"

namespace mobi {

/// What the rows of a batch were mixed with.
struct Mixture {
    std::vector<std::int32_t> partner;  ///< row; its own: not mixed
    std::vector<float> share;           ///< of the row itself
};

/// Replaces each sample of a batch by a mix of it and another one of its part, so that the side
/// network sees more points than the devices have samples (Zhang et al., "mixup", arXiv 1710.09412;
/// of hidden states: Verma et al., "Manifold mixup", arXiv 1806.05236).
///
///     h_i <- λ_i h_i + (1 - λ_i) h_π(i)      all taps; Δy and y likewise
///     λ_i = max(λ, 1 - λ), λ ~ Beta(a, a)    so that sample i keeps the larger share
///
/// π is a random permutation of the part's rows: samples mix only where they share a projection,
/// that is a backbone type.  A part of one row stays as it is.
///
/// \param batch   labels, where there are any, become float (b, C).
/// \param a       > 0.
/// \param stream  of this update alone (`Purpose::Mixup`).
Mixture mix_samples(TrainingBatch& batch, double a, RandomStream& stream);

}  // namespace mobi
