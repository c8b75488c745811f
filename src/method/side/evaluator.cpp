// SPDX-License-Identifier: Apache-2.0
#include "method/side/evaluator.hpp"

#include <algorithm>
#include <span>

#include <torch/torch.h>

#include "core/check.hpp"
#include "method/side/loss.hpp"

namespace mobi {
namespace {

constexpr std::int64_t kRows = 512;  // at a time: the widest intermediate stays in the cache

/// The numbers as a tensor, not copied.  \pre  Nobody writes to it.
at::Tensor view_of(const std::vector<float>& values, at::IntArrayRef shape) {
    return at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat);
}

at::Tensor truth_rows(const Truth& truth) {
    const auto n = static_cast<std::int64_t>(truth.size());
    if (truth.regression()) return torch::tensor(truth.targets, torch::kFloat32).reshape({-1, 1});
    at::Tensor labels = torch::empty({n}, torch::kInt64);
    std::copy(truth.labels.begin(), truth.labels.end(), labels.data_ptr<std::int64_t>());
    return torch::one_hot(labels, truth.classes).to(torch::kFloat32);
}

}  // namespace

EvaluationScore evaluate(const SideNetwork& network,
                         const EvaluationData& data,
                         std::int32_t backbone,
                         std::int32_t source,
                         LossKind loss,
                         EvaluationPart part) {
    const torch::NoGradGuard no_grad;
    const auto& inputs = data.backbones.at(static_cast<std::size_t>(backbone));
    MOBI_CHECK(inputs.is_there(), "backbone {} has no evaluation taps", backbone);
    const auto n = static_cast<std::int64_t>(data.truth.size());
    const std::int64_t row = n * inputs.width;
    const at::Tensor taps = view_of(
        inputs.taps,
        {row > 0 ? static_cast<std::int64_t>(inputs.taps.size()) / row : 0, n, inputs.width});
    const at::Tensor outputs = view_of(inputs.output, {n, data.truth.classes});
    const at::Tensor truth = truth_rows(data.truth);
    std::vector<std::int32_t> classes;
    std::vector<float> numbers;
    double loss_sum = 0;
    const std::int64_t end = part.first + part.count;
    for (std::int64_t first = part.first; first < end; first += kRows) {
        const std::int64_t rows = std::min(kRows, end - first);
        const SideInput input{source, taps.narrow(1, first, rows)};
        const at::Tensor side = network.forward(std::span(&input, 1));
        const at::Tensor output = outputs.narrow(0, first, rows);
        const at::Tensor target = truth.narrow(0, first, rows);
        const at::Tensor labels = data.truth.regression() ? at::Tensor() : target.argmax(1);
        loss_sum += side_loss(loss, side, output - target, labels).item<double>() *
                    static_cast<double>(rows);
        const at::Tensor prediction = (output + side).contiguous();
        if (data.truth.regression()) {
            const float* const values = prediction.data_ptr<float>();
            numbers.insert(numbers.end(), values, values + rows);
        } else {
            const at::Tensor best = prediction.argmax(1).to(torch::kInt32).contiguous();
            const auto* const values = best.data_ptr<std::int32_t>();
            classes.insert(classes.end(), values, values + rows);
        }
    }
    EvaluationScore result;
    const auto truths_of = [&](const auto& all) {
        return std::span(all).subspan(static_cast<std::size_t>(part.first),
                                      static_cast<std::size_t>(part.count));
    };
    result.score = data.truth.regression()
                       ? score_regression(truths_of(data.truth.targets), numbers)
                       : score_classes(truths_of(data.truth.labels), classes, data.truth.classes);
    result.loss = part.count > 0 ? loss_sum / static_cast<double>(part.count) : 0;
    return result;
}

}  // namespace mobi
