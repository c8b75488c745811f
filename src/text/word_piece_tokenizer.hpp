// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/bert_text.hpp"
#include "text/piece_spelling.hpp"
#include "text/piece_table.hpp"
#include "text/sequence_template.hpp"
#include "text/tokenizer.hpp"

namespace mobi {

/// All that defines a word-piece tokenizer.
struct WordPieceSpec {
    BertTextOptions text;
    std::vector<std::pair<std::string, std::int32_t>>
        pieces;                       ///< ids >= 0; of equal pieces the last
    std::string continuation = "##";  ///< begins the pieces that go on within a word
    std::int32_t unknown_id = -1;
    std::size_t longest_word = 100;  ///< characters; a longer word is unknown
    std::vector<AddedToken> added;
    SequenceTemplate frame;
};

/// BERT's tokenizer: clean-up, words, then greedily the longest piece of the vocabulary; a word
/// that cannot be made of pieces is one unknown token.
class WordPieceTokenizer final : public Tokenizer {
  public:
    explicit WordPieceTokenizer(const WordPieceSpec& spec);

    Encoding encode(std::string_view text,
                    std::optional<std::string_view> pair,
                    std::size_t max_tokens) const override;

    std::vector<std::int32_t> encode_bare(std::string_view text) const override;

    std::string decode(std::span<const std::int32_t> ids, SpecialTokens special) const override;

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
    PieceSpelling spelling_;
    std::string continuation_;
    std::int32_t unknown_id_;
    std::size_t longest_word_;
    AddedTokens added_;
    SequenceTemplate frame_;
    std::int32_t vocabulary_ = 0;
};

}  // namespace mobi
