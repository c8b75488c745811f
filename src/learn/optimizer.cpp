// SPDX-License-Identifier: Apache-2.0
#include "learn/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <torch/torch.h>

#include "learn/archive_tensors.hpp"
#include "learn/numeric_error.hpp"

namespace mobi {
namespace {

std::vector<at::Tensor> without_names(const NamedTensors& named) {
    std::vector<at::Tensor> tensors;
    for (const auto& [name, tensor] : named) tensors.push_back(tensor);
    return tensors;
}

std::vector<double> norms_of(const std::vector<at::Tensor>& tensors, OptimizerCalls calls) {
    std::vector<double> norms;
    if (calls == OptimizerCalls::PerTensor) {
        for (const at::Tensor& tensor : tensors) norms.push_back(tensor.norm().item<double>());
    } else if (!tensors.empty()) {
        const at::Tensor all = at::stack(at::_foreach_norm(tensors)).to(at::kCPU, at::kDouble);
        norms.assign(all.data_ptr<double>(), all.data_ptr<double>() + all.numel());
    }
    return norms;
}

double joint_norm(const std::vector<at::Tensor>& gradients, OptimizerCalls calls) {
    double squares = 0;
    for (const double norm : norms_of(gradients, calls)) squares += norm * norm;
    return std::sqrt(squares);
}

void scale(std::vector<at::Tensor>& tensors, double factor, OptimizerCalls calls) {
    if (calls == OptimizerCalls::Foreach) return at::_foreach_mul_(tensors, factor);
    for (at::Tensor& tensor : tensors) tensor.mul_(factor);
}

/// LibTorch names an optimiser's state by the address of the tensor: as text in 1.13, as it is
/// since.
template <typename Key>
Key key_of(const at::Tensor& tensor) {
    if constexpr (std::is_same_v<Key, std::string>)
        return c10::guts::to_string(tensor.unsafeGetTensorImpl());
    else
        return tensor.unsafeGetTensorImpl();
}

std::unique_ptr<torch::optim::AdamWParamState> new_state(const at::Tensor& tensor) {
    auto state = std::make_unique<torch::optim::AdamWParamState>();
    state->exp_avg(torch::zeros_like(tensor)).exp_avg_sq(torch::zeros_like(tensor));
    return state;
}

/// AdamW::step() with calls that take all tensors that have a gradient: the same operations.
void step_foreach(torch::optim::AdamW& adamw, const NamedTensors& tensors) {
    auto& states = adamw.state();
    using Key = std::decay_t<decltype(states.begin()->first)>;
    const auto& options =
        static_cast<const torch::optim::AdamWOptions&>(adamw.param_groups().front().options());
    const auto [beta1, beta2] = options.betas();
    std::vector<at::Tensor> weights, gradients, first, second;
    std::vector<at::Scalar> roots, sizes;
    for (const auto& [name, tensor] : tensors) {
        if (!tensor.grad().defined()) continue;
        auto& kept = states[key_of<Key>(tensor)];
        if (kept == nullptr) kept = new_state(tensor);
        auto& state = static_cast<torch::optim::AdamWParamState&>(*kept);
        state.step(state.step() + 1);
        const auto steps = static_cast<double>(state.step());
        weights.push_back(tensor);
        gradients.push_back(tensor.grad());
        first.push_back(state.exp_avg());
        second.push_back(state.exp_avg_sq());
        roots.emplace_back(std::sqrt(1 - std::pow(beta2, steps)));
        sizes.emplace_back(-options.lr() / (1 - std::pow(beta1, steps)));
    }
    if (weights.empty()) return;
    const torch::NoGradGuard no_grad;
    if (options.weight_decay() != 0)
        at::_foreach_mul_(weights, 1 - options.lr() * options.weight_decay());
    at::_foreach_mul_(first, beta1);
    at::_foreach_add_(first, gradients, 1 - beta1);
    at::_foreach_mul_(second, beta2);
    at::_foreach_addcmul_(second, gradients, gradients, 1 - beta2);
    std::vector<at::Tensor> size = at::_foreach_sqrt(second);
    at::_foreach_div_(size, roots);
    at::_foreach_add_(size, options.eps());
    at::_foreach_addcdiv_(weights, first, size, sizes);
}

}  // namespace

double schedule_factor(const OptimizerParameters& parameters, std::int64_t t, std::int64_t total) {
    const double updates = static_cast<double>(total);
    const double warm = std::max(1.0, std::ceil(parameters.warmup * updates));
    const double now = static_cast<double>(t);
    const double rise = std::min(1.0, (now + 1) / warm);
    if (parameters.schedule == Schedule::Constant || updates <= warm) return rise;
    return std::min(rise, (updates - now) / (updates - warm));
}

struct Optimizer::State {
    torch::optim::AdamW adamw;
};

Optimizer::Optimizer(NamedTensors tensors,
                     const OptimizerParameters& parameters,
                     std::int64_t total)
    : state_(std::make_unique<State>(
          State{torch::optim::AdamW(without_names(tensors),
                                    torch::optim::AdamWOptions(parameters.lr)
                                        .betas({0.9, 0.999})
                                        .eps(1e-8)
                                        .weight_decay(parameters.weight_decay))})),
      tensors_(std::move(tensors)),
      parameters_(parameters),
      total_(total) {}

Optimizer::~Optimizer() = default;

Optimizer::Step Optimizer::step(const at::Tensor& loss, std::int64_t t) {
    // Undefine the gradients ourselves: Optimizer::zero_grad() of LibTorch 1.13 sets them to zero,
    // and AdamW would then decay and move the tensors of absent types.
    for (const auto& [name, tensor] : tensors_) tensor.mutable_grad() = at::Tensor();
    loss.backward();
    std::vector<at::Tensor> gradients;
    for (const auto& [name, tensor] : tensors_)
        if (tensor.grad().defined()) gradients.push_back(tensor.grad());

    Step result;
    result.gradient_norm = joint_norm(gradients, parameters_.calls);
    result.learning_rate = parameters_.lr * schedule_factor(parameters_, t, total_);
    const double value = loss.item<double>();
    result.skipped = !std::isfinite(value) || !std::isfinite(result.gradient_norm);
    if (result.skipped && parameters_.on_nan == OnNan::Stop)
        throw NumericError(
            fmt::format("update {} of {} is not finite (loss {}, norm of the gradient {}): lower "
                        "optimizer.lr ({}), "
                        "or train.on_nan = skip",
                        t + 1, total_, value, result.gradient_norm, parameters_.lr));
    if (result.skipped) return result;
    if (parameters_.clip > 0) {
        const double factor = parameters_.clip / (result.gradient_norm + 1e-6);
        if (factor < 1) scale(gradients, factor, parameters_.calls);
    }
    for (auto& group : state_->adamw.param_groups())
        static_cast<torch::optim::AdamWOptions&>(group.options()).lr(result.learning_rate);
    if (parameters_.calls == OptimizerCalls::Foreach)
        step_foreach(state_->adamw, tensors_);
    else
        state_->adamw.step();
    return result;
}

void Optimizer::archive(Archive& archive) {
    auto& states = state_->adamw.state();
    using Key = std::decay_t<decltype(states.begin()->first)>;
    for (const auto& [name, tensor] : tensors_) {
        const auto key = key_of<Key>(tensor);
        bool touched = states.count(key) > 0;
        archive(touched);
        if (!touched) continue;
        if (archive.reads()) states[key] = new_state(tensor);
        auto& state = static_cast<torch::optim::AdamWParamState&>(*states[key]);
        std::int64_t steps = archive.reads() ? 0 : state.step();
        archive(steps);
        state.step(steps);
        at::Tensor first = state.exp_avg(), second = state.exp_avg_sq();
        archive_tensor(archive, first);
        archive_tensor(archive, second);
    }
}

}  // namespace mobi
