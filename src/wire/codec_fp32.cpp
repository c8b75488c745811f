// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "wire/codec_table.hpp"
#include "wire/vector_scale.hpp"

namespace mobi::internal {
namespace {

std::size_t bytes_of(std::size_t width) {
    return 4 * width;
}

std::size_t encode(std::span<const float> rows,
                   std::size_t /*width*/,
                   std::span<std::byte> codes,
                   std::span<float> /*scales*/) {
    if (!rows.empty()) std::memcpy(codes.data(), rows.data(), codes.size());
    return 0;
}

void decode(std::span<const std::byte> codes,
            std::span<const float> /*scales*/,
            std::size_t /*width*/,
            std::span<float> rows) {
    if (!rows.empty()) std::memcpy(rows.data(), codes.data(), codes.size());
}

bool valid(std::span<const std::byte> codes,
           std::span<const float> /*scales*/,
           std::size_t /*width*/) {
    std::int32_t largest = 0;
    for (std::size_t i = 0; i < codes.size(); i += 4) {
        std::int32_t bits = 0;
        std::memcpy(&bits, &codes[i], 4);
        largest = std::max(largest, bits & 0x7fffffff);
    }
    return static_cast<std::uint32_t>(largest) < kInfinityBits;
}

}  // namespace

const Codec kCodecFp32{false, bytes_of, encode, decode, valid};

}  // namespace mobi::internal
