// SPDX-License-Identifier: Apache-2.0
#pragma once

// Vectors of 16 floats and what is done with them; part of body.hpp.  They are the
// compiler's vector extension; where the hardware has shorter vectors, the compiler splits them.

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"

namespace mobi::kernels::MOBI_KERNELS_NAMESPACE {
namespace {

constexpr std::size_t kLanes = 16;
typedef float Floats __attribute__((vector_size(64)));
typedef std::int32_t Ints __attribute__((vector_size(64)));
typedef std::uint32_t Words __attribute__((vector_size(64)));
typedef std::uint16_t Halves __attribute__((vector_size(32)));

#define MOBI_INLINE [[gnu::always_inline]] inline

constexpr std::size_t round_up(std::size_t count) {
    return (count + kLanes - 1) / kLanes * kLanes;
}

MOBI_INLINE Floats splat(float value) {
    return value - Floats{};
}

MOBI_INLINE Floats load(const float* source) {
    Floats value;
    __builtin_memcpy(&value, source, sizeof(value));
    return value;
}

MOBI_INLINE Floats load(const Bf16* source) {
    Halves halves;
    __builtin_memcpy(&halves, source, sizeof(halves));
    return reinterpret_cast<Floats>(__builtin_convertvector(halves, Words) << 16);
}

MOBI_INLINE void store(float* target, Floats value) {
    __builtin_memcpy(target, &value, sizeof(value));
}

/// To the nearest bfloat16, ties to even.
MOBI_INLINE void store(Bf16* target, Floats value) {
    Words bits = reinterpret_cast<Words>(value);
    bits += 0x7fff + ((bits >> 16) & 1);
    const Halves halves = __builtin_convertvector(bits >> 16, Halves);
    __builtin_memcpy(target, &halves, sizeof(halves));
}

/// The first `count` < 16 numbers; the other lanes are zero.
template <typename T>
MOBI_INLINE Floats load_some(const T* source, std::size_t count) {
    T padded[kLanes] = {};
    for (std::size_t i = 0; i < count; ++i) padded[i] = source[i];
    return load(padded);
}

template <typename T>
MOBI_INLINE void store_some(T* target, Floats value, std::size_t count) {
    T padded[kLanes];
    store(padded, value);
    for (std::size_t i = 0; i < count; ++i) target[i] = padded[i];
}

/// Lane i is true where i < count.
MOBI_INLINE Ints first_lanes(std::size_t count) {
    constexpr Ints kIndex = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return kIndex < static_cast<std::int32_t>(count);
}

typedef float EightFloats __attribute__((vector_size(32)));
typedef float FourFloats __attribute__((vector_size(16)));

/// Σ or maximum over the lanes, in a fixed order: halves are joined until one lane is left.
template <typename Join>
MOBI_INLINE float join_lanes(Floats value, Join join) {
    const EightFloats eight =
        join(__builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7),
             __builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15));
    const FourFloats four = join(__builtin_shufflevector(eight, eight, 0, 1, 2, 3),
                                 __builtin_shufflevector(eight, eight, 4, 5, 6, 7));
    const FourFloats two = join(four, __builtin_shufflevector(four, four, 2, 3, 0, 1));
    const FourFloats one = join(two, __builtin_shufflevector(two, two, 1, 0, 3, 2));
    return one[0];
}

MOBI_INLINE float sum(Floats value) {
    return join_lanes(value, [](auto a, auto b) { return a + b; });
}

MOBI_INLINE float largest(Floats value) {
    return join_lanes(value, [](auto a, auto b) { return a > b ? a : b; });
}

/// Calls `body(column, count)` for whole vectors, then once for what is left of `width`.
template <typename Whole, typename Rest>
MOBI_INLINE void for_columns(std::size_t width, Whole whole, Rest rest) {
    std::size_t c = 0;
    for (; c + kLanes <= width; c += kLanes) whole(c);
    if (c < width) rest(c, width - c);
}

/// e^x for x <= 0, relative error 2e-7; 0 below -87.  Polynomial of the Cephes library (expf).
MOBI_INLINE Floats exp_negative(Floats x) {
    constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
    const Floats clamped = x > -87.0F ? x : splat(-87.0F);
    const Floats n = (clamped * 1.44269504088896341F + kRound) - kRound;
    Floats r = clamped - n * 0.693359375F;
    r = r + n * 2.12194440e-4F;
    Floats p = splat(1.9875691500e-4F);
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    const Floats y = p * (r * r) + r + 1.0F;
    const Ints exponent = (__builtin_convertvector(n, Ints) + 127) << 23;
    const Floats result = y * reinterpret_cast<Floats>(exponent);
    return x > -87.0F ? result : splat(0.0F);
}

/// x (1 + erf(x / sqrt 2)) / 2, error below 3e-7 or a rounding of x.
///
/// erf is the rational approximation of Eigen (generic_fast_erf), with the factors 1/sqrt 2 and 1/2
/// folded into its coefficients; its argument is clamped to +-4, where erf is 1 to 1.5e-8.
MOBI_INLINE Floats gelu(Floats x) {
    constexpr float kClamp = 5.65685425F;  // 4 sqrt 2
    Floats v = x < kClamp ? x : splat(kClamp);
    v = v > -kClamp ? v : splat(-kClamp);
    const Floats t = v * v;
    Floats p = splat(-1.505995060e-12F);
    p = p * t + 3.061199413e-10F;
    p = p * t + -4.642651039e-08F;
    p = p * t + -2.515756171e-06F;
    p = p * t + -6.496460735e-05F;
    p = p * t + -5.223043901e-04F;
    p = p * t + -5.690807158e-03F;
    Floats q = splat(-9.103794904e-07F);
    q = q * t + -2.667175691e-05F;
    q = q * t + -4.207067436e-04F;
    q = q * t + -3.686664584e-03F;
    q = q * t + -1.426473905e-02F;
    // far below zero x would multiply what erf lacks to -1; far above, a rounding of x is no error
    return x > -kClamp ? x * (0.5F + v * p / q) : splat(0.0F);
}

/// 1 / (1 + e^-x), relative error 3e-7 where it is not tiny; e is taken of -|x| only.
MOBI_INLINE Floats sigmoid(Floats x) {
    const Ints negative = x < 0.0F;
    const Floats e = exp_negative(negative ? x : -x);
    return (negative ? e : splat(1.0F)) / (1.0F + e);
}

/// x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2 = x sigmoid(2 √(2/π) (x + 0.044715 x³)).
MOBI_INLINE Floats gelu_tanh(Floats x) {
    constexpr float kTwiceRoot = 1.5957691216F;  // 2 √(2/π)
    return x * sigmoid(kTwiceRoot * (x + 0.044715F * x * x * x));
}

}  // namespace
}  // namespace mobi::kernels::MOBI_KERNELS_NAMESPACE
