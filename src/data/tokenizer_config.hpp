// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/added_tokens.hpp"
#include "data/json_node.hpp"

namespace mobi {

/// A configuration file of transformers beside a vocabulary: `tokenizer_config.json` or
/// `special_tokens_map.json`.
class TokenizerConfig {
  public:
    /// \param text  the content; empty = there is no such file.
    /// \throws DataError  when it is not a JSON object.
    TokenizerConfig(std::string_view name, std::string_view text);

    /// `tokenizer_class` without a final `Fast`; nothing when it is not stated.
    std::optional<std::string> tokenizer_class() const;

    bool flag(const char* key, bool otherwise) const;

    /// A special token: `"sep_token": "[SEP]"`, or an object with `content`, `lstrip`, `rstrip`,
    /// `single_word` and `normalized`.  Its id is not set.  Nothing when it is not stated.
    std::optional<AddedToken> special_token(const char* key) const;

    /// The entries of `added_tokens_decoder`, `{"50256": {"content": ..., "special": ...}}`.
    std::vector<AddedToken> added_tokens() const;

    /// \throws DataError  about this key, always.
    [[noreturn]] void fail(const char* key, const std::string& problem) const;

  private:
    std::string name_;
    std::optional<nlohmann::json> json_;
    JsonNode root() const { return {name_, "", *json_}; }
};

/// An object with `content` and the switches of AddedToken.  Its id is not set.
///
/// \param special  what it is where the object does not say.
AddedToken read_added_token(const JsonNode& node, bool special);

}  // namespace mobi
