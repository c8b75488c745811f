// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/word_piece_files.hpp"

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "text/character_class.hpp"
#include "text/utf8.hpp"
#include "tokenizer/json_node.hpp"

namespace mobi {
namespace {

std::string_view without_spaces_at_the_end(std::string_view line) {
    std::size_t end = 0;
    for (std::size_t i = 0; i < line.size();)
        if (class_of(next_character(line, i)) != CharacterClass::Space) end = i;
    return line.substr(0, end);
}

}  // namespace

WordPieces read_vocab_txt(const NamedText& file) {
    std::vector<std::string_view> lines = split(checked_utf8(file.name, file.text), '\n');
    if (lines.back().empty()) lines.pop_back();
    if (lines.size() > static_cast<std::size_t>(JsonNode::kLargestId))
        throw DataError(fmt::format("{}: {} pieces are too many", file.name, lines.size()));
    WordPieces pieces;
    pieces.reserve(lines.size());
    for (const std::string_view line : lines)
        pieces.emplace_back(without_spaces_at_the_end(line),
                            static_cast<std::int32_t>(pieces.size()));
    return pieces;
}

}  // namespace mobi
