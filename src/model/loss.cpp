// SPDX-License-Identifier: Apache-2.0
#include "model/loss.hpp"

#include <torch/torch.h>

#include "core/check.hpp"

namespace mobi {

at::Tensor side_loss(LossKind kind,
                     const at::Tensor& side_output,
                     const at::Tensor& residual,
                     const at::Tensor& labels) {
    const at::Tensor error = side_output + residual;
    switch (kind) {
        case LossKind::MseResidual:
            return 0.5 * error.square().sum(1).mean();
        case LossKind::HuberResidual:
            return torch::huber_loss(error, torch::zeros_like(error), at::Reduction::None, 1.0)
                .sum(1)
                .mean();
        case LossKind::CeWithLabel: {
            MOBI_CHECK(labels.defined(), "ce_with_label without labels");
            const at::Tensor truth = torch::one_hot(labels, error.size(1)).to(error.dtype());
            return torch::cross_entropy_loss(error + truth, labels);
        }
    }
    throw Bug("unknown loss kind");
}

}  // namespace mobi
