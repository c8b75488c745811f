// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/run_config.hpp"
#include "method/fleet_plan.hpp"
#include "prepare/token_table.hpp"

namespace mobi {

/// The token id of each class's word for each backbone that a device carries, for `residual.head =
/// lm_verbalizer`: the first token that is not blank of " word"; empty lists for other heads.
///
/// Also builds each head of `lm_verbalizer` and `folder` once, so that what a folder lacks is said
/// before a run begins.
/// \param class_names  of the task: the words, unless `residual.verbalizer` gives others.
/// \throws ConfigError  when words and classes differ in number, two classes share a token, the
/// pivot
///                      is not the token that the head was trained on, or a folder holds no such
///                      head.
std::vector<std::vector<std::int32_t>> residual_words(const RunConfig& config,
                                                      const FleetPlan& plan,
                                                      const FleetTokenizers& tokenizers,
                                                      const std::vector<std::string>& class_names,
                                                      std::int32_t classes);

}  // namespace mobi
