// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/byte_pair_files.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "text/utf8.hpp"
#include "tokenizer/json_node.hpp"

namespace mobi {
namespace {

BytePairVocabularyReader read_vocabulary(const NamedText& file) {
    const nlohmann::json value = parse_json(file.name, file.text);
    BytePairVocabularyReader::Pieces pieces;
    for (const auto& [piece, id] : JsonNode(file.name, "", value).members())
        pieces.emplace_back(piece, id.id());
    return BytePairVocabularyReader(std::move(pieces));
}

}  // namespace

BytePairVocabularyReader read_byte_pair_files(const NamedText& vocabulary,
                                              const NamedText& merges) {
    BytePairVocabularyReader reader = read_vocabulary(vocabulary);
    std::size_t number = 0;
    for (std::string_view line : split(checked_utf8(merges.name, merges.text), '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with("#version")) continue;
        const std::vector<std::string_view> pieces = split(line, ' ');
        const std::string problem = pieces.size() == 2 ? reader.add_merge(pieces[0], pieces[1])
                                                       : "is not two pieces with a blank between";
        if (!problem.empty())
            throw DataError(fmt::format("{}:{}: {}", merges.name, number, problem));
    }
    return reader;
}

}  // namespace mobi
