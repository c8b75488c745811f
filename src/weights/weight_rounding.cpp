// SPDX-License-Identifier: Apache-2.0
#include "weights/weight_rounding.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <ATen/ATen.h>

#include "core/check.hpp"

namespace mobi {
namespace {

constexpr double kLargestHalf = 65504;

void round_group(std::span<const float> source, std::span<float> target, float largest_code) {
    float largest = 0;
    for (const float value : source) largest = std::max(largest, std::abs(value));
    const float scale = largest / largest_code;
    if (!(scale > 0)) {
        std::fill(target.begin(), target.end(), 0.0F);
        return;
    }
    for (std::size_t i = 0; i < source.size(); ++i) {
        const float code = std::nearbyint(source[i] / scale);
        target[i] = std::clamp(code, -largest_code, largest_code) * scale;
    }
}

at::Tensor round_codes(const at::Tensor& weight, std::size_t group, float largest_code) {
    at::Tensor rounded = at::empty_like(weight);
    const auto columns = static_cast<std::size_t>(weight.size(1));
    const auto rows = static_cast<std::size_t>(weight.size(0));
    const std::span<const float> source(weight.data_ptr<float>(), rows * columns);
    const std::span<float> target(rounded.data_ptr<float>(), rows * columns);
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t first = 0; first < columns; first += group) {
            const std::size_t count = std::min(group, columns - first);
            round_group(source.subspan(row * columns + first, count),
                        target.subspan(row * columns + first, count), largest_code);
        }
    return rounded;
}

}  // namespace

at::Tensor round_vector(const at::Tensor& values, Precision precision) {
    switch (precision) {
        case Precision::Fp32:
            return values;
        case Precision::Bf16:
            return values.to(at::kBFloat16).to(at::kFloat);
        case Precision::Fp16:
        case Precision::Int8:
        case Precision::Int4:
            return values.clamp(-kLargestHalf, kLargestHalf).to(at::kHalf).to(at::kFloat);
    }
    return values;
}

at::Tensor round_matrix(const at::Tensor& weight, Precision precision) {
    MOBI_CHECK(weight.dim() == 2 && weight.is_contiguous() && weight.scalar_type() == at::kFloat,
               "a matrix to round is a contiguous float32 matrix");
    if (precision == Precision::Int8)
        return round_codes(weight,
                           std::max<std::size_t>(1, static_cast<std::size_t>(weight.size(1))), 127);
    if (precision == Precision::Int4) return round_codes(weight, kInt4Group, 7);
    return round_vector(weight, precision);
}

}  // namespace mobi
