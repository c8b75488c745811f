// SPDX-License-Identifier: Apache-2.0
#include "weights/json_text.hpp"

#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text.hpp"

namespace mobi {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 64;

}  // namespace

Json parse_json(std::string_view text) {
    std::vector<std::set<std::string>> keys;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
        if (depth > kDeepest) throw JsonFault(fmt::format("is nested deeper than {}", kDeepest));
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key) {
            const auto& key = value.get_ref<const std::string&>();
            if (!keys.back().insert(key).second)
                throw JsonFault(fmt::format("key \"{}\" occurs twice", printable(key)));
        }
        return true;
    };
    try {
        return Json::parse(text, watch);
    } catch (const Json::exception& error) {
        throw JsonFault(fmt::format("is not JSON ({})", printable(error.what(), 120)));
    }
}

}  // namespace mobi
