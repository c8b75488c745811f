// SPDX-License-Identifier: Apache-2.0
#include "config/dump.hpp"

#include <string_view>

#include <fmt/format.h>

#include "config/ini.hpp"
#include "config/options.hpp"

namespace mobi {
namespace {

std::string_view section_name(std::string_view key) {
    return key.substr(0, key.rfind('.'));
}
std::string_view last_name(std::string_view key) {
    return key.substr(key.rfind('.') + 1);
}

void add_line(std::string& text, std::string_view name, std::string_view value) {
    text += fmt::format("{} = {}", name, quote_value(value));
    while (text.back() == ' ') text.pop_back();  // an empty value leaves no blank behind
    text += '\n';
}

template <typename Owner>
void add_entries(std::string& text,
                 EntryKind kind,
                 const std::vector<Key<Owner>>& keys,
                 const std::map<std::string, Owner>& entries) {
    for (const auto& [name, entry] : entries) {
        text += fmt::format("\n[{}.{}]\n", section_of(kind), name);
        for (const auto& key : keys) add_line(text, key.name, key.write(entry));
    }
}

template <typename Owner>
void add_documented(std::string& text, const Key<Owner>& key, std::string_view name) {
    text += fmt::format("# {} ({})\n#   accepted: {}\n", key.description, key.source, key.accepted);
    add_line(text, name, key.write(Owner{}));
}

template <typename Owner>
void add_documented_entry(std::string& text, EntryKind kind, const std::vector<Key<Owner>>& keys) {
    text += fmt::format("# Default of every [{}.<name>] that does not set the key itself:\n",
                        section_of(kind));
    for (const auto& key : keys) add_documented(text, key, key.name);
}

}  // namespace

std::string dump(const RunConfig& config) {
    std::string text = "# A resolved configuration: it gives the same run on its own.\n";
    std::string_view section;
    for (const auto& key : run_keys()) {
        if (key.host_only) continue;
        if (section_name(key.name) != section) {
            section = section_name(key.name);
            text += fmt::format("\n[{}]\n", section);
        }
        add_line(text, last_name(key.name), key.write(config));
    }
    add_entries(text, EntryKind::Device, device_keys(), config.devices);
    add_entries(text, EntryKind::Link, link_keys(), config.links);
    add_entries(text, EntryKind::Backbone, backbone_keys(), config.backbones);
    add_entries(text, EntryKind::Availability, availability_keys(), config.availability);
    return text;
}

std::string print_defaults() {
    std::string text =
        "# Every key of the configuration with its default, as printed by\n"
        "# `fedmobillm check --print-defaults`.  In brackets, where the default comes from: the\n"
        "# paper (arXiv 2508.06765), ours where the paper is silent, or the testbed itself.\n";
    std::string_view section;
    for (const auto& key : run_keys()) {
        if (section_name(key.name) != section) {
            section = section_name(key.name);
            text += fmt::format("\n[{}]\n", section);
        }
        add_documented(text, key, last_name(key.name));
        if (key.name == "device.epochs")
            add_documented_entry(text, EntryKind::Device, device_keys());
        if (key.name == "backbone.cache")
            add_documented_entry(text, EntryKind::Backbone, backbone_keys());
    }
    text += "\n[link]\n";
    add_documented_entry(text, EntryKind::Link, link_keys());
    text += "\n[availability]\n";
    add_documented_entry(text, EntryKind::Availability, availability_keys());
    return text;
}

}  // namespace mobi
