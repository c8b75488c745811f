// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "core/precision.hpp"

// Taps in wire precision (docs/method.md 1.3).  Codes of one vector of width d, little-endian:
//
//   precision  bytes           code of h
//   fp32       4 d             h
//   fp16       2 d             IEEE half, half to even, clamped to +-65504
//   bf16       2 d             upper half of the fp32 bits, half to even, clamped to +-3.39e38
//   int8       d               round(h / s), half to even, two's complement in -127..127
//   int4       ceil(d / 2)     the same in -7..7; even index in the low nibble; the last high
//   nibble
//                              of an odd d is 0
//
// int8 and int4 have one fp32 scale a vector, s = max|h| / 127 or / 7, in float arithmetic.  Where
// that is 0 (the zero vector, or one whose largest magnitude is below 1e-43), s = 0 and all codes
// are 0.  Decoded: code * s.

namespace mobi {

/// True for the precisions that send a scale with each vector: int8 and int4.
bool has_scale(Precision precision);

/// Bytes of the codes of one vector, without its scale.
std::size_t vector_bytes(Precision precision, std::size_t width);

/// Encodes vectors that lie one after another.
///
/// \param rows    float32 (vectors, width)
/// \param codes   exactly vectors * vector_bytes() bytes; any alignment; not overlapping `rows`
/// \param scales  (vectors) for int8 and int4, else empty
/// \return  how many values were clamped: those that would have rounded to infinity, |h| >= 65520
///          in fp16, |h| > 3.39e38 in bf16, none elsewhere.
/// \throws DataError  when a value is not finite: no codec has a code for it, and one would spoil
///                    the shared side network.
/// \throws Bug        when the sizes do not fit together.
/// Cost: one core of a Zen 4 encodes 9 (fp32), 2.7 (fp16), 5.4 (bf16), 3.3 (int8, int4) GB/s of
/// fp32 input, SSE2 only, from the cache (tests/benchmark/codec_benchmark.cpp).  Thread-safe.
std::size_t encode_vectors(Precision precision,
                           std::span<const float> rows,
                           std::size_t width,
                           std::span<std::byte> codes,
                           std::span<float> scales);

/// The inverse of encode_vectors(), up to the rounding of the precision.
///
/// \param rows  (vectors, width), overwritten
/// \throws Bug  when the sizes do not fit together.  Codes are not checked here: codes_are_valid().
void decode_vectors(Precision precision,
                    std::span<const std::byte> codes,
                    std::span<const float> scales,
                    std::size_t width,
                    std::span<float> rows);

/// True when encode_vectors() could have produced these codes and scales: floating-point codes are
/// finite; integer codes are in range, unused nibbles 0, scales finite and not negative, and all
/// codes of a vector 0 where its scale is 0.
/// \throws Bug  when the sizes do not fit together.
bool codes_are_valid(Precision precision,
                     std::span<const std::byte> codes,
                     std::span<const float> scales,
                     std::size_t width);

}  // namespace mobi
