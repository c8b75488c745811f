// SPDX-License-Identifier: Apache-2.0
#include "model/random_weights.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/rng.hpp"

namespace mobi {
namespace {

constexpr double kStandardDeviation = 0.02;

/// FNV-1a: the stream's index.
std::uint64_t name_index(std::string_view name) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char letter : name)
        hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
    return hash;
}

}  // namespace

at::Tensor RandomWeights::weight(std::string_view name,
                                 const std::vector<std::int64_t>& shape) const {
    if (shape.size() == 1)
        return name.ends_with(".weight") ? at::ones(shape, at::kFloat)
                                         : at::zeros(shape, at::kFloat);
    at::Tensor values = at::empty(shape, at::kFloat);
    RandomStream stream(seed_, Purpose::RandomWeights, name_index(name));
    float* target = values.data_ptr<float>();
    for (std::int64_t i = 0; i < values.numel(); ++i)
        target[i] = static_cast<float>(kStandardDeviation * stream.normal());
    return values;
}

std::string RandomWeights::fingerprint() const {
    return fmt::format("random, seed {}", seed_);
}

}  // namespace mobi
