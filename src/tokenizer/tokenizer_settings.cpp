// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_settings.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

constexpr const char* kExtra = "extra_special_tokens";
constexpr const char* kAdditional = "additional_special_tokens";  // its name before version 5
constexpr const char* kDecoder = "added_tokens_decoder";

bool is_name(const std::string& key) {
    return std::find(TokenizerSettings::kNames.begin(), TokenizerSettings::kNames.end(), key) !=
           TokenizerSettings::kNames.end();
}

nlohmann::json parse_object(const NamedText& file) {
    nlohmann::json json = parse_json(file.name, file.text);
    if (!json.is_object()) throw DataError(file.name + ": is not a JSON object");
    return json;
}

/// The keys of the object that a file is, in its order, which parse_object() loses.
std::vector<std::string> keys_in_order(const NamedText& file) {
    std::vector<std::string> keys;
    const auto json = nlohmann::ordered_json::parse(file.text);
    for (const auto& [key, value] : json.items()) keys.push_back(key);
    return keys;
}

std::string switches(const AddedToken& token) {
    std::string text;
    for (const auto& [name, on] : {std::pair{"special", token.special},
                                   {"normalized", token.normalized},
                                   {"lstrip", token.lstrip},
                                   {"rstrip", token.rstrip},
                                   {"single_word", token.single_word}})
        if (on) text += text.empty() ? name : std::string(", ") + name;
    return text.empty() ? "no switch" : text;
}

}  // namespace

SpecialToken plain_token(std::string content) {
    AddedToken token;
    token.content = std::move(content);
    return {std::move(token), true};
}

AddedToken read_added_token(const JsonNode& node, bool special) {
    AddedToken token;
    token.content = node.at("content").text();
    token.single_word = node.flag("single_word", false);
    token.lstrip = node.flag("lstrip", false);
    token.rstrip = node.flag("rstrip", false);
    token.special = node.flag("special", special);
    token.normalized = node.flag("normalized", !token.special);
    return token;
}

std::vector<AddedToken> read_added_tokens(const JsonNode& root) {
    std::vector<AddedToken> tokens;
    if (!root.has("added_tokens")) return tokens;
    for (const JsonNode& node : root.at("added_tokens").items()) {
        tokens.push_back(read_added_token(node, false));
        tokens.back().id = node.at("id").id();
    }
    return tokens;
}

TokenizerSettings::TokenizerSettings(const TokenizerFiles& files) {
    if (files.tokenizer_config.is_there())
        read_config(files.tokenizer_config, files.tokenizer_json.is_there());
    if (values_.contains(kDecoder)) {
        read_decoder();
        for (const NamedText* file : {&files.special_tokens_map, &files.added_tokens})
            if (file->is_there())
                notes_.push_back({"added and special tokens", "tokenizer_config.json",
                                  file->short_name() + " is not read beside added_tokens_decoder"});
    } else {
        if (files.special_tokens_map.is_there()) read_special_tokens_map(files.special_tokens_map);
        if (files.added_tokens.is_there()) read_added_tokens_json(files.added_tokens);
        if (files.tokenizer_json.is_there()) read_tokenizer_json(files.tokenizer_json);
    }
    name_special_tokens();
    read_extra();
}

void TokenizerSettings::read_config(const NamedText& file, bool has_tokenizer_json) {
    const Json json = parse_object(file);
    for (const auto& [key, value] : json.items()) values_[key] = {&file, value};
    // the post_processor of tokenizer.json says it
    if (has_tokenizer_json)
        for (const char* key : {"add_bos_token", "add_eos_token"}) values_.erase(key);
    if (flag("split_special_tokens").value_or(false))
        fail("split_special_tokens", "true cannot be read");
    const auto extra = values_.find(kExtra);
    if (values_.contains(kAdditional) && (extra == values_.end() || extra->second.json.empty())) {
        values_[kExtra] = values_.at(kAdditional);
        values_.erase(kAdditional);
    }
    other_names_ = take_other_names(file);
    take_extra_object();
}

/// Takes what is named like a special token, but not one that all tokenizers have.
TokenizerSettings::Named TokenizerSettings::take_other_names(const NamedText& file) {
    Named taken;
    for (const std::string& key : keys_in_order(file)) {
        const auto found = values_.find(key);
        if (is_name(key) || !key.ends_with("_token") || found == values_.end() ||
            !(found->second.json.is_string() || found->second.json.is_object()))
            continue;
        taken.emplace_back(key, read_special(node(key)));
        values_.erase(found);
    }
    return taken;
}

/// `extra_special_tokens` may be an object of name to token.
void TokenizerSettings::take_extra_object() {
    const auto found = values_.find(kExtra);
    if (found == values_.end() || !found->second.json.is_object()) return;
    const JsonNode object = node(kExtra);
    if (object.members().size() > 1)
        object.fail(
            "is an object of several tokens, whose order is not defined; a list can be read");
    for (const auto& [name, token] : object.members())
        other_names_.emplace_back(name, read_special(token));
    values_.erase(found);
}

void TokenizerSettings::read_decoder() {
    for (const auto& [id, entry] : node(kDecoder).members()) {
        SpecialToken read{read_added_token(entry, false), false, !entry.has("normalized")};
        AddedToken& token = read.token;
        const char* end = id.data() + id.size();
        const auto [stop, error] = std::from_chars(id.data(), end, token.id);
        if (error != std::errc() || stop != end || token.id < 0 || token.id > JsonNode::kLargestId)
            entry.fail("is not named by an id");
        add(std::move(read), source(kDecoder));
    }
}

