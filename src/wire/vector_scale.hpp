// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mobi::internal {

/// The bits of the largest magnitude in `values`, 0 when there is none.  As integers magnitudes
/// sort like the numbers they are, with infinity and NaN on top, so that one pass finds the maximum
/// and tells whether all values are finite.
std::uint32_t largest_magnitude_bits(std::span<const float> values);

constexpr std::uint32_t kInfinityBits = 0x7f800000;

/// max|h| / `limit` in float arithmetic (docs/method.md 1.3, limit = 2^(q-1) - 1).  One unit less
/// where limit * scale would overflow, which only the largest floats reach: decoded values are
/// finite.
/// \pre all of `vector` is finite
float vector_scale(std::span<const float> vector, float limit);

/// True for a scale that vector_scale() can return.
bool scale_is_valid(float scale, float limit);

/// round(value / scale), half to even, clamped to +-limit.  The clamp acts only where `scale` is
/// subnormal and so too coarse to be max|h| / limit.
/// \pre scale > 0, |value / scale| < 2^22, the default rounding mode
inline std::int32_t quantise(float value, float scale, std::int32_t limit) {
    // 1.5 * 2^23: the sum has no room for a fraction, so the addition itself rounds
    constexpr float shift = 12582912.0F;
    const float shifted = value / scale + shift;
    const std::int32_t code =
        std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(shift);
    const std::int32_t low = code < -limit ? -limit : code;
    return low > limit ? limit : low;
}

}  // namespace mobi::internal
