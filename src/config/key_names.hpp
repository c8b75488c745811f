// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.hpp"

namespace mobi {

/// What a full key, such as `server.batch` or `link.*.uplink`, stands for.
struct KeyTarget {
    const Key<RunConfig>* run = nullptr;  ///< a key of the run; else the rest says which entry's
    EntryKind kind = EntryKind::Device;
    std::string entry;  ///< a name; `*` = every entry of the fleet; empty = the default of all
    std::string name;   ///< of the entry's key, e.g. `uplink`
};

/// Nothing when there is no such key.
std::optional<KeyTarget> find_key(std::string_view key);

/// The keys of the run that are called `name` in their section: `seed` -> `run.seed`.
std::vector<std::string> keys_called(std::string_view name);

/// `value` as the key itself writes it, so that 0.1 and 1e-1 are equal; nothing when the key does
/// not accept it.
std::optional<std::string> normal_value(const KeyTarget& target, std::string_view value);

/// What the values of the key may be.
std::string accepted_values(const KeyTarget& target);

/// What is wrong with a key that find_key() does not find, with the nearest valid name.
std::string explain_unknown_key(std::string_view key);

}  // namespace mobi
