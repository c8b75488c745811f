// SPDX-License-Identifier: Apache-2.0
//
// A word-piece vocabulary, vocab.txt: one piece a line, its id is the line's number from 0 on; of
// equal lines the last one counts.  White space at the end of a line is not part of it.
#pragma once

#include "tokenizer/tokenizer_files.hpp"
#include "tokenizer/word_piece_json.hpp"

namespace mobi {

/// \throws DataError  naming the line.
WordPieces read_vocab_txt(const NamedText& file);

}  // namespace mobi
