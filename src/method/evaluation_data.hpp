// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/truth.hpp"

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
    Truth truth;
};

}  // namespace mobi
