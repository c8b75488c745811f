// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mobi {

/// What is to be predicted of n samples: a class, or a number (regression).
struct Truth {
    std::int32_t classes = 0;          ///< C; 1: regression
    std::vector<std::int32_t> labels;  ///< (n) below C; regression: all 0
    std::vector<float> targets;        ///< (n) regression only, else empty

    bool regression() const noexcept { return classes == 1; }
    /// n
    std::size_t size() const noexcept { return labels.size(); }
    bool empty() const noexcept { return labels.empty(); }
};

}  // namespace mobi
