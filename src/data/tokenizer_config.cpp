// SPDX-License-Identifier: Apache-2.0
#include "data/tokenizer_config.hpp"

#include <charconv>

namespace mobi {

AddedToken read_added_token(const JsonNode& node, bool special) {
    AddedToken token;
    token.content = node.at("content").text();
    token.single_word = node.flag("single_word", false);
    token.lstrip = node.flag("lstrip", false);
    token.rstrip = node.flag("rstrip", false);
    token.special = node.flag("special", special);
    token.normalized = node.flag("normalized", true);
    return token;
}

TokenizerConfig::TokenizerConfig(std::string_view name, std::string_view text) : name_(name) {
    if (text.empty()) return;
    json_ = parse_json(name_, text);
    if (!root().is_object()) root().fail("is not a JSON object");
}

std::optional<std::string> TokenizerConfig::tokenizer_class() const {
    if (!json_ || !root().has("tokenizer_class")) return std::nullopt;
    std::string name = root().at("tokenizer_class").text();
    if (name.ends_with("Fast")) name.resize(name.size() - 4);
    return name;
}

bool TokenizerConfig::flag(const char* key, bool otherwise) const {
    return json_ ? root().flag(key, otherwise) : otherwise;
}

std::optional<AddedToken> TokenizerConfig::special_token(const char* key) const {
    if (!json_ || !root().has(key)) return std::nullopt;
    const JsonNode node = root().at(key);
    if (node.is_object()) return read_added_token(node, true);
    AddedToken token;
    token.content = node.text();
    return token;
}

std::vector<AddedToken> TokenizerConfig::added_tokens() const {
    std::vector<AddedToken> tokens;
    if (!json_ || !root().has("added_tokens_decoder")) return tokens;
    for (const auto& [id, node] : root().at("added_tokens_decoder").members()) {
        AddedToken token = read_added_token(node, false);
        const char* end = id.data() + id.size();
        const auto [stop, error] = std::from_chars(id.data(), end, token.id);
        if (error != std::errc() || stop != end || token.id < 0 || token.id > JsonNode::kLargestId)
            node.fail("is not named by an id");
        tokens.push_back(std::move(token));
    }
    return tokens;
}

void TokenizerConfig::fail(const char* key, const std::string& problem) const {
    root().at(key).fail(problem);
}

}  // namespace mobi
