// SPDX-License-Identifier: Apache-2.0
//
// What load_tokenizer() reads:
//
//   tokenizer.json   model WordPiece; normalizer BertNormalizer or null; pre_tokenizer
//                    BertPreTokenizer; post_processor TemplateProcessing, BertProcessing,
//                    RobertaProcessing or null; added_tokens.  truncation, padding and decoder are
//                    not used.
//   vocab.txt        one piece a line, its id is the line's number from 0 on; of equal lines the
//   last
//                    one counts.  tokenizer_config.json may say tokenizer_class (Bert, DistilBert,
//                    Electra, MobileBert or MPNet), do_lower_case, strip_accents,
//                    tokenize_chinese_chars and the spelling of the special tokens.
#pragma once

#include <filesystem>
#include <string_view>

#include "data/word_piece_tokenizer.hpp"

namespace mobi {

/// \param name  stands in error messages.
/// \param json  the content of a tokenizer.json.
/// \throws DataError  naming the key and what is accepted.
WordPieceSpec parse_tokenizer_json(std::string_view name, std::string_view json);

/// \param config  the content of tokenizer_config.json; empty = there is none.
/// \throws DataError  as above.
WordPieceSpec parse_vocabulary(std::string_view name,
                               std::string_view vocabulary,
                               std::string_view config_name,
                               std::string_view config);

}  // namespace mobi
