// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/added_tokens.hpp"
#include "text/byte_pair_model.hpp"
#include "text/piece_spelling.hpp"
#include "text/pre_tokenizer.hpp"
#include "text/sequence_template.hpp"
#include "text/text_normalizer.hpp"
#include "text/tokenizer.hpp"

namespace mobi {

/// All that defines a byte-pair tokenizer.
struct BytePairSpec {
    std::vector<NormalizerStep> normalizer;
    PreTokenizerOptions words;
    BytePairVocabulary vocabulary;  ///< its pieces as the text they stand for, not as spelled
    std::vector<std::pair<std::string, std::int32_t>>
        unreachable;                ///< pieces that no text becomes, for decoding
    std::string blank = " ";        ///< what pieces have in place of a blank
    bool drop_first_blank = false;  ///< decoding takes the blank away that encoding put in front
    std::vector<AddedToken> added;  ///< recognised in text
    std::vector<std::int32_t> control_ids;  ///< special, though no text spells them
    SequenceTemplate frame;
};

/// The tokenizer of decoders and of RoBERTa: the text between added tokens is normalized, cut into
/// words, and each word encoded by byte pairs.
class BytePairTokenizer final : public Tokenizer {
  public:
    explicit BytePairTokenizer(const BytePairSpec& spec);

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
    void set_spelling(const BytePairSpec& spec);

    BytePairModel model_;
    PreTokenizer words_;
    AddedTokens added_;
    PieceSpelling spelling_;
    bool drop_first_blank_;
    SequenceTemplate frame_;
    std::int32_t vocabulary_ = 0;
};

}  // namespace mobi
