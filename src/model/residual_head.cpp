// SPDX-License-Identifier: Apache-2.0
#include "model/residual_head.hpp"

#include <cmath>

#include <torch/torch.h>

#include "core/rng.hpp"

namespace mobi {

ResidualHead::ResidualHead(const ResidualParameters& parameters,
                           std::int32_t width,
                           std::int32_t classes,
                           std::string_view backbone,
                           std::uint64_t seed)
    : parameters_(parameters),
      classes_(classes),
      weight_(torch::empty({classes, width}, torch::kFloat32)) {
    RandomStream stream(seed, Purpose::ResidualHead, text_key(backbone));
    const double bound = 1 / std::sqrt(width);
    float* const numbers = weight_.data_ptr<float>();
    for (std::int64_t i = 0; i < weight_.numel(); ++i)
        numbers[i] = static_cast<float>(bound * (2 * stream.uniform() - 1));
}

at::Tensor ResidualHead::output(const at::Tensor& state) const {
    if (parameters_.output == ResidualOutput::Zero || parameters_.head == ResidualHeadKind::None)
        return torch::zeros({state.size(0), classes_}, torch::kFloat32);
    const at::Tensor logits = torch::linear(state, weight_);
    if (parameters_.output == ResidualOutput::Logits || classes_ == 1) return logits;
    return torch::softmax(logits, 1);
}

}  // namespace mobi
