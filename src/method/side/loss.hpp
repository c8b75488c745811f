// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "method/side/parameters.hpp"

namespace mobi {

/// The class that a residual gives away: where Δy = o - y with 0 <= o <= 1 and y one-hot, the only
/// negative entry is the label's.  No byte is sent for it; who holds the residual holds the label.
///
/// Exact for `residual.output = softmax | zero`, save where o_y itself rounds to 1 in fp32.
/// Meaningless for logits and for regression, which configuration refuses.
/// \param residual  Δy, float (b, C).
/// \return          int64 (b), the place of each row's least entry.
at::Tensor residual_labels(const at::Tensor& residual);

/// The loss of docs/method.md 1.5, summed over the C classes, mean over the samples.
///
///     mse_residual     ½ |f_s + Δy|²
///     huber_residual   Huber of f_s + Δy, δ = 1
///     ce_residual      cross-entropy of f_s + Δy + y + A, which are the logits o + f_s + A
///     ce_with_label    the same, with y from the packet instead of the residual
///
/// \param side_output  f_s, float (b, C).
/// \param residual     Δy = o - y, float (b, C).
/// \param labels       y of the cross-entropies: int64 (b), class indices, or float (b, C), each
///                     row a share of every class (mixup).  Undefined: `ce_residual` reads it off
///                     the residual.
/// \param adjustment   A, float (b, C), a constant (method/side/class_counts.hpp); undefined: 0.
/// The
///                     errors of mse and huber have no logits and ignore it.
/// \return             scalar.
at::Tensor side_loss(LossKind kind,
                     const at::Tensor& side_output,
                     const at::Tensor& residual,
                     const at::Tensor& labels,
                     const at::Tensor& adjustment = {});

}  // namespace mobi
