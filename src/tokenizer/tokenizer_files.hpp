// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace mobi {

/// The name of a file, for messages, and its content; empty = there is none.
struct NamedText {
    std::string name, text;

    bool is_there() const noexcept { return !text.empty(); }
    /// The name without its folder.
    std::string short_name() const { return std::filesystem::path(name).filename().string(); }
};

/// The files of a folder of transformers that say something about its tokenizer.
struct TokenizerFiles {
    NamedText tokenizer_json;
    NamedText vocab_txt;           ///< of word pieces
    NamedText vocab_json, merges;  ///< of byte pairs: vocab.json, merges.txt
    NamedText tokenizer_config;    ///< tokenizer_config.json
    NamedText special_tokens_map;  ///< special_tokens_map.json
    NamedText added_tokens;        ///< added_tokens.json
    NamedText model_config;        ///< config.json
};

/// Reads those of the files that are there.
/// \throws DataError
TokenizerFiles read_tokenizer_files(const std::filesystem::path& folder);

}  // namespace mobi
