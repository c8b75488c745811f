// SPDX-License-Identifier: Apache-2.0
#include "weights/shard_index.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/text.hpp"
#include "weights/json_text.hpp"
#include "weights/relative_name.hpp"

namespace mobi {

ShardIndex parse_shard_index(std::string_view text, const std::string& name) {
    nlohmann::json json;
    try {
        json = parse_json(text);
    } catch (const JsonFault& fault) {
        throw DataError(fmt::format("{}: {}", name, fault.what()));
    }
    const auto map = json.is_object() ? json.find("weight_map") : json.end();
    if (map == json.end() || !map->is_object() || map->empty())
        throw DataError(name + ": needs an object \"weight_map\", tensor name to file");
    ShardIndex index;
    std::set<std::string> spellings;  // transformers sorts the names as they are written
    for (const auto& [tensor, file] : map->items()) {
        const auto inside =
            file.is_string() ? relative_name(file.get_ref<const std::string&>()) : std::nullopt;
        if (!inside)
            throw DataError(
                fmt::format("{}: weight_map of \"{}\" is not the name of a file beside it or below",
                            name, printable(tensor)));
        spellings.insert(file.get<std::string>());
        index.file_of.emplace(tensor, *inside);
    }
    for (const std::string& spelling : spellings) {
        const std::string file = *relative_name(spelling);
        std::erase(index.files, file);
        index.files.push_back(file);
    }
    return index;
}

}  // namespace mobi
