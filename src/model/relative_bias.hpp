// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

namespace mobi {

/// The bucket of a relative position `key - query`, as transformers' MPNet and T5 (bidirectional,
/// distance 128): half of the buckets for each sign, of these half one distance each, the rest
/// growing logarithmically, the last for all that is farther.
/// \param buckets  a multiple of 4.
std::int32_t relative_bucket(std::int32_t relative_position, std::int32_t buckets);

/// A bias on attention scores by distance, spread out so that a query's biases are consecutive.
class RelativeBias {
  public:
    /// No bias.
    RelativeBias() = default;

    /// \param table  float32 (buckets, heads).
    RelativeBias(const at::Tensor& table, std::int32_t max_tokens);

    /// Of head 0, distance 0: element [key - query]; null without a bias.  16 floats more than the
    /// largest distance may be read.
    const float* centre() const noexcept {
        return values_.empty() ? nullptr : values_.data() + reach_;
    }
    /// Numbers from head to head.
    std::size_t stride() const noexcept { return stride_; }

  private:
    std::vector<float> values_;
    std::size_t reach_ = 0;
    std::size_t stride_ = 0;
};

}  // namespace mobi
