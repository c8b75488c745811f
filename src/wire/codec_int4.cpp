// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>

#include "wire/codec_table.hpp"
#include "wire/vector_scale.hpp"

namespace mobi::internal {
namespace {

constexpr std::int32_t kLimit = 7;

/// The two's complement number in the low four bits.
int nibble_value(unsigned nibble) {
    return static_cast<int>((nibble & 15U) ^ 8U) - 8;
}

std::size_t bytes_of(std::size_t width) {
    return (width + 1) / 2;
}

std::size_t encode(std::span<const float> rows,
                   std::size_t width,
                   std::span<std::byte> codes,
                   std::span<float> scales) {
    const std::size_t bytes = bytes_of(width);
    for (std::size_t vector = 0; vector < scales.size(); ++vector) {
        const float* __restrict from = rows.data() + vector * width;
        std::byte* __restrict to = codes.data() + vector * bytes;
        const float scale = vector_scale({from, width}, kLimit);
        scales[vector] = scale;
        if (scale == 0) {
            std::fill_n(to, bytes, std::byte{0});
            continue;
        }
        for (std::size_t i = 0; i < width / 2; ++i) {
            const auto low = static_cast<std::uint32_t>(quantise(from[2 * i], scale, kLimit));
            const auto high = static_cast<std::uint32_t>(quantise(from[2 * i + 1], scale, kLimit));
            to[i] = static_cast<std::byte>((low & 15U) | (high & 15U) << 4);
        }
        if (width % 2 == 1)
            to[bytes - 1] = static_cast<std::byte>(quantise(from[width - 1], scale, kLimit) & 15);
    }
    return 0;
}

void decode(std::span<const std::byte> codes,
            std::span<const float> scales,
            std::size_t width,
            std::span<float> rows) {
    const std::size_t bytes = bytes_of(width);
    for (std::size_t vector = 0; vector < scales.size(); ++vector) {
        const std::byte* __restrict from = codes.data() + vector * bytes;
        float* __restrict to = rows.data() + vector * width;
        const float scale = scales[vector];
        for (std::size_t i = 0; i < width / 2; ++i) {
            const auto pair = static_cast<unsigned>(from[i]);
            to[2 * i] = static_cast<float>(nibble_value(pair)) * scale;
            to[2 * i + 1] = static_cast<float>(nibble_value(pair >> 4)) * scale;
        }
        if (width % 2 == 1)
            to[width - 1] =
                static_cast<float>(nibble_value(static_cast<unsigned>(from[bytes - 1]))) * scale;
    }
}

bool valid(std::span<const std::byte> codes, std::span<const float> scales, std::size_t width) {
    const std::size_t bytes = bytes_of(width);
    for (std::size_t vector = 0; vector < scales.size(); ++vector) {
        int lowest = 0;
        bool all_zero = true;
        for (const std::byte pair : codes.subspan(vector * bytes, bytes)) {
            const auto bits = static_cast<unsigned>(pair);
            lowest = std::min({lowest, nibble_value(bits), nibble_value(bits >> 4)});
            all_zero = all_zero && bits == 0;
        }
        if (!scale_is_valid(scales[vector], kLimit) || lowest < -kLimit) return false;
        if (scales[vector] == 0 && !all_zero) return false;
        if (width % 2 == 1 && static_cast<unsigned>(codes[(vector + 1) * bytes - 1]) >> 4 != 0)
            return false;
    }
    return true;
}

}  // namespace

const Codec kCodecInt4{true, bytes_of, encode, decode, valid};

}  // namespace mobi::internal
