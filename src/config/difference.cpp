// SPDX-License-Identifier: Apache-2.0
#include "config/difference.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "config/options.hpp"

namespace mobi {
namespace {

using Values = std::map<std::string, std::string>;

template <typename Owner>
void add_entries(Values& values,
                 EntryKind kind,
                 const std::vector<Key<Owner>>& keys,
                 const std::map<std::string, Owner>& entries) {
    for (const auto& [name, entry] : entries)
        for (const auto& key : keys)
            values[fmt::format("{}.{}.{}", section_of(kind), name, key.name)] = key.write(entry);
}

/// Every key that decides the run.
Values values_of(const RunConfig& config) {
    Values values;
    for (const auto& key : run_keys())
        if (!key.host_only) values[key.name] = key.write(config);
    add_entries(values, EntryKind::Device, device_keys(), config.devices);
    add_entries(values, EntryKind::Link, link_keys(), config.links);
    add_entries(values, EntryKind::Backbone, backbone_keys(), config.backbones);
    add_entries(values, EntryKind::Availability, availability_keys(), config.availability);
    return values;
}

std::string_view shown(const std::string& value) {
    return value.empty() ? "nothing" : std::string_view(value);
}

}  // namespace

std::vector<ConfigDifference> differences(const RunConfig& first, const RunConfig& second) {
    const Values one = values_of(first);
    const Values other = values_of(second);
    std::set<std::string> names;
    for (const Values* values : {&one, &other})
        for (const auto& [name, value] : *values) names.insert(name);
    std::vector<ConfigDifference> result;
    const auto value_in = [](const Values& values, const std::string& name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string() : found->second;
    };
    for (const std::string& name : names)
        if (value_in(one, name) != value_in(other, name))
            result.push_back({name, value_in(one, name), value_in(other, name)});
    return result;
}

std::string differences_text(const std::vector<ConfigDifference>& differences) {
    constexpr std::size_t kShown = 5;
    std::string text;
    for (std::size_t i = 0; i < std::min(kShown, differences.size()); ++i)
        text += fmt::format("{}{} = {} there, {} here", i == 0 ? "" : "; ", differences[i].key,
                            shown(differences[i].first), shown(differences[i].second));
    if (differences.size() > kShown)
        text += fmt::format("; and {} keys more", differences.size() - kShown);
    return text;
}

}  // namespace mobi
