// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>

#include "wire/codec_table.hpp"
#include "wire/vector_scale.hpp"

namespace mobi::internal {
namespace {

constexpr std::int32_t kLimit = 127;

std::size_t bytes_of(std::size_t width) {
    return width;
}

std::size_t encode(std::span<const float> rows,
                   std::size_t width,
                   std::span<std::byte> codes,
                   std::span<float> scales) {
    for (std::size_t vector = 0; vector < scales.size(); ++vector) {
        const float* __restrict from = rows.data() + vector * width;
        std::byte* __restrict to = codes.data() + vector * width;
        const float scale = vector_scale({from, width}, kLimit);
        scales[vector] = scale;
        if (scale == 0) {
            std::fill_n(to, width, std::byte{0});
            continue;
        }
        for (std::size_t i = 0; i < width; ++i)
            to[i] = static_cast<std::byte>(quantise(from[i], scale, kLimit));
    }
    return 0;
}

void decode(std::span<const std::byte> codes,
            std::span<const float> scales,
            std::size_t width,
            std::span<float> rows) {
    for (std::size_t vector = 0; vector < scales.size(); ++vector) {
        const std::byte* __restrict from = codes.data() + vector * width;
        float* __restrict to = rows.data() + vector * width;
        const float scale = scales[vector];
        for (std::size_t i = 0; i < width; ++i)
            to[i] = static_cast<float>(static_cast<std::int8_t>(from[i])) * scale;
    }
}

bool valid(std::span<const std::byte> codes, std::span<const float> scales, std::size_t width) {
    for (std::size_t vector = 0; vector < scales.size(); ++vector) {
        int lowest = 0;
        int highest = 0;
        for (const std::byte code : codes.subspan(vector * width, width)) {
            lowest = std::min(lowest, static_cast<int>(static_cast<std::int8_t>(code)));
            highest = std::max(highest, static_cast<int>(static_cast<std::int8_t>(code)));
        }
        if (!scale_is_valid(scales[vector], kLimit) || lowest < -kLimit) return false;
        if (scales[vector] == 0 && (lowest != 0 || highest != 0)) return false;
    }
    return true;
}

}  // namespace

const Codec kCodecInt8{true, bytes_of, encode, decode, valid};

}  // namespace mobi::internal
