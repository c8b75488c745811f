// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_files.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text_file.hpp"

namespace mobi {
namespace {

NamedText read_if_there(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return {file.string(), ""};
    NamedText read{file.string(), read_text_file(file)};
    if (!read.is_there()) throw DataError(fmt::format("{}: is empty", read.name));
    return read;
}

}  // namespace

TokenizerFiles read_tokenizer_files(const std::filesystem::path& folder) {
    const auto read = [&](const char* name) { return read_if_there(folder / name); };
    return {read("tokenizer.json"),
            read("vocab.txt"),
            read("vocab.json"),
            read("merges.txt"),
            read("tokenizer_config.json"),
            read("special_tokens_map.json"),
            read("added_tokens.json"),
            read("config.json")};
}

}  // namespace mobi
