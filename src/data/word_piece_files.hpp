// SPDX-License-Identifier: Apache-2.0
//
// A word-piece vocabulary:
//
//   vocab.txt               one piece a line, its id is the line's number from 0 on; of equal lines
//                           the last one counts
//   tokenizer_config.json   may be absent, and may say tokenizer_class (Bert, DistilBert, Electra,
//                           MobileBert or MPNet), do_lower_case, strip_accents,
//                           tokenize_chinese_chars and the spelling of the special tokens
#pragma once

#include <string_view>

#include "data/word_piece_tokenizer.hpp"

namespace mobi {

/// \param name    stands in error messages, as config_name does.
/// \param config  the content of tokenizer_config.json; empty = there is none.
/// \throws DataError  naming the key and what is accepted.
WordPieceSpec parse_vocabulary(std::string_view name,
                               std::string_view vocabulary,
                               std::string_view config_name,
                               std::string_view config);

}  // namespace mobi
