// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_folder.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text_file.hpp"
#include "text/byte_pair_tokenizer.hpp"
#include "tokenizer/llama2c_vocabulary.hpp"
#include "tokenizer/tokenizer_builder.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& file) {
    std::error_code error;
    return fs::exists(file, error);
}

/// `tokenizer.bin`, or the one file such as `tok512.bin`.
/// \return  an empty path when there is none.
/// \throws DataError  when there are several.
fs::path llama2c_vocabulary(const fs::path& folder) {
    if (is_there(folder / "tokenizer.bin")) return folder / "tokenizer.bin";
    fs::path found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with("tok") || !name.ends_with(".bin")) continue;
        const std::string_view digits = std::string_view(name).substr(3, name.size() - 7);
        if (digits.find_first_not_of("0123456789") != std::string_view::npos) continue;
        if (!found.empty())
            throw DataError(
                fmt::format("{}: holds several tok*.bin; name the one to read "
                            "tokenizer.bin",
                            folder.string()));
        found = entry.path();
    }
    return found;
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer(const fs::path& folder) {
    const TokenizerFiles files = read_tokenizer_files(folder);
    if (files.tokenizer_json.is_there() || files.vocab_json.is_there() ||
        files.vocab_txt.is_there())
        return make_tokenizer(files);
    if (const fs::path file = llama2c_vocabulary(folder); !file.empty())
        return std::make_unique<BytePairTokenizer>(
            parse_llama2c_vocabulary(file.string(), read_text_file(file)));
    const std::string_view command = fetch_command(folder);
    throw DataError(fmt::format(
        "{}: {}; {}", folder.string(), is_there(folder) ? "holds no tokenizer" : "no such folder",
        command.empty() ? "tokenizer.json, vocab.json with merges.txt, vocab.txt and llama2.c's "
                          "tokenizer.bin are read"
                        : command));
}

}  // namespace mobi
