// SPDX-License-Identifier: Apache-2.0
#include "wire/vector_scale.hpp"

#include <algorithm>
#include <cmath>

namespace mobi::internal {

std::uint32_t largest_magnitude_bits(std::span<const float> values) {
    std::int32_t largest = 0;  // signed: SSE2 compares no other integers
    for (const float value : values)
        largest = std::max(largest, std::bit_cast<std::int32_t>(value) & 0x7fffffff);
    return static_cast<std::uint32_t>(largest);
}

float vector_scale(std::span<const float> vector, float limit) {
    const float scale = std::bit_cast<float>(largest_magnitude_bits(vector)) / limit;
    return std::isfinite(scale * limit) ? scale : std::nextafter(scale, 0.0F);
}

bool scale_is_valid(float scale, float limit) {
    return !std::signbit(scale) && std::isfinite(scale * limit);
}

}  // namespace mobi::internal
