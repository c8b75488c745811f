// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "core/precision.hpp"

namespace mobi {

/// Numbers that share one scale in int4 weights: common 4-bit formats use 32 to 128.
inline constexpr int kInt4Group = 64;

/// Rounds a matrix to what a device with weights of this precision holds, and gives back the
/// values as fp32.
///
/// fp16, bf16: to the nearest, ties to even; fp16 clamps to its largest number.
/// int8: symmetric, one scale a row (output channel), s = max|w| / 127.
/// int4: symmetric, one scale for kInt4Group consecutive numbers of a row, s = max|w| / 7.
/// Codes are round(w / s), half to even; a row or group of zeros stays zero.
///
/// \param weight  float32 (rows, columns), contiguous; not modified.
/// \return        float32 (rows, columns); `weight` itself for fp32.
at::Tensor round_matrix(const at::Tensor& weight, Precision precision);

/// The same for biases, norms and small tables, which int8 and int4 models keep in fp16.
at::Tensor round_vector(const at::Tensor& values, Precision precision);

}  // namespace mobi
