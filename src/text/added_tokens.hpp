// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace mobi {

/// A token that is recognised where it is spelled out in the text, such as `[SEP]`: an entry of
/// `added_tokens` in tokenizer.json.
struct AddedToken {
    std::int32_t id = 0;
    std::string content;
    bool single_word = false;  ///< only where no word character touches it
    bool lstrip = false;       ///< swallows the white space before it
    bool rstrip = false;       ///< and after it
    bool normalized = false;   ///< looked for in the cleaned text, not in the raw one
    bool special = true;       ///< left out by SpecialTokens::Drop
};

/// Whether two tokens have the same content and switches.
bool same_but_id(const AddedToken& a, const AddedToken& b);

/// Finds added tokens in a text: from left to right, the longest where several begin.
class AddedTokenFinder {
  public:
    /// A stretch of ordinary text (id -1), or an added token.
    struct Part {
        std::string_view text;
        std::int32_t id = -1;
    };

    AddedTokenFinder() = default;
    explicit AddedTokenFinder(std::vector<AddedToken> tokens);

    bool empty() const noexcept { return tokens_.empty(); }

    /// Cuts `text` at the tokens; the parts are views into it, none is empty text.
    std::vector<Part> split(std::string_view text) const;

  private:
    const AddedToken* at(std::string_view text, std::size_t position) const;

    std::vector<AddedToken> tokens_;     // longest first
    std::array<bool, 256> may_start_{};  // bytes that a token begins with
};

/// Cuts a text at its added tokens and cleans up what is between them: first at those that are
/// looked for in the raw text, then, in each cleaned stretch, at the others.
class AddedTokens {
  public:
    /// Appends the cleaned text to `out`.
    using Clean = std::function<void(std::string_view text, std::string& out)>;

    /// A stretch of cleaned text (id -1), valid during the visit, or an added token.
    struct Part {
        std::string_view text;
        std::int32_t id = -1;
        bool begins_text = false;  ///< nothing comes before it
    };
    /// Returns whether to go on.
    using Visit = std::function<bool(const Part& part)>;

    /// \param clean  also applied to the spelling of the tokens that are looked for in clean text.
    /// \throws DataError  when two of those have one spelling then.
    AddedTokens(const std::vector<AddedToken>& tokens, Clean clean);

    void visit(std::string_view text, const Visit& visit) const;

  private:
    Clean clean_;
    AddedTokenFinder in_raw_, in_clean_;
};

}  // namespace mobi
