// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/archive.hpp"

namespace mobi {

/// How well predictions match the truth.
struct Score {
    double metric = 0;  ///< accuracy in percent; regression: Pearson correlation x 100
    double f1 = 0;      ///< percent: two classes F1 of class 1, else macro F1; regression: NaN
    std::vector<std::int32_t> confusion;  ///< C x C, row = truth, column = prediction; else empty

    void archive(Archive& archive) { archive(metric, f1, confusion); }
};

/// Scores classes of [0, classes).
///
/// F1 of a class = 2 TP / (2 TP + FP + FN), 0 where that is 0 / 0; macro = mean over the classes
/// that occur in truth or prediction. \pre truth and predicted have one size > 0; classes >= 2
Score score_classes(std::span<const std::int32_t> truth,
                    std::span<const std::int32_t> predicted,
                    int classes);

/// Scores numbers by their Pearson correlation; NaN when either side is constant.
/// \pre truth and predicted have one size > 0
Score score_regression(std::span<const float> truth, std::span<const float> predicted);

}  // namespace mobi
