// SPDX-License-Identifier: Apache-2.0
//
// The parts of a tokenizer.json with word pieces:
//
//   model            type WordPiece; vocab, piece to id; unk_token, continuing_subword_prefix,
//                    max_input_chars_per_word
//   normalizer       BertNormalizer or null
//   pre_tokenizer    BertPreTokenizer
//
// Source: tokenizers 0.23 (https://docs.rs/tokenizers/latest/tokenizers/).
#pragma once

#include "text/word_piece_tokenizer.hpp"
#include "tokenizer/added_vocabulary.hpp"
#include "tokenizer/json_node.hpp"

namespace mobi {

using WordPieces = std::vector<std::pair<std::string, std::int32_t>>;

/// The pieces of a model of type WordPiece.
/// \throws DataError  naming the key and what is accepted, as the other one here.
WordPieces read_word_pieces(const JsonNode& model);

/// All of a tokenizer.json whose model is a WordPiece, but its added tokens.
WordPieceSpec read_word_piece(const JsonNode& root);

/// The ids of pieces; of equal pieces the last counts.
PieceIds ids_of(const WordPieces& pieces);

}  // namespace mobi
