// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/added_tokens.hpp"
#include "data/bert_text.hpp"
#include "data/piece_table.hpp"
#include "data/tokenizer.hpp"

namespace mobi {

/// One element of a sequence: a text, or a special token.
struct TemplatePart {
    enum class Kind { First, Second, Special };
    Kind kind = Kind::First;
    std::int32_t id = -1;  ///< of a special token
    std::int32_t type_id = 0;
};

/// All that defines a word-piece tokenizer.
struct WordPieceSpec {
    BertTextOptions text;
    std::vector<std::pair<std::string, std::int32_t>>
        pieces;                       ///< ids >= 0; of equal pieces the last
    std::string continuation = "##";  ///< begins the pieces that go on within a word
    std::int32_t unknown_id = -1;
    std::size_t longest_word = 100;  ///< characters; a longer word is unknown
    std::vector<AddedToken> added;
    std::vector<TemplatePart> single;  ///< has First once
    std::vector<TemplatePart> pair;    ///< has First and Second once
};

/// BERT's tokenizer: clean-up, words, then greedily the longest piece of the vocabulary; a word
/// that cannot be made of pieces is one unknown token.
class WordPieceTokenizer final : public Tokenizer {
  public:
    explicit WordPieceTokenizer(const WordPieceSpec& spec);

    Encoding encode(std::string_view text,
                    std::optional<std::string_view> pair,
                    std::size_t max_tokens) const override;

    std::int32_t vocabulary() const noexcept override { return vocabulary_; }

  private:
    // Appends the ids of `text`; stops early once there are `enough`.
    void append_ids(std::string_view text,
                    std::size_t enough,
                    std::vector<std::int32_t>& ids) const;
    void append_word(std::string_view word, std::vector<std::int32_t>& ids) const;

    BertText text_;
    PieceTable first_pieces_;  // all pieces, as they are
    PieceTable next_pieces_;   // those that go on, without the prefix
    std::int32_t unknown_id_;
    std::size_t longest_word_;
    AddedTokenFinder raw_tokens_, clean_tokens_;
    bool has_clean_tokens_ = false;
    std::vector<TemplatePart> single_, pair_;
    std::int32_t vocabulary_ = 0;
};

}  // namespace mobi
