// SPDX-License-Identifier: Apache-2.0
//
// The vocabulary of llama2.c, tokenizer.bin or tok512.bin, little-endian:
//
//   1. int32    bytes of the longest piece
//   2. for each token from id 0 on, to the end of the file:
//      float32  score: the higher, the sooner it merges
//      int32    bytes of the piece
//      bytes    the piece; a blank is a blank
//
// Ids 0, 1 and 2 are <unk>, BOS and EOS, which no text becomes; 3 to 258 are the bytes 0x00 to
// 0xFF, spelled <0x00> to <0xFF>, for characters without a piece.  A sequence is BOS, a blank, the
// text. A pair is BOS, a blank, the first, BOS, a blank, the second, as Llama's tokenizer.json has
// it. Source: https://github.com/karpathy/llama2.c, `run.c` (encode, decode) and `tokenizer.py`.
#pragma once

#include <string_view>

#include "text/byte_pair_tokenizer.hpp"

namespace mobi {

/// \param name  stands in error messages.
/// \throws DataError  when the bytes are not as above.
BytePairSpec parse_llama2c_vocabulary(std::string_view name, std::string_view bytes);

}  // namespace mobi
