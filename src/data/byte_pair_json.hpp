// SPDX-License-Identifier: Apache-2.0
//
// The parts of a tokenizer.json with byte pairs:
//
//   model           type BPE; vocab, piece to id; merges, "left right" or ["left", "right"], best
//                   first; unk_token, byte_fallback, fuse_unk, ignore_merges.  dropout,
//                   continuing_subword_prefix and end_of_word_suffix must be absent or empty.
//   normalizer      Prepend, Replace of a String, NFC, a Sequence of them, or null
//   pre_tokenizer   ByteLevel (vocab is then spelled in the byte alphabet, data/byte_alphabet.hpp);
//                   Metaspace; Split with a pattern of data/pre_tokenizer.hpp; Digits; a Sequence
//                   that ends in ByteLevel; or null: a text is one word
//
// Source: tokenizers 0.23 (https://docs.rs/tokenizers/latest/tokenizers/).
#pragma once

#include <memory>
#include <vector>

#include "data/byte_pair_tokenizer.hpp"
#include "data/json_node.hpp"

namespace mobi {

/// \param root  the object of a tokenizer.json whose model is a BPE.
/// \throws DataError  naming the key and what is accepted.
BytePairSpec read_byte_pair(const JsonNode& root, std::vector<AddedToken> added);

}  // namespace mobi
