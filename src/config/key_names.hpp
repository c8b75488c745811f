// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

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

/// What is wrong with a key that find_key() does not find, with the nearest valid name.
std::string explain_unknown_key(std::string_view key);

}  // namespace mobi
