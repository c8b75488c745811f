// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config/run_config.hpp"

namespace mobi {

/// A key that two configurations give different values; the value as it would be written, or
/// nothing where a configuration has no such entry.
struct ConfigDifference {
    std::string key;  ///< e.g. `server.batch` or `link.lte.uplink`
    std::string first;
    std::string second;
};

/// Every key of dump() in which two resolved configurations differ, in the order of their names;
/// empty when both give the same run.
std::vector<ConfigDifference> differences(const RunConfig& first, const RunConfig& second);

/// "run.seed = 1 there, 2 here; ..." of the first few, and how many more there are.
std::string differences_text(const std::vector<ConfigDifference>& differences);

}  // namespace mobi
