// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_network.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <torch/torch.h>

#include "core/check.hpp"
#include "core/rng.hpp"

namespace mobi {
namespace {

constexpr double kNormEps = 1e-5;

/// P = 3 I for `align.start = identity`.  LN(u) undoes the scale, but Adam's steps have the size of
/// the learning rate whatever that of the weight: in a matrix three times as large they turn the
/// output a third as far, which keeps the backbone's features until the ladder has learned.
constexpr float kIdentityScale = 3;

}  // namespace

std::int32_t auto_side_width(std::vector<std::int32_t> widths) {
    MOBI_CHECK(!widths.empty(), "no backbone, no width");
    const auto middle = widths.begin() + static_cast<std::ptrdiff_t>(widths.size() / 2);
    std::nth_element(widths.begin(), middle, widths.end());
    return *middle;
}

std::int64_t shared_parameters(const SideShape& shape, const SideParameters& side) {
    const std::int64_t m = shape.width;
    const std::int64_t r = side.bottleneck;
    const std::int64_t gate = side.gate == SideGate::Learned ? 1 : 0;
    const std::int64_t norms = side.ln_affine ? 2 * m * (shape.blocks + 1) : 0;
    return shape.blocks * (2 * m * r + r + m + gate) + shape.classes * m + shape.classes + norms;
}

std::int64_t projection_parameters(const SideShape& shape,
                                   std::int32_t source,
                                   const AlignParameters& align) {
    if (!shape.projected) return 0;
    const std::int64_t m = shape.width;
    const std::int64_t d = shape.sources.at(static_cast<std::size_t>(source)).width;
    const std::int64_t maps = align.projection == ProjectionScope::Type ? 1 : shape.taps();
    return maps * (m * d + m);
}

double side_update_flop(const SideShape& shape, const SideParameters& side, std::int32_t source) {
    const double m = shape.width;
    const double d = shape.sources.at(static_cast<std::size_t>(source)).width;
    const double ladder = 6 * (2 * shape.blocks * m * side.bottleneck + shape.classes * m);
    return ladder + (shape.projected ? 4 * shape.taps() * m * d : 0);
}

SideNetwork::SideNetwork(SideShape shape,
                         const SideParameters& side,
                         const AlignParameters& align,
                         std::uint64_t seed)
    : shape_(std::move(shape)), side_(side), align_(align), seed_(seed) {
    const std::int64_t m = shape_.width;
    const std::int64_t r = side_.bottleneck;
    const std::int64_t classes = shape_.classes;
    const double out_bound = side_.zero_init ? 0 : 1;  // times 1/sqrt(columns)
    for (std::int32_t b = 1; b <= shape_.blocks; ++b) {
        if (side_.gate == SideGate::Learned) add(fmt::format("alpha.{}", b), {1}, 0, 0);
        add_norm(fmt::format("LN.{}", b));
        add(fmt::format("W_dn.{}", b), {r, m}, 1 / std::sqrt(m), 0);
        add(fmt::format("b_dn.{}", b), {r}, 0, 0);
        add(fmt::format("W_up.{}", b), {m, r}, out_bound / std::sqrt(r), 0);
        add(fmt::format("b_up.{}", b), {m}, 0, 0);
    }
    add_norm("LN.o");
    add("W_o", {classes, m}, out_bound / std::sqrt(m), 0);
    add("b_o", {classes}, 0, 0);
    if (!shape_.projected) return;
    for (std::int32_t source = 0; source < static_cast<std::int32_t>(shape_.sources.size());
         ++source) {
        const std::int64_t d = shape_.sources[static_cast<std::size_t>(source)].width;
        const std::int32_t maps = align_.projection == ProjectionScope::Type ? 1 : shape_.taps();
        for (std::int32_t tap = 0; tap < maps; ++tap) {
            const std::string name = projection_name("P", source, tap);
            add(name, {m, d}, 1 / std::sqrt(d), 0);
            if (align_.start == ProjectionStart::Identity && d == m)
                set(name, kIdentityScale * torch::eye(m));
            add(projection_name("c", source, tap), {m}, 0, 0);
        }
    }
}

void SideNetwork::add(const std::string& name,
                      std::vector<std::int64_t> shape,
                      double bound,
                      double fill) {
    at::Tensor value = torch::full(shape, fill, torch::kFloat32);
    if (bound > 0) {
        RandomStream stream(seed_, Purpose::SideNetwork, text_key(name));
        float* const numbers = value.data_ptr<float>();
        for (std::int64_t i = 0; i < value.numel(); ++i)
            numbers[i] = static_cast<float>(bound * (2 * stream.uniform() - 1));
    }
    value.requires_grad_(true);
    index_[name] = parameters_.size();
    parameters_.emplace_back(name, std::move(value));
}

void SideNetwork::add_norm(const std::string& name) {
    if (!side_.ln_affine) return;
    add(name + ".weight", {shape_.width}, 0, 1);
    add(name + ".bias", {shape_.width}, 0, 0);
}

std::string SideNetwork::projection_name(const std::string& letter,
                                         std::int32_t source,
                                         std::int32_t tap) const {
    const std::string& kind = shape_.sources[static_cast<std::size_t>(source)].name;
    if (align_.projection == ProjectionScope::Type) return fmt::format("{}.{}", letter, kind);
    return fmt::format("{}.{}.{}", letter, kind, tap + (shape_.embedding ? 0 : 1));
}

const at::Tensor& SideNetwork::get(const std::string& name) const {
    return parameters_[index_.at(name)].second;
}

void SideNetwork::set(const std::string& name, const at::Tensor& value) {
    const auto found = index_.find(name);
    MOBI_CHECK(found != index_.end(), "no tensor {} in the side network", name);
    at::Tensor& parameter = parameters_[found->second].second;
    MOBI_CHECK(parameter.sizes() == value.sizes(), "tensor {} has another shape", name);
    const torch::NoGradGuard no_grad;
    parameter.copy_(value);
}

at::Tensor SideNetwork::align_tap(std::span<const SideInput> parts, std::int32_t tap) const {
    std::vector<at::Tensor> aligned;
    aligned.reserve(parts.size());
    for (const SideInput& part : parts) {
        const at::Tensor h = part.taps.select(0, tap);
        aligned.push_back(shape_.projected
                              ? torch::linear(h, get(projection_name("P", part.source, tap)),
                                              get(projection_name("c", part.source, tap)))
                              : h);
    }
    return aligned.size() == 1 ? aligned.front() : torch::cat(aligned);
}

at::Tensor SideNetwork::norm(const at::Tensor& x, const std::string& name) const {
    const at::Tensor weight = side_.ln_affine ? get(name + ".weight") : at::Tensor();
    const at::Tensor bias = side_.ln_affine ? get(name + ".bias") : at::Tensor();
    return torch::layer_norm(x, {shape_.width}, weight, bias, kNormEps);
}

at::Tensor SideNetwork::gate(std::int32_t block) const {
    return torch::sigmoid(get(fmt::format("alpha.{}", block)) / side_.gate_temperature);
}

at::Tensor SideNetwork::forward(std::span<const SideInput> parts) const {
    MOBI_CHECK(!parts.empty(), "an empty batch");
    std::int32_t tap = 0;
    at::Tensor state;  // undefined stands for s_0 = 0
    if (shape_.embedding) state = align_tap(parts, tap++);
    for (std::int32_t b = 1; b <= shape_.blocks; ++b) {
        const at::Tensor z = align_tap(parts, tap++);
        at::Tensor u;
        if (side_.gate == SideGate::None) {
            u = state.defined() ? state + z : z;
        } else {
            const at::Tensor mu = side_.gate == SideGate::Learned
                                      ? gate(b)
                                      : torch::full({1}, 0.5, z.options().requires_grad(false));
            u = (1 - mu) * z;
            if (state.defined()) u = mu * state + u;
        }
        at::Tensor hidden =
            torch::linear(norm(u, fmt::format("LN.{}", b)), get(fmt::format("W_dn.{}", b)),
                          get(fmt::format("b_dn.{}", b)));
        hidden =
            side_.activation == SideActivation::Relu ? torch::relu(hidden) : torch::gelu(hidden);
        state = u + torch::linear(hidden, get(fmt::format("W_up.{}", b)),
                                  get(fmt::format("b_up.{}", b)));
    }
    return torch::linear(norm(state, "LN.o"), get("W_o"), get("b_o"));
}

std::vector<float> SideNetwork::gates() const {
    std::vector<float> values;
    if (side_.gate != SideGate::Learned) return values;
    const torch::NoGradGuard no_grad;
    for (std::int32_t b = 1; b <= shape_.blocks; ++b) values.push_back(gate(b).item<float>());
    return values;
}

}  // namespace mobi
