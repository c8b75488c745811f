// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "weights/prepared_weights.hpp"

namespace mobi {

/// Weights for studies of cost, of the spread that an untrained model has: matrices uniform with
/// mean 0 and standard deviation 0.02, norm weights 1, biases 0.  A row of a tensor is a pure
/// function of seed, name and row.  Uniform, because a billion normal draws take a minute.
class RandomWeights : public WeightReader {
  public:
    explicit RandomWeights(std::uint64_t seed) : seed_(seed) {}

    at::Tensor rows(const TensorSource& source,
                    std::int64_t first,
                    std::int64_t count) const override;
    std::optional<std::vector<std::int64_t>> shape(std::string_view) const override {
        return std::nullopt;  // nothing beyond what a plan asks for
    }
    std::string fingerprint() const override;

  private:
    std::uint64_t seed_;
};

}  // namespace mobi
