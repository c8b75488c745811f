// SPDX-License-Identifier: Apache-2.0
#include "data/tokenizer.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/error.hpp"
#include "data/text_file.hpp"
#include "data/tokenizer_json.hpp"
#include "data/word_piece_files.hpp"

namespace mobi {

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder) {
    std::error_code error;
    const auto is_there = [&](const std::filesystem::path& file) {
        return std::filesystem::exists(file, error);
    };
    const std::filesystem::path json = folder / "tokenizer.json";
    if (is_there(json)) return parse_tokenizer_json(json.string(), read_text_file(json));
    const std::filesystem::path vocabulary = folder / "vocab.txt";
    const std::filesystem::path config = folder / "tokenizer_config.json";
    if (!is_there(vocabulary)) {
        const std::string_view command = fetch_command(folder);
        throw DataError(fmt::format(
            "{}: {}; {}", folder.string(),
            is_there(folder) ? "holds neither tokenizer.json nor vocab.txt" : "no such folder",
            command.empty() ? "a Hugging Face folder with one of tokenizer.json (WordPiece) and "
                              "vocab.txt is read"
                            : command));
    }
    return std::make_unique<WordPieceTokenizer>(
        parse_vocabulary(vocabulary.string(), read_text_file(vocabulary), config.string(),
                         is_there(config) ? read_text_file(config) : std::string()));
}

}  // namespace mobi
