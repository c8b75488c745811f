// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "core/precision.hpp"

namespace mobi::internal {

/// One wire precision.  Sizes were checked and `rows` are finite when these are called; arguments
/// and results are those of the functions in codec.hpp.  A new precision is a `codec_<name>.cpp`
/// that defines one of these and a line in codec.cpp.
struct Codec {
    bool has_scales;
    std::size_t (*vector_bytes)(std::size_t width);
    std::size_t (*encode)(std::span<const float> rows,
                          std::size_t width,
                          std::span<std::byte> codes,
                          std::span<float> scales);
    void (*decode)(std::span<const std::byte> codes,
                   std::span<const float> scales,
                   std::size_t width,
                   std::span<float> rows);
    bool (*valid)(std::span<const std::byte> codes,
                  std::span<const float> scales,
                  std::size_t width);
};

extern const Codec kCodecFp32;
extern const Codec kCodecFp16;
extern const Codec kCodecBf16;
extern const Codec kCodecInt8;
extern const Codec kCodecInt4;

}  // namespace mobi::internal
