// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "text/tokenizer.hpp"

namespace mobi {

/// The tokenizer of a folder: what tokenizer/tokenizer_builder.hpp makes of tokenizer.json,
/// vocab.txt or vocab.json with merges.txt and the small files beside them, or, where none of these
/// is there, of tokenizer.bin or tok*.bin (llama2.c, tokenizer/llama2c_vocabulary.hpp).
///
/// \throws DataError  naming the file, the key and what can be read.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder);

}  // namespace mobi
