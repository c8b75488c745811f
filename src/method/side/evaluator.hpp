// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "data/score.hpp"
#include "method/side/parameters.hpp"
#include "method/side/side_network.hpp"

namespace mobi {

/// What evaluation needs of the test set: computed once, kept by the server in fp32.
struct EvaluationData {
    struct Backbone {
        at::Tensor taps;    ///< float32 (taps, n, d)
        at::Tensor output;  ///< o, float32 (n, C)
    };
    std::vector<Backbone> backbones;   ///< undefined tensors: no admitted device carries it
    std::vector<std::int32_t> labels;  ///< n class indices
    std::vector<float> targets;        ///< n numbers, regression only
    std::int32_t classes = 0;          ///< C; 1 = regression

    bool regression() const noexcept { return classes == 1; }
};

/// A score and the mean loss it came with.
struct EvaluationScore {
    Score score;
    double loss = 0;
};

/// Predicts the test set as o + f_s (docs/method.md 1.8) and scores it.  Not pre-empted, no
/// gradient.
/// \param source  projections to pass.
EvaluationScore evaluate(const SideNetwork& network,
                         const EvaluationData& data,
                         std::int32_t backbone,
                         std::int32_t source,
                         LossKind loss);

}  // namespace mobi
