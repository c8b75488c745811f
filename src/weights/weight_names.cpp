// SPDX-License-Identifier: Apache-2.0
#include "weights/weight_names.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace mobi {
namespace {

constexpr std::array<std::string_view, 3> kWrappers{"_orig_mod", "_fsdp_wrapped_module",
                                                    "_checkpoint_wrapped_module"};
constexpr std::string_view kDataParallel = "module";

/// The last `count` parts of a name.
std::string_view tail(std::string_view name, int count) {
    std::size_t start = name.size();
    for (; count > 0 && start != std::string_view::npos && start > 0; --count)
        start = name.rfind('.', start - 1);
    return start == std::string_view::npos ? name : name.substr(start + 1);
}

bool replace_end(std::string& name, std::string_view end, std::string_view by) {
    if (!name.ends_with(end)) return false;
    name.replace(name.size() - end.size(), end.size(), by);
    return true;
}

}  // namespace

std::string plain_name(std::string_view stored, std::string_view prefix) {
    std::string name;
    for (const std::string_view part : split(stored, '.')) {
        if (std::find(kWrappers.begin(), kWrappers.end(), part) != kWrappers.end()) continue;
        if (name.empty() && part == kDataParallel) continue;
        if (!name.empty()) name += '.';
        name += part;
    }
    if (name.starts_with(prefix)) name.erase(0, prefix.size());
    if (!replace_end(name, "LayerNorm.gamma", "LayerNorm.weight"))
        replace_end(name, "LayerNorm.beta", "LayerNorm.bias");
    return name;
}

std::vector<std::string> near_names(std::string_view wanted,
                                    std::span<const std::string> names,
                                    std::size_t most) {
    std::vector<std::string> near;
    const auto add = [&](const std::string& name) {
        if (near.size() < most && std::find(near.begin(), near.end(), name) == near.end())
            near.push_back(name);
    };
    for (const std::string& name : names)
        if (name.ends_with(wanted)) add(name);
    constexpr std::size_t kMostCompared = 5000;  // an edit distance takes some microseconds
    if (near.empty()) {
        const auto nearby =
            nearest(wanted, names.subspan(0, std::min(names.size(), kMostCompared)));
        if (nearby) add(*nearby);
    }
    for (const std::string& name : names)
        if (tail(name, 2) == tail(wanted, 2)) add(name);
    for (std::size_t i = 0; i < names.size() && near.empty(); ++i) add(names[i]);
    return near;
}

}  // namespace mobi
