// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mobi {

/// What evaluation needs of the test set: computed once, kept by the server in fp32.
struct EvaluationData {
    struct Backbone {
        std::vector<float> taps;    ///< (taps, n, d)
        std::vector<float> output;  ///< o, (n, C)
        std::int32_t width = 0;     ///< d; 0: no admitted device carries the backbone

        bool is_there() const noexcept { return width > 0; }
    };
    std::vector<Backbone> backbones;
    std::vector<std::int32_t> labels;  ///< n class indices
    std::vector<float> targets;        ///< n numbers, regression only
    std::int32_t classes = 0;          ///< C; 1 = regression

    bool regression() const noexcept { return classes == 1; }
    /// n
    std::size_t samples() const noexcept { return regression() ? targets.size() : labels.size(); }
};

}  // namespace mobi
