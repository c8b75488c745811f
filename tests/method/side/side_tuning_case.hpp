// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "support/reference_cases.hpp"

namespace mobi::test {

/// Whether case.json is that of a centralised side-tuning run: backbones, packets, steps and plans.
inline bool is_side_tuning_case(const Json& facts) {
    for (const char* member : {"sizes/backbones", "sizes/r", "B", "m", "layers", "gate_temperature",
                               "packets", "steps", "plans"})
        if (!has_path(facts, std::string("/settings/") + member)) return false;
    return true;
}

/// Its backbone types, in the order of the file.
inline std::vector<std::string> backbones_of(const Json& facts) {
    std::vector<std::string> names;
    for (const auto& [name, sizes] : facts.at("settings").at("sizes").at("backbones").items())
        names.push_back(name);
    return names;
}

}  // namespace mobi::test
