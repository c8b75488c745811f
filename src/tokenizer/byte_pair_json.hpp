// SPDX-License-Identifier: Apache-2.0
//
// The parts of a tokenizer.json with byte pairs:
//
//   model           type BPE; vocab, piece to id; merges, "left right" or ["left", "right"], best
//                   first; unk_token, byte_fallback, fuse_unk, ignore_merges.  dropout,
//                   continuing_subword_prefix and end_of_word_suffix must be absent or empty.
//   normalizer      Prepend, Replace of a String, NFC, a Sequence of them, or null
//   pre_tokenizer   ByteLevel (vocab is then spelled in the byte alphabet, text/byte_alphabet.hpp);
//                   Metaspace; Split with a pattern of text/pre_tokenizer.hpp; Digits; a Sequence
//                   that ends in ByteLevel; or null: a text is one word
//
// Source: tokenizers 0.23 (https://docs.rs/tokenizers/latest/tokenizers/).
#pragma once

#include "text/byte_pair_tokenizer.hpp"
#include "tokenizer/byte_pair_vocabulary.hpp"
#include "tokenizer/json_node.hpp"

namespace mobi {

/// The pieces and merges of a model of type BPE.
/// \throws DataError  naming the key and what is accepted, as the others here.
BytePairVocabularyReader read_byte_pair_vocabulary(const JsonNode& model);

/// How a pre_tokenizer cuts text.
/// \param byte_level  is set to whether the words are spelled in the byte alphabet.
PreTokenizerOptions read_pre_tokenizer(const JsonNode& node, bool& byte_level);

/// All of a tokenizer.json whose model is a BPE, but its added tokens.
/// \param ids  is set to the ids of the pieces, as spelled.
BytePairSpec read_byte_pair(const JsonNode& root, PieceIds& ids);

/// Whether decoding takes a blank away that encoding put in front of the text.
bool prepends_blank(const BytePairSpec& spec);

}  // namespace mobi
