// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "model/prepared_weights.hpp"

namespace mobi {

/// Weights for studies of cost, as an untrained model has them: matrices N(0, 0.02), norm weights
/// 1, biases 0.  A tensor is a pure function of seed and name.
class RandomWeights : public WeightReader {
  public:
    explicit RandomWeights(std::uint64_t seed) : seed_(seed) {}

    at::Tensor weight(std::string_view name, const std::vector<std::int64_t>& shape) const override;
    std::string fingerprint() const override;

  private:
    std::uint64_t seed_;
};

}  // namespace mobi
