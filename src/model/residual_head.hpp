// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include <ATen/core/Tensor.h>

#include "model/parameters.hpp"

namespace mobi {

/// The frozen head that turns a backbone's final state into its output o (METHODS.md 1.3).
///
/// Linear without bias, (C, d), uniform in ±1/sqrt(d), drawn from the run's seed and the backbone's
/// name.  With one output (regression) o is the raw output, because a softmax of one number is 1.
class ResidualHead {
  public:
    ResidualHead(const ResidualParameters& parameters,
                 std::int32_t width,
                 std::int32_t classes,
                 std::string_view backbone,
                 std::uint64_t seed);

    /// \param state  float32 (b, d), the final state at the pivot.
    /// \return       o, float32 (b, C); zeros for `output = zero` or `head = none`.
    at::Tensor output(const at::Tensor& state) const;

  private:
    ResidualParameters parameters_;
    std::int32_t classes_;
    at::Tensor weight_;
};

}  // namespace mobi
