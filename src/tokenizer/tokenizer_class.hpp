// SPDX-License-Identifier: Apache-2.0
//
// Which class of transformers 5 a folder's tokenizer is of.  The class decides how the vocabulary
// is used, also where a tokenizer.json says it: of that file a class other than
// PreTrainedTokenizerFast takes the vocabulary, the merges and the post_processor alone.
//
//   tokenizer_config.json  tokenizer_class
//   config.json            tokenizer_class, where the other does not say; model_type
//
// The class that is stated counts; that of the model_type where none is stated, for qwen2, whose
// published folders state a wrong one, and for the many that have none of their own, such as
// granite: their tokenizer.json is used as it is written, as PreTrainedTokenizerFast's is.
//
// Source: transformers 5.24, `models/auto/tokenization_auto.py`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/source_note.hpp"
#include "tokenizer/tokenizer_files.hpp"

namespace mobi {

enum class TokenizerClass {
    Bert,
    Mpnet,
    Gpt2,
    Opt,  ///< GPT2Tokenizer as OPT uses it; for a folder without tokenizer_config.json
    Roberta,
    Qwen2,
    Llama,
    AsWritten,  ///< in tokenizer.json
};

/// "BertTokenizer"
std::string_view name_of(TokenizerClass kind);

/// The `model_type` of config.json; empty when it does not say.
std::string model_type(const NamedText& config);

/// \param notes  says so when the files disagree.
/// \return       nothing when no file says anything that decides it and there is no tokenizer.json.
/// \throws DataError  when the class is one whose ways are not known here.
std::optional<TokenizerClass> tokenizer_class(const TokenizerFiles& files, SourceNotes& notes);

}  // namespace mobi
