// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

#include "wire/codec_table.hpp"

namespace mobi::internal {
namespace {

constexpr std::uint32_t kFirstClamped = 0x7f7f8000;  // half a unit above the largest bf16
constexpr std::uint16_t kLargest = 0x7f7f;

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
            const std::uint32_t rounded = (magnitude + 0x7fffU + (magnitude >> 16 & 1U)) >> 16;
            const std::uint32_t kept = magnitude >= kFirstClamped ? kLargest : rounded;
            const auto code = static_cast<std::uint16_t>(kept | (bits >> 16 & 0x8000U));
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
        to[i] = std::bit_cast<float>(static_cast<std::uint32_t>(code) << 16);
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

const Codec kCodecBf16{false, bytes_of, encode, decode, valid};

}  // namespace mobi::internal
