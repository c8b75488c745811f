// SPDX-License-Identifier: Apache-2.0
#include "weights/relative_name.hpp"

#include "core/text.hpp"

namespace mobi {

std::optional<std::string> relative_name(std::string_view name) {
    if (name.starts_with('/') || name.ends_with('/') || !is_one_line(name)) return std::nullopt;
    std::string path;
    for (const std::string_view part : split(name, '/')) {
        if (part == "..") return std::nullopt;
        if (part.empty() || part == ".") continue;
        if (!path.empty()) path += '/';
        path += part;
    }
    if (path.empty()) return std::nullopt;
    return path;
}

}  // namespace mobi
