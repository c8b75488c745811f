// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/bert.hpp"
#include "model/family.hpp"
#include "model/mpnet.hpp"

namespace mobi {
namespace {

constexpr std::array<Family, 2> kFamilies{{
    {"bert", "bert.", read_bert},
    {"mpnet", "mpnet.", read_mpnet},
}};

}  // namespace

std::span<const Family> families() {
    return kFamilies;
}

const Family& family_of(const ConfigFile& config) {
    const std::string type = config.text_value("model_type", "");
    std::vector<std::string_view> names;
    for (const Family& family : kFamilies) {
        if (family.model_type == type) return family;
        names.push_back(family.model_type);
    }
    config.refuse("model_type", fmt::format("{}", fmt::join(names, ", ")));
}

}  // namespace mobi
