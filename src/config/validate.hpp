// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/run_config.hpp"

namespace mobi {

/// Something in a configuration that cannot be run.
struct ConfigProblem {
    std::string key;   ///< the key to change, e.g. `device.jetson_tx2.memory`
    std::string what;  ///< what is wrong and what is accepted
};

/// Everything that is wrong between the keys of a configuration; reads no file.
/// Whether each value is accepted on its own is checked when it is read.
std::vector<ConfigProblem> validate(const RunConfig& config);

}  // namespace mobi
