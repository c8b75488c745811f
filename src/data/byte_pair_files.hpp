// SPDX-License-Identifier: Apache-2.0
//
// A byte-level vocabulary without tokenizer.json:
//
//   vocab.json               one object of piece, in the byte alphabet, to id
//   merges.txt               a line "left right" for each merge, best first; a line that begins
//   with
//                            "#version" is skipped
//   tokenizer_config.json    may be absent, as the next two; may say tokenizer_class, the special
//                            tokens, added_tokens_decoder, add_prefix_space, add_bos_token,
//                            add_eos_token
//   special_tokens_map.json  the special tokens, where tokenizer_config.json does not say
//   config.json              model_type
//
// model_type opt is OPT; else tokenizer_class GPT2Tokenizer, RobertaTokenizer or Qwen2Tokenizer
// decides; else model_type gpt2, roberta or qwen2; else a vocabulary with <s> and </s> is RoBERTa's
// (OPT has the same one: its config.json tells them apart), any other GPT-2's.  Without a word
// about them, the special tokens are the family's:
//
//   GPT-2    bos, eos and unk <|endoftext|>; adds none
//   OPT      bos, eos and unk </s>, pad <pad>; adds bos
//   RoBERTa  bos and cls <s>, eos and sep </s>, unk <unk>, pad <pad>, mask <mask>, which swallows
//            the white space before it; adds cls and sep
//   Qwen2    eos, unk and pad <|endoftext|>; adds none
//
// Source: transformers 4 and 5, `tokenization_<family>.py`.
#pragma once

#include <string>
#include <string_view>

#include "data/byte_pair_tokenizer.hpp"

namespace mobi {

/// The name of a file, for messages, and its content; empty = there is none.
struct NamedText {
    std::string name, text;
};

struct BytePairFiles {
    NamedText vocabulary, merges;  ///< vocab.json, merges.txt
    NamedText tokenizer_config, special_tokens_map, model_config;
};

/// \throws DataError  naming the file, the key or line, and what is accepted.
BytePairSpec parse_byte_pair_files(const BytePairFiles& files);

}  // namespace mobi
