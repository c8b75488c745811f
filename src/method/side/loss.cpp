// SPDX-License-Identifier: Apache-2.0
#include "method/side/loss.hpp"

#include <torch/torch.h>

#include "core/check.hpp"

namespace mobi {
namespace {

at::Tensor cross_entropy(const at::Tensor& error,
                         const at::Tensor& labels,
                         const at::Tensor& adjustment) {
    MOBI_CHECK(labels.defined(), "cross-entropy without labels");
    const at::Tensor truth =
        labels.dim() == 1 ? torch::one_hot(labels, error.size(1)).to(error.dtype()) : labels;
    at::Tensor logits = error + truth;
    if (adjustment.defined()) logits = logits + adjustment;
    return torch::cross_entropy_loss(logits, labels);  // takes indices or shares, as `labels` does
}

}  // namespace

at::Tensor residual_labels(const at::Tensor& residual) {
    return residual.argmin(1);
}

at::Tensor side_loss(LossKind kind,
                     const at::Tensor& side_output,
                     const at::Tensor& residual,
                     const at::Tensor& labels,
                     const at::Tensor& adjustment) {
    const at::Tensor error = side_output + residual;
    switch (kind) {
        case LossKind::MseResidual:
            return 0.5 * error.square().sum(1).mean();
        case LossKind::HuberResidual:
            return torch::huber_loss(error, torch::zeros_like(error), at::Reduction::None, 1.0)
                .sum(1)
                .mean();
        case LossKind::CeResidual:
            return cross_entropy(error, labels.defined() ? labels : residual_labels(residual),
                                 adjustment);
        case LossKind::CeWithLabel:
            return cross_entropy(error, labels, adjustment);
    }
    throw Bug("unknown loss kind");
}

}  // namespace mobi
