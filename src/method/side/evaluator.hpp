// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/archive.hpp"
#include "data/score.hpp"
#include "method/evaluation_data.hpp"
#include "method/side/parameters.hpp"
#include "method/side/side_network.hpp"

namespace mobi {

/// A score and the mean loss it came with.
struct EvaluationScore {
    Score score;
    double loss = 0;

    void archive(Archive& archive) { archive(score, loss); }
};

/// Predicts a part of the data as o + f_s (docs/method.md 1.8) and scores it.  Not pre-empted, no
/// gradient.
/// \param source  projections to pass.
EvaluationScore evaluate(const SideNetwork& network,
                         const EvaluationData& data,
                         std::int32_t backbone,
                         std::int32_t source,
                         LossKind loss,
                         EvaluationPart part);

}  // namespace mobi
