// SPDX-License-Identifier: Apache-2.0
//
// The tokenizer that the files of a folder make, as AutoTokenizer of transformers 5 makes it:
//
//   1. tokenizer/tokenizer_class.hpp says which class it is of.
//   2. tokenizer/tokenizer_settings.hpp says what the small files say.
//   3. The vocabulary is that of tokenizer.json (tokenizer/word_piece_json.hpp,
//   tokenizer/byte_pair_json.hpp),
//      else vocab.txt, else vocab.json and merges.txt.
//   4. The class says what becomes of a text before it is cut into pieces, and its special tokens:
//        BERT      clean-up by do_lower_case, strip_accents, tokenize_chinese_chars; adds cls, sep
//        MPNet     as BERT, but <s> and </s>, two of them within a pair
//        GPT-2     words of GPT-2, add_prefix_space; the post_processor of tokenizer.json, or
//                  add_bos_token and add_eos_token
//        RoBERTa   as GPT-2, but adds cls and sep, which frame a pair as in MPNet
//        Qwen2     NFC, words of Qwen2; else as GPT-2
//        Llama     U+2581 for blanks, one in front of the text, no words; else as GPT-2
//      PreTrainedTokenizerFast takes all of it from tokenizer.json.
//   5. tokenizer/added_vocabulary.hpp gives ids to added tokens and to special tokens that are no
//   pieces.
//
// Two files that disagree are noted, see Tokenizer::sources().  Without any word about the class, a
// vocab.json with <s> and </s> is RoBERTa's and another one GPT-2's, a vocab.txt that begins with
// <s> is MPNet's and another one BERT's.  OPT without tokenizer_config.json, where AutoTokenizer
// would add GPT-2's tokens to it, has its published ones: bos, eos and unk </s>, pad <pad>, and
// adds bos.
//
// Source: transformers 5.24, `tokenization_utils_base.py`, `tokenization_utils_tokenizers.py` and
// `models/<family>/tokenization_<family>.py`.
#pragma once

#include <memory>

#include "text/tokenizer.hpp"
#include "tokenizer/tokenizer_files.hpp"

namespace mobi {

/// \throws DataError  naming the file, the key or line, and what is accepted.
std::unique_ptr<Tokenizer> make_tokenizer(const TokenizerFiles& files);

}  // namespace mobi
