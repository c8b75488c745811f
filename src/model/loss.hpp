// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "model/parameters.hpp"

namespace mobi {

/// The loss of METHODS.md 1.5, summed over the C classes, mean over the samples.
///
///     mse_residual     ½ |f_s + Δy|²
///     huber_residual   Huber of f_s + Δy, δ = 1
///     ce_with_label    cross-entropy of f_s + Δy + onehot(y), which are the logits o + f_s
///
/// \param side_output  f_s, float (b, C).
/// \param residual     Δy = o - y, float (b, C).
/// \param labels       int64 (b), class indices; read by `ce_with_label` alone.
/// \return             scalar.
at::Tensor side_loss(LossKind kind,
                     const at::Tensor& side_output,
                     const at::Tensor& residual,
                     const at::Tensor& labels);

}  // namespace mobi
