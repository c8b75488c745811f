// SPDX-License-Identifier: Apache-2.0
#include "config/key_names.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/value.hpp"
#include "core/check.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

constexpr std::array kKinds{EntryKind::Device, EntryKind::Link, EntryKind::Backbone,
                            EntryKind::Availability};

std::optional<EntryKind> kind_of(std::string_view section) {
    for (const EntryKind kind : kKinds)
        if (section_of(kind) == section) return kind;
    return std::nullopt;
}

/// Every key that could have been meant; those of entries in the form that `key` has.
std::vector<std::string> candidates(std::string_view key) {
    std::vector<std::string> names;
    for (const auto& run : run_keys()) names.push_back(run.name);
    const auto parts = split(key, '.');
    for (const EntryKind kind : kKinds)
        for (const auto& name : entry_key_names(kind))
            names.push_back(parts.size() == 3
                                ? fmt::format("{}.{}.{}", section_of(kind), parts[1], name)
                                : fmt::format("{}.{}", section_of(kind), name));
    return names;
}

std::optional<std::string> nearest_key(std::string_view key) {
    constexpr std::size_t kLongest = 100;  // longer ones are not slips of the finger
    if (key.size() > kLongest) return std::nullopt;
    const auto names = candidates(key);
    const auto last = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
    std::vector<std::string> same_last;  // the right name in the wrong section
    std::copy_if(names.begin(), names.end(), std::back_inserter(same_last),
                 [&](const std::string& name) { return last(name) == last(key); });
    if (same_last.size() == 1) return same_last.front();
    if (key.find('.') == std::string_view::npos &&
        same_last.empty()) {  // a section's key, misspelt
        std::vector<std::string> lasts;
        for (const auto& run : run_keys()) lasts.emplace_back(last(run.name));
        const auto keys = keys_called(nearest(key, lasts).value_or(""));
        return keys.size() == 1 ? std::optional(keys.front()) : nearest(key, names);
    }
    if (auto found = nearest(key, same_last)) return found;
    return nearest(key, names);
}

std::set<std::string> section_names() {
    std::set<std::string> names{"runs"};
    for (const auto& run : run_keys()) names.insert(run.name.substr(0, run.name.find('.')));
    for (const EntryKind kind : kKinds) names.emplace(section_of(kind));
    return names;
}

template <typename Owner>
const Key<Owner>& key_called(const std::vector<Key<Owner>>& keys, std::string_view name) {
    const auto key = std::find_if(keys.begin(), keys.end(),
                                  [&](const Key<Owner>& one) { return one.name == name; });
    MOBI_CHECK(key != keys.end(), "find_key() knows '{}'", name);
    return *key;
}

/// `use(key, owner)` with the key and an owner of default values.
template <typename Use>
auto with_key(const KeyTarget& target, Use use) {
    if (target.run != nullptr) return use(*target.run, RunConfig());
    switch (target.kind) {
        case EntryKind::Device:
            return use(key_called(device_keys(), target.name), DeviceProfile());
        case EntryKind::Link:
            return use(key_called(link_keys(), target.name), LinkProfile());
        case EntryKind::Backbone:
            return use(key_called(backbone_keys(), target.name), BackboneParameters());
        case EntryKind::Availability:
            break;
    }
    return use(key_called(availability_keys(), target.name), AvailabilityProfile());
}

}  // namespace

std::vector<std::string> keys_called(std::string_view name) {
    std::vector<std::string> found;
    for (const auto& key : run_keys())
        if (std::string_view(key.name).substr(key.name.find('.') + 1) == name)
            found.push_back(key.name);
    return found;
}

std::optional<std::string> normal_value(const KeyTarget& target, std::string_view value) {
    return with_key(target, [&](const auto& key, auto owner) -> std::optional<std::string> {
        if (!key.read(owner, value)) return std::nullopt;
        return key.write(owner);
    });
}

std::string accepted_values(const KeyTarget& target) {
    return with_key(target, [](const auto& key, const auto&) { return key.accepted; });
}

std::optional<KeyTarget> find_key(std::string_view key) {
    for (const auto& run : run_keys())
        if (run.name == key) return KeyTarget{&run, {}, {}, {}};
    const auto parts = split(key, '.');
    if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
    const auto kind = kind_of(parts[0]);
    if (!kind) return std::nullopt;
    const auto names = entry_key_names(*kind);
    if (std::find(names.begin(), names.end(), parts.back()) == names.end()) return std::nullopt;
    const std::string_view entry = parts.size() == 3 ? parts[1] : std::string_view();
    if (parts.size() == 3 && entry != "*" && !is_entry_name(entry)) return std::nullopt;
    return KeyTarget{nullptr, *kind, std::string(entry), std::string(parts.back())};
}

std::string explain_unknown_key(std::string_view key) {
    if (key.find('.') == std::string_view::npos) {
        const auto meant = nearest_key(key);
        return meant ? fmt::format("unknown key; did you mean {}?", *meant)
                     : "unknown key; accepted: section.key";
    }
    if (key.ends_with(".include")) return "include is accepted before the first section only";
    const auto sections = section_names();
    const auto meant = nearest_key(key);
    const std::string section(key.substr(0, key.find('.')));
    if (meant)
        return fmt::format("unknown {}; did you mean {}?",
                           sections.contains(section) ? "key" : "section", *meant);
    const std::vector<std::string> names(sections.begin(), sections.end());
    if (sections.contains(section)) return fmt::format("unknown key of section [{}]", section);
    const auto near = nearest(section, names);
    return near ? fmt::format("unknown section; did you mean [{}]?", *near)
                : fmt::format("unknown section; accepted: {}", fmt::join(names, ", "));
}

}  // namespace mobi
