// SPDX-License-Identifier: Apache-2.0
#include "text/byte_pair_tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "text/utf8.hpp"

namespace mobi {
namespace {

std::string with_blanks(std::string_view piece, std::string_view blank) {
    std::string text;
    while (!piece.empty()) {
        const std::size_t found = std::min(piece.find(blank), piece.size());
        text += piece.substr(0, found);
        piece.remove_prefix(found);
        if (piece.empty()) break;
        text += ' ';
        piece.remove_prefix(blank.size());
    }
    return text;
}

}  // namespace

BytePairTokenizer::BytePairTokenizer(const BytePairSpec& spec)
    : model_(spec.vocabulary),
      words_(spec.words),
      added_(spec.added,
             [normalizer = TextNormalizer(spec.normalizer)](
                 std::string_view text, std::string& out) { normalizer.append(text, out); }),
      drop_first_blank_(spec.drop_first_blank),
      frame_(spec.frame) {
    set_spelling(spec);
    std::int32_t largest = std::max(spec.vocabulary.unknown_id, frame_.largest_id());
    for (const auto* pieces : {&spec.vocabulary.pieces, &spec.unreachable})
        for (const auto& [piece, id] : *pieces) largest = std::max(largest, id);
    for (const std::int32_t id : spec.vocabulary.byte_ids) largest = std::max(largest, id);
    for (const AddedToken& token : spec.added) largest = std::max(largest, token.id);
    vocabulary_ = largest + 1;
}

void BytePairTokenizer::set_spelling(const BytePairSpec& spec) {
    using Kind = PieceSpelling::Kind;
    for (const auto* pieces : {&spec.vocabulary.pieces, &spec.unreachable})
        for (const auto& [piece, id] : *pieces)
            spelling_.set(id, with_blanks(piece, spec.blank), Kind::Piece);
    for (std::size_t byte = 0; byte < spec.vocabulary.byte_ids.size(); ++byte)
        if (const std::int32_t id = spec.vocabulary.byte_ids.at(byte); id >= 0)
            spelling_.set(id, std::string(1, static_cast<char>(byte)), Kind::Piece);
    for (const AddedToken& token : spec.added)
        spelling_.set(token.id, with_blanks(token.content, spec.blank),
                      PieceSpelling::kind_of(token));
    for (const std::int32_t id : spec.control_ids)
        if (const auto entry = spelling_.find(id))
            spelling_.set(id, std::string(entry->text), Kind::Special);
}

void BytePairTokenizer::append_ids(std::string_view text,
                                   std::size_t enough,
                                   std::vector<std::int32_t>& ids) const {
    std::string repaired;
    if (!is_utf8(text)) text = repaired = replaced_utf8(text);
    added_.visit(text, [&](const AddedTokens::Part& part) {
        if (part.id >= 0)
            ids.push_back(part.id);
        else
            words_.visit(part.text, part.begins_text, [&](std::string_view word) {
                model_.append_ids(word, ids);
                return ids.size() < enough;
            });
        return ids.size() < enough;
    });
}

Encoding BytePairTokenizer::encode(std::string_view text,
                                   std::optional<std::string_view> pair,
                                   std::size_t max_tokens) const {
    return frame_.encode(text, pair, max_tokens,
                         [this](std::string_view part, std::size_t enough,
                                std::vector<std::int32_t>& ids) { append_ids(part, enough, ids); });
}

std::vector<std::int32_t> BytePairTokenizer::encode_bare(std::string_view text) const {
    std::vector<std::int32_t> ids;
    append_ids(text, std::numeric_limits<std::size_t>::max(), ids);
    return ids;
}

std::string BytePairTokenizer::decode(std::span<const std::int32_t> ids,
                                      SpecialTokens special) const {
    std::string text;
    for (const std::int32_t id : ids) {
        const std::optional<PieceSpelling::Entry> entry = spelling_.find(id);
        if (entry &&
            !(special == SpecialTokens::Drop && entry->kind == PieceSpelling::Kind::Special))
            text += entry->text;
    }
    if (drop_first_blank_ && text.starts_with(' ')) text.erase(0, 1);
    return text;
}

}  // namespace mobi
