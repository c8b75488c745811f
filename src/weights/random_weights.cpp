// SPDX-License-Identifier: Apache-2.0
#include "weights/random_weights.hpp"

#include <numbers>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/rng.hpp"

namespace mobi {
namespace {

constexpr double kStandardDeviation = 0.02;

}  // namespace

at::Tensor RandomWeights::rows(const TensorSource& source,
                               std::int64_t first,
                               std::int64_t count) const {
    if (source.shape.size() == 1)
        return source.name.ends_with(".weight") ? at::ones({count}, at::kFloat)
                                                : at::zeros({count}, at::kFloat);
    const std::int64_t columns = source.shape[1];
    at::Tensor values = at::empty({count, columns}, at::kFloat);
    float* target = values.data_ptr<float>();
    // u32 -> [-1, 1) times the half width of a uniform distribution with that deviation
    constexpr auto kHalfWidth = static_cast<float>(kStandardDeviation * std::numbers::sqrt3);
    constexpr float kUnit = 1.0F / 2147483648.0F;
    for (std::int64_t row = first; row < first + count; ++row) {
        RandomStream stream(seed_, Purpose::RandomWeights, text_key(source.name),
                            static_cast<std::uint32_t>(row));
        for (std::int64_t c = 0; c < columns; ++c)
            *target++ = kHalfWidth * (static_cast<float>(stream.next_u32()) * kUnit - 1.0F);
    }
    return values;
}

std::string RandomWeights::fingerprint() const {
    return fmt::format("random, seed {}", seed_);
}

}  // namespace mobi
