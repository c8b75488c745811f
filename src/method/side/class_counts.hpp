// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace mobi {

/// How many samples of each class have arrived from each backbone type, and the logit adjustment
/// that follows (`loss.logit_adjustment = type`).
///
/// With label skew and few devices a type, each type meets class frequencies of its own and learns
/// to favour its frequent classes.  Adding the logarithm of its frequencies to the logits while
/// training, and not when predicting, takes that preference away (Menon et al., "Long-tail learning
/// via logit adjustment", arXiv 2007.07314; Ren et al., "Balanced meta-softmax", arXiv 2007.10740).
/// Ours is relative to the frequencies of all types together, which stay as they are:
///
///     a_c  = Σ_k n_kc / Σ_k N_k                    N_k = Σ_c n_kc
///     p_kc = (n_kc + C a_c) / (N_k + C)            pulled towards a by C samples
///     A_kc = log((p_kc + 1e-6) / (a_c + 1e-6))     0 for types of equal frequencies
class ClassCounts {
  public:
    ClassCounts(std::int32_t backbones, std::int32_t classes);

    /// One more sample of class `label` from a device of `backbone`.
    void add(std::int32_t backbone, std::int32_t label);

    /// A, float32 (backbones, C); zeros before the first sample.
    const at::Tensor& adjustment();

  private:
    std::int32_t backbones_;
    std::int32_t classes_;
    std::vector<std::int64_t> counts_;  // n, (backbones, C)
    at::Tensor adjustment_;             // undefined: a sample has been added since
};

}  // namespace mobi
