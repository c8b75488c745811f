// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/truth.hpp"

namespace mobi {

/// Consecutive samples of evaluation data.
struct EvaluationPart {
    std::int64_t first = 0;
    std::int64_t count = 0;
};

/// What evaluation needs of the validation and the test set: computed once, kept by the server in
/// fp32.
struct EvaluationData {
    struct Backbone {
        std::vector<float> taps;    ///< (taps, n, d)
        std::vector<float> output;  ///< o, (n, C)
        std::int32_t width = 0;     ///< d; 0: no admitted device carries the backbone

        bool is_there() const noexcept { return width > 0; }
    };
    std::vector<Backbone> backbones;
    Truth truth;
    std::int64_t validation = 0;  ///< so many samples, the first, are for validation (`data.split`)

    bool is_split() const noexcept { return validation > 0; }
    /// What is scored while training goes on: without a validation set, the test set.
    EvaluationPart curve_part() const {
        return {0, is_split() ? validation : static_cast<std::int64_t>(truth.size())};
    }
    EvaluationPart test_part() const {
        return {validation, static_cast<std::int64_t>(truth.size()) - validation};
    }
};

}  // namespace mobi
