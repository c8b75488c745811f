// SPDX-License-Identifier: Apache-2.0
#include "model/relative_bias.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "core/check.hpp"

namespace mobi {
namespace {

constexpr float kFarthest = 128;  // not in config.json: transformers hard-codes it
constexpr std::size_t kReadBeyond = 16;

}  // namespace

std::int32_t relative_bucket(std::int32_t relative_position, std::int32_t buckets) {
    MOBI_CHECK(buckets % 4 == 0, "{} buckets", buckets);
    const std::int32_t per_sign = buckets / 2;
    const std::int32_t exact = per_sign / 2;
    const std::int32_t sign_offset = relative_position > 0 ? per_sign : 0;
    const std::int32_t distance = std::abs(relative_position);
    if (distance < exact) return sign_offset + distance;
    // in float, as the reference: the exact powers of two must fall on the same side
    const auto nearest = static_cast<float>(exact);
    const float share = std::log(static_cast<float>(distance) / nearest) /
                        static_cast<float>(std::log(double{kFarthest} / double{nearest}));
    const auto step = static_cast<std::int32_t>(share * static_cast<float>(per_sign - exact));
    return sign_offset + std::min(exact + step, per_sign - 1);
}

RelativeBias::RelativeBias(const at::Tensor& table, std::int32_t max_tokens) {
    MOBI_CHECK(table.dim() == 2 && table.is_contiguous() && max_tokens > 0,
               "a bias table is (buckets, heads)");
    const auto buckets = static_cast<std::int32_t>(table.size(0));
    const auto heads = static_cast<std::size_t>(table.size(1));
    const float* source = table.data_ptr<float>();
    reach_ = static_cast<std::size_t>(max_tokens) - 1;
    stride_ = 2 * reach_ + 1 + kReadBeyond;
    values_.assign(heads * stride_, 0.0F);
    for (std::size_t i = 0; i <= 2 * reach_; ++i) {
        const auto distance = static_cast<std::int32_t>(i) - static_cast<std::int32_t>(reach_);
        const auto bucket = static_cast<std::size_t>(relative_bucket(distance, buckets));
        for (std::size_t head = 0; head < heads; ++head)
            values_[head * stride_ + i] = source[bucket * heads + head];
    }
}

}  // namespace mobi
