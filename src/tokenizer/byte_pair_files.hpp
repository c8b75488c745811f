// SPDX-License-Identifier: Apache-2.0
//
// A byte-level vocabulary without tokenizer.json:
//
//   vocab.json   one object of piece, in the byte alphabet, to id
//   merges.txt   a line "left right" for each merge, best first; a line that begins with
//                "#version" is skipped
#pragma once

#include "tokenizer/byte_pair_vocabulary.hpp"
#include "tokenizer/tokenizer_files.hpp"

namespace mobi {

/// \throws DataError  naming the file, the key or line, and what is accepted.
BytePairVocabularyReader read_byte_pair_files(const NamedText& vocabulary, const NamedText& merges);

}  // namespace mobi
