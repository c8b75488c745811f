// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/parameters.hpp"
#include "data/task.hpp"

namespace mobi {

/// Takes the validation set that `data.split` asks for out of a task's train or test part
/// (docs/method.md 5.1); the order within the parts stays.  A pure function of its arguments, so
/// that runs with other seeds are validated and tested on the same samples.
///
/// \param task  without validation set; `classes` of its truths are set.
/// \throws ConfigError  when the rule has no share for the task, or leaves one of the parts without
///                      a sample.
void split_off_validation(const DataParameters& parameters, Task& task);

/// `count` of some samples, increasing: of each class its share by largest remainder, drawn at
/// random; of a regression, any.
/// \pre count <= truth.size()
std::vector<std::size_t> stratified_sample(const Truth& truth,
                                           std::size_t count,
                                           std::uint64_t seed);

}  // namespace mobi
