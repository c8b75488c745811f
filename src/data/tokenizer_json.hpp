// SPDX-License-Identifier: Apache-2.0
//
// A tokenizer.json of the tokenizers library (https://huggingface.co/docs/tokenizers):
//
//   model            WordPiece, or BPE: data/byte_pair_json.hpp
//   normalizer       of WordPiece: BertNormalizer or null
//   pre_tokenizer    of WordPiece: BertPreTokenizer
//   post_processor   data/post_processor.hpp
//   added_tokens     tokens that are recognised where the text spells them out
//
// truncation, padding and decoder are not used: encode() has its own limit, decode() undoes what
// the normalizer and the pre_tokenizer did.
#pragma once

#include <memory>
#include <string_view>

#include "data/tokenizer.hpp"

namespace mobi {

/// \param name  stands in error messages.
/// \param json  the content of a tokenizer.json.
/// \throws DataError  naming the key and what is accepted.
std::unique_ptr<Tokenizer> parse_tokenizer_json(std::string_view name, std::string_view json);

}  // namespace mobi