void TokenizerSettings::read_special_tokens_map(const NamedText& file) {
    const Json json = parse_object(file);
    for (const auto& [key, value] : json.items()) {
        if (key == kExtra && value.is_array()) {
            add_to_extra(file, value);
            continue;
        }
        const auto known = values_.find(key);
        if (known != values_.end() && known->second.json != value)
            notes_.push_back({printable(key + " " + value.dump()), file.short_name(),
                              fmt::format("{} says {}", known->second.file->short_name(),
                                          printable(known->second.json.dump()))});
        values_[key] = {&file, value};
    }
    take_extra_object();
    // Names that this file adds come first; where both name a token, the other file counts.
    Named names = take_other_names(file);
    for (auto& entry : other_names_) {
        const auto known = std::find_if(names.begin(), names.end(), [&](const auto& other) {
            return other.first == entry.first;
        });
        if (known == names.end())
            names.push_back(std::move(entry));
        else
            known->second = std::move(entry.second);
    }
    other_names_ = std::move(names);
}

/// The extra tokens of special_tokens_map.json come behind those of tokenizer_config.json.
void TokenizerSettings::add_to_extra(const NamedText& file, const Json& list) {
    Value& extra = values_[kExtra];
    if (extra.file == nullptr) extra.file = &file;
    if (!extra.json.is_array()) extra.json = Json::array();
    for (const Json& token : list)
        if (std::find(extra.json.begin(), extra.json.end(), token) == extra.json.end())
            extra.json.push_back(token);
}

void TokenizerSettings::read_added_tokens_json(const NamedText& file) {
    std::vector<std::string> special;
    // transformers compares texts: an object of tokenizer_config.json is none yet
    const auto add_content = [&](const JsonNode& entry) {
        if (!entry.has("__type")) special.push_back(read_special(entry).token.content);
    };
    for (const char* name : kNames)
        if (values_.contains(name) && !states_null(name)) add_content(node(name));
    if (values_.contains(kExtra) && !states_null(kExtra))
        for (const JsonNode& entry : node(kExtra).items()) add_content(entry);
    const Json json = parse_object(file);
    for (const auto& [content, id] : JsonNode(file.name, "", json).members()) {
        AddedToken token;
        token.id = id.id();
        token.content = content;
        token.special = std::find(special.begin(), special.end(), content) != special.end();
        token.normalized = !token.special;
        add({std::move(token), false}, file.short_name());
    }
}

void TokenizerSettings::read_tokenizer_json(const NamedText& file) {
    const Json json = parse_object(file);
    for (AddedToken& token : read_added_tokens(JsonNode(file.name, "", json)))
        add({std::move(token), false}, file.short_name());
}

/// Of two tokens with one id, and of two of one content, the last counts.
void TokenizerSettings::add(SpecialToken entry, const std::string& source) {
    const AddedToken& token = entry.token;
    const auto same_id = added_.find(token.id);
    if (same_id != added_.end() && !(same_id->second == entry)) {
        const AddedToken& other = same_id->second.token;
        notes_.push_back({fmt::format("token {} \"{}\" ({})", token.id, printable(token.content),
                                      switches(token)),
                          source,
                          fmt::format("{} says \"{}\" ({})", added_source_.at(token.id),
                                      printable(other.content), switches(other))});
    }
    added_by_content_[token.content] = entry;
    added_source_[token.id] = source;
    added_[token.id] = std::move(entry);
}

void TokenizerSettings::name_special_tokens() {
    for (const char* name : kNames) {
        if (!values_.contains(name) || states_null(name)) continue;
        SpecialToken token = read_special(node(name));
        // the switches are those of the added token of this content
        if (const auto known = added_by_content_.find(token.token.content);
            known != added_by_content_.end())
            token = known->second;
        special_.emplace(name, std::move(token));
    }
}

void TokenizerSettings::read_extra() {
    const char* key = values_.contains(kExtra) ? kExtra : kAdditional;
    if (!values_.contains(key) || states_null(key)) return;
    for (const JsonNode& entry : node(key).items()) extra_.push_back(read_special(entry));
}

SpecialToken TokenizerSettings::read_special(const JsonNode& node) const {
    if (!node.is_object()) return plain_token(node.text());
    SpecialToken read{read_added_token(node, false), false, !node.has("normalized")};
    // An object of tokenizer_config.json is an AddedToken as it is; special_tokens_map.json holds
    // special ones only, and does not say so.
    if (!node.has("__type")) read.make_special();
    return read;
}

JsonNode TokenizerSettings::node(const std::string& key) const {
    const Value& value = values_.at(key);
    return {value.file->name, key, value.json};
}

bool TokenizerSettings::states_null(const std::string& key) const {
    const auto found = values_.find(key);
    return found != values_.end() && found->second.json.is_null();
}

std::optional<bool> TokenizerSettings::flag(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    if (!found->second.json.is_boolean()) fail(key, "is neither true nor false");
    return found->second.json.get<bool>();
}

std::optional<SpecialToken> TokenizerSettings::special(const std::string& key) const {
    const auto found = special_.find(key);
    return found == special_.end() ? std::nullopt : std::optional(found->second);
}

std::string TokenizerSettings::source(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? "" : found->second.file->short_name();
}

void TokenizerSettings::fail(const std::string& key, const std::string& problem) const {
    node(key).fail(problem);
}

}  // namespace mobi
