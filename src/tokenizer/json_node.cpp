// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/json_node.hpp"

#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "text/utf8.hpp"

namespace mobi {

using Json = nlohmann::json;

JsonNode::JsonNode(std::string_view file, std::string key, const Json& value)
    : file_(file), key_(std::move(key)), value_(&value) {}

void JsonNode::fail(const std::string& problem) const {
    throw DataError(fmt::format("{}: {}{}{}", file_, key_, key_.empty() ? "" : ": ", problem));
}

bool JsonNode::has(const std::string& name) const {
    return value_->is_object() && value_->contains(name) && !value_->at(name).is_null();
}

JsonNode JsonNode::at(const std::string& name) const {
    if (!value_->is_object()) fail("is not an object");
    if (!value_->contains(name)) fail(fmt::format("has no \"{}\"", name));
    return {file_, key_.empty() ? name : key_ + "." + name, value_->at(name)};
}

std::vector<JsonNode> JsonNode::items() const {
    if (!value_->is_array()) fail("is not a list");
    std::vector<JsonNode> all;
    all.reserve(value_->size());
    for (std::size_t i = 0; i < value_->size(); ++i)
        all.emplace_back(file_, fmt::format("{}[{}]", key_, i), (*value_)[i]);
    return all;
}

std::vector<std::pair<std::string, JsonNode>> JsonNode::members() const {
    if (!value_->is_object()) fail("is not an object");
    std::vector<std::pair<std::string, JsonNode>> all;
    all.reserve(value_->size());
    for (const auto& [name, value] : value_->items())
        all.emplace_back(name, JsonNode(file_, key_.empty() ? name : key_ + "." + name, value));
    return all;
}

std::string JsonNode::text() const {
    if (!value_->is_string()) fail("is not a text");
    return value_->get<std::string>();
}

bool JsonNode::flag(const std::string& name, bool otherwise) const {
    if (!has(name)) return otherwise;
    const JsonNode node = at(name);
    if (!node.value_->is_boolean()) node.fail("is neither true nor false");
    return node.value_->get<bool>();
}

std::int32_t JsonNode::id(std::int32_t largest) const {
    if (!value_->is_number_unsigned() ||
        value_->get<std::uint64_t>() > static_cast<std::uint64_t>(largest))
        fail(fmt::format("is not a whole number from 0 to {}", largest));
    return value_->get<std::int32_t>();
}

std::string JsonNode::text(const std::string& name, std::string otherwise) const {
    return has(name) ? at(name).text() : std::move(otherwise);
}

std::string JsonNode::kind() const {
    return is_null() ? "null" : at("type").text();
}

Json parse_json(std::string_view name, std::string_view text) {
    text = checked_utf8(name, text);
    std::vector<std::unordered_set<std::string>> keys;
    const Json::parser_callback_t check = [&](int, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key &&
            !keys.back().insert(value.get_ref<const std::string&>()).second)
            throw DataError(fmt::format("{}: the key \"{}\" is given twice in one object", name,
                                        value.get_ref<const std::string&>()));
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), check);
    } catch (const Json::exception& problem) {
        throw DataError(fmt::format("{}: is not JSON: {}", name, problem.what()));
    }
}

}  // namespace mobi
