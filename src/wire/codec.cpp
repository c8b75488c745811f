// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.hpp"

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "wire/codec_table.hpp"
#include "wire/vector_scale.hpp"

namespace mobi {
namespace {

const internal::Codec& codec_of(Precision precision) {
    switch (precision) {
        case Precision::Fp32:
            return internal::kCodecFp32;
        case Precision::Fp16:
            return internal::kCodecFp16;
        case Precision::Bf16:
            return internal::kCodecBf16;
        case Precision::Int8:
            return internal::kCodecInt8;
        case Precision::Int4:
            return internal::kCodecInt4;
    }
    throw Bug(fmt::format("no codec for precision {}", static_cast<int>(precision)));
}

/// Checks that `codes` and `scales` hold the same whole number of vectors, and returns it.
std::size_t count_vectors(const internal::Codec& codec,
                          std::size_t code_bytes,
                          std::size_t scales,
                          std::size_t width) {
    MOBI_CHECK(width > 0, "vectors without values");
    const std::size_t bytes = codec.vector_bytes(width);
    const std::size_t vectors = code_bytes / bytes;
    MOBI_CHECK(vectors * bytes == code_bytes, "{} bytes of codes for vectors of {} bytes",
               code_bytes, bytes);
    MOBI_CHECK(scales == (codec.has_scales ? vectors : 0), "{} scales for {} vectors", scales,
               vectors);
    return vectors;
}

}  // namespace

bool has_scale(Precision precision) {
    return codec_of(precision).has_scales;
}

std::size_t vector_bytes(Precision precision, std::size_t width) {
    return codec_of(precision).vector_bytes(width);
}

std::size_t encode_vectors(Precision precision,
                           std::span<const float> rows,
                           std::size_t width,
                           std::span<std::byte> codes,
                           std::span<float> scales) {
    const internal::Codec& codec = codec_of(precision);
    const std::size_t vectors = count_vectors(codec, codes.size(), scales.size(), width);
    MOBI_CHECK(rows.size() == vectors * width, "{} values for {} vectors of width {}", rows.size(),
               vectors, width);
    if (internal::largest_magnitude_bits(rows) < internal::kInfinityBits)
        return codec.encode(rows, width, codes, scales);
    std::size_t vector = 0;
    while (internal::largest_magnitude_bits(rows.subspan(vector * width, width)) <
           internal::kInfinityBits)
        ++vector;
    throw DataError(
        fmt::format("tap vector {} of {} holds a value that is not finite: the backbone's forward "
                    "pass overflowed, or its weights are damaged",
                    vector, vectors));
}

void decode_vectors(Precision precision,
                    std::span<const std::byte> codes,
                    std::span<const float> scales,
                    std::size_t width,
                    std::span<float> rows) {
    const internal::Codec& codec = codec_of(precision);
    const std::size_t vectors = count_vectors(codec, codes.size(), scales.size(), width);
    MOBI_CHECK(rows.size() == vectors * width, "{} values for {} vectors of width {}", rows.size(),
               vectors, width);
    codec.decode(codes, scales, width, rows);
}

bool codes_are_valid(Precision precision,
                     std::span<const std::byte> codes,
                     std::span<const float> scales,
                     std::size_t width) {
    const internal::Codec& codec = codec_of(precision);
    count_vectors(codec, codes.size(), scales.size(), width);
    return codec.valid(codes, scales, width);
}

}  // namespace mobi
