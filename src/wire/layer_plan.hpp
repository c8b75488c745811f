// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "wire/parameters.hpp"

namespace mobi {

/// The layers of one backbone whose outputs are sent, one a block (docs/method.md 1.2).
///
/// With L = `plan.layers` (0: L = `blocks`):
/// average_interval floor(b N / L), b = 1..L;  first 1..L;  last N-L+1..N;  random L distinct ones.
/// Example: 24 layers in 12 blocks by average_interval are 2, 4, ..., 24.
///
/// \param backbone_layers  N, at least `blocks`
/// \param blocks           B, the layers of the fleet's shallowest backbone, at least 1
/// \param seed             the run's; only `random` uses it.  Backbones of equal depth draw the
/// same
///                         layers, whatever else the fleet has.
/// \return  layers in increasing order, 1 = output of the first block, N = of the last; 0, the
///          embedding, comes first when `plan.embedding` is set.  So L or L + 1 entries.
/// \throws ConfigError  when `plan.layers` is negative or above B.
std::vector<std::int32_t> sampled_layers(const PlanParameters& plan,
                                         int backbone_layers,
                                         int blocks,
                                         std::uint64_t seed);

}  // namespace mobi
