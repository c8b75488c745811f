// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tokenizer/tokenizer_builder.hpp"

namespace mobi::test {

/// The files of a folder by their usual names, all absent.
inline TokenizerFiles absent_files() {
    return {{"tokenizer.json", ""},
            {"vocab.txt", ""},
            {"vocab.json", ""},
            {"merges.txt", ""},
            {"tokenizer_config.json", ""},
            {"special_tokens_map.json", ""},
            {"added_tokens.json", ""},
            {"config.json", ""}};
}

/// The tokenizer of a tokenizer.json alone, whose name in messages is t.json.
inline std::unique_ptr<Tokenizer> tokenizer_of_json(std::string json) {
    TokenizerFiles files = absent_files();
    files.tokenizer_json = {"t.json", std::move(json)};
    return make_tokenizer(files);
}

/// The tokenizer of a vocab.txt and a tokenizer_config.json; either may be empty.
inline std::unique_ptr<Tokenizer> tokenizer_of_vocab_txt(std::string vocabulary,
                                                         std::string config = "") {
    TokenizerFiles files = absent_files();
    files.vocab_txt.text = std::move(vocabulary);
    files.tokenizer_config.text = std::move(config);
    return make_tokenizer(files);
}

}  // namespace mobi::test
