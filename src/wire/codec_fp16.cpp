// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "wire/codec_table.hpp"

// Done with integer operations and one addition, not with F16C: that keeps the loops vectorisable
// on any host and independent of its flush-to-zero mode.

namespace mobi::internal {
namespace {

constexpr std::uint32_t kFirstClamped =
    std::bit_cast<std::uint32_t>(65520.0F);  // would be infinite
constexpr std::uint32_t kFirstNormal = std::bit_cast<std::uint32_t>(0x1p-14F);
constexpr std::uint16_t kLargest = 0x7bff;     // 65504
constexpr std::uint32_t kRebias = 112U << 23;  // the exponents' biases are 127 and 15

/// \param magnitude  the bits of |h|, h finite
std::uint32_t half_of_magnitude(std::uint32_t magnitude) {
    // subnormal: 0.5 has its unit at 2^-24, that of a subnormal half, so the addition rounds there
    constexpr float half = 0.5F;
    const std::uint32_t subnormal =
        std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + half) -
        std::bit_cast<std::uint32_t>(half);
    // normal: 13 bits of mantissa go; adding just under half of a unit, and one if odd, rounds
    const std::uint32_t odd = (magnitude >> 13) & 1U;
    const std::uint32_t normal = (magnitude - kRebias + 0xfffU + odd) >> 13;
    const std::uint32_t rounded = magnitude < kFirstNormal ? subnormal : normal;
    return magnitude >= kFirstClamped ? kLargest : rounded;
}

float float_of_half(std::uint32_t code) {
    const std::uint32_t magnitude = (code & 0x7fffU) << 13;
    const float normal = std::bit_cast<float>(magnitude + kRebias);
    // subnormal: give it the implicit one of 2^-14 and take that away again
    const float subnormal = std::bit_cast<float>(magnitude + kFirstNormal) - 0x1p-14F;
    const float value = (code & 0x7c00U) == 0 ? subnormal : normal;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | (code & 0x8000U) << 16);
}

std::size_t bytes_of(std::size_t width) {
    return 2 * width;
}

std::size_t encode(std::span<const float> rows,
                   std::size_t /*width*/,
                   std::span<std::byte> codes,
                   std::span<float> /*scales*/) {
    const float* __restrict from = rows.data();
    std::byte* __restrict to = codes.data();
    std::size_t clamped = 0;
    for (std::size_t start = 0; start < rows.size(); start += 1U << 20) {
        const std::size_t stop = std::min(rows.size(), start + (1U << 20));
        std::uint32_t here = 0;  // as wide as the values, so that the loop is vectorised
        for (std::size_t i = start; i < stop; ++i) {
            const auto bits = std::bit_cast<std::uint32_t>(from[i]);
            const std::uint32_t magnitude = bits & 0x7fffffffU;
            here += magnitude >= kFirstClamped ? 1U : 0U;
            const auto code =
                static_cast<std::uint16_t>(half_of_magnitude(magnitude) | (bits >> 16 & 0x8000U));
            std::memcpy(to + 2 * i, &code, 2);
        }
        clamped += here;
    }
    return clamped;
}

void decode(std::span<const std::byte> codes,
            std::span<const float> /*scales*/,
            std::size_t /*width*/,
            std::span<float> rows) {
    const std::byte* __restrict from = codes.data();
    float* __restrict to = rows.data();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        std::uint16_t code = 0;
        std::memcpy(&code, from + 2 * i, 2);
        to[i] = float_of_half(code);
    }
}

bool valid(std::span<const std::byte> codes,
           std::span<const float> /*scales*/,
           std::size_t /*width*/) {
    std::uint16_t largest = 0;
    for (std::size_t i = 0; i < codes.size(); i += 2) {
        std::uint16_t code = 0;
        std::memcpy(&code, &codes[i], 2);
        largest = std::max(largest, static_cast<std::uint16_t>(code & 0x7fffU));
    }
    return largest <= kLargest;
}

}  // namespace

const Codec kCodecFp16{false, bytes_of, encode, decode, valid};

}  // namespace mobi::internal
