// SPDX-License-Identifier: Apache-2.0
//
// What the files beside a vocabulary say about it, in the order in which AutoTokenizer of
// transformers 5 reads them:
//
//   tokenizer_config.json    every setting; its added_tokens_decoder, where it has one, names all
//                            added tokens, and the next three are not asked
//   special_tokens_map.json  overrides tokenizer_config.json
//   added_tokens.json        {"content": id}
//   tokenizer.json           its added_tokens
//
// `"key": null` is a statement, another one than the absence of the key: `"pad_token": null` means
// that there is none, without the key it is the class's own.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/source_note.hpp"
#include "text/added_tokens.hpp"
#include "tokenizer/json_node.hpp"
#include "tokenizer/tokenizer_files.hpp"

namespace mobi {

/// A special token as a file states it.
struct SpecialToken {
    AddedToken token;
    bool plain = true;     ///< a text without switches, which the class may choose
    bool derived = false;  ///< normalized is not stated: it is the opposite of special

    void make_special() {
        token.special = true;
        if (derived) token.normalized = false;
    }

    friend bool operator==(const SpecialToken& a, const SpecialToken& b) {
        return a.plain == b.plain && same_but_id(a.token, b.token);
    }
};

/// A special token without switches.
SpecialToken plain_token(std::string content);

/// An object with `content` and the switches of AddedToken.  Its id is not set.
///
/// \param special  what it is where the object does not say.
AddedToken read_added_token(const JsonNode& node, bool special);

/// The `added_tokens` of a tokenizer.json, in its order.
std::vector<AddedToken> read_added_tokens(const JsonNode& root);

class TokenizerSettings {
  public:
    /// The names of special tokens that every tokenizer may have, in the order of their addition.
    static constexpr std::array<const char*, 7> kNames{
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"};
    using Named = std::vector<std::pair<std::string, SpecialToken>>;

    /// \throws DataError  naming the file and the key.
    explicit TokenizerSettings(const TokenizerFiles& files);

    /// Whether a file states the key, be it as null.
    bool states(const std::string& key) const { return values_.contains(key); }
    bool states_null(const std::string& key) const;

    /// The flag; nothing where no file states it.
    /// \throws DataError  when it is stated as something else, null included.
    std::optional<bool> flag(const std::string& key) const;

    /// A special token; nothing where it is null or not stated.
    std::optional<SpecialToken> special(const std::string& key) const;

    /// Special tokens of other names, such as `image_token`.
    const Named& other_names() const noexcept { return other_names_; }

    /// `extra_special_tokens`, which were `additional_special_tokens` before version 5.
    const std::vector<SpecialToken>& extra() const noexcept { return extra_; }

    /// Tokens to be added, by the id that a file gives them.
    const std::map<std::int32_t, SpecialToken>& added() const noexcept { return added_; }

    /// The file that gives an added token this id, without its folder.
    const std::string& source_of_added(std::int32_t id) const { return added_source_.at(id); }

    /// The file that states `key`, without its folder, e.g. "tokenizer_config.json".
    std::string source(const std::string& key) const;

    /// Where two files disagree, or one is not read.
    const SourceNotes& notes() const noexcept { return notes_; }

    /// \throws DataError  about this key, always.
    [[noreturn]] void fail(const std::string& key, const std::string& problem) const;

  private:
    using Json = nlohmann::json;
    struct Value {
        const NamedText* file = nullptr;
        Json json;
    };

    JsonNode node(const std::string& key) const;
    void read_config(const NamedText& file, bool has_tokenizer_json);
    Named take_other_names(const NamedText& file);
    void take_extra_object();
    void read_decoder();
    void read_special_tokens_map(const NamedText& file);
    void add_to_extra(const NamedText& file, const Json& list);
    void read_added_tokens_json(const NamedText& file);
    void read_tokenizer_json(const NamedText& file);
    void add(SpecialToken token, const std::string& source);
    void name_special_tokens();
    void read_extra();
    SpecialToken read_special(const JsonNode& node) const;

    std::map<std::string, Value> values_;
    std::map<std::string, SpecialToken> special_;
    Named other_names_;
    std::vector<SpecialToken> extra_;
    std::map<std::int32_t, SpecialToken> added_;
    std::map<std::string, SpecialToken> added_by_content_;
    std::map<std::int32_t, std::string> added_source_;
    SourceNotes notes_;
};

}  // namespace mobi
