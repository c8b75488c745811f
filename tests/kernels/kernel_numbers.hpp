// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <vector>

#include <c10/util/BFloat16.h>

#include "core/rng.hpp"
#include "kernels/kernels.hpp"

namespace mobi::test {

using kernels::Bf16;

/// A number as a kernel stores it, and back.
template <typename T>
T stored(float value) {
    if constexpr (std::is_same_v<T, Bf16>)
        return c10::BFloat16(value).x;
    else
        return value;
}
inline double wide(float value) {
    return value;
}
inline double wide(Bf16 value) {
    return double{static_cast<float>(c10::BFloat16(value, c10::BFloat16::from_bits()))};
}

/// Normal numbers as T.
template <typename T>
std::vector<T> normal_numbers(RandomStream& random, std::size_t count, double scale = 1) {
    std::vector<T> values(count);
    for (T& value : values) value = stored<T>(static_cast<float>(scale * random.normal()));
    return values;
}

/// What stands where nothing may be read: it spoils every sum that it gets into.
template <typename T>
T poison() {
    return stored<T>(std::numeric_limits<float>::quiet_NaN());
}

/// How far a result may be from the exact one: `error` of fp32, and half a step of T.
template <typename T>
double allowed(double exact, double error) {
    return error + (std::is_same_v<T, Bf16> ? std::ldexp(std::abs(exact), -8) : 0);
}

/// The kernels of a set for numbers of type T.
template <typename T>
const kernels::KernelSet<T>& kernels_of(const kernels::InstructionSet& set) {
    if constexpr (std::is_same_v<T, Bf16>)
        return *set.half;
    else
        return *set.single;
}

/// Calls `body(T{})` for both types.
template <typename Body>
void for_types(Body body) {
    body(float{});
    body(Bf16{});
}

}  // namespace mobi::test
