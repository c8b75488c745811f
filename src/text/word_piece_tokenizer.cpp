// SPDX-License-Identifier: Apache-2.0
#include "text/word_piece_tokenizer.hpp"

#include <algorithm>
#include <limits>

namespace mobi {
namespace {

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    }));
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(const WordPieceSpec& spec)
    : text_(spec.text),
      first_pieces_(spec.pieces.size()),
      next_pieces_(spec.pieces.size()),
      continuation_(spec.continuation),
      unknown_id_(spec.unknown_id),
      longest_word_(spec.longest_word),
      added_(spec.added,
             [text = text_](std::string_view raw, std::string& out) { text.append(raw, out); }),
      frame_(spec.frame) {
    std::int32_t largest = std::max(unknown_id_, frame_.largest_id());
    for (const auto& [piece, id] : spec.pieces) {
        first_pieces_.add(piece, id);
        if (piece.starts_with(continuation_))
            next_pieces_.add(std::string_view(piece).substr(continuation_.size()), id);
        spelling_.set(id, piece, PieceSpelling::Kind::Piece);
        largest = std::max(largest, id);
    }
    for (const AddedToken& token : spec.added) {
        spelling_.set(token.id, token.content, PieceSpelling::kind_of(token));
        largest = std::max(largest, token.id);
    }
    vocabulary_ = largest + 1;
}

void WordPieceTokenizer::append_word(std::string_view word, std::vector<std::int32_t>& ids) const {
    if (word.size() > longest_word_ && characters(word) > longest_word_) {
        ids.push_back(unknown_id_);
        return;
    }
    const std::size_t before = ids.size();
    const PieceTable* table = &first_pieces_;
    while (!word.empty()) {
        const PieceTable::Match match = table->longest_prefix(word);
        if (match.bytes == 0) {
            ids.resize(before);
            ids.push_back(unknown_id_);
            return;
        }
        ids.push_back(match.id);
        word.remove_prefix(match.bytes);
        table = &next_pieces_;
    }
}

void WordPieceTokenizer::append_ids(std::string_view text,
                                    std::size_t enough,
                                    std::vector<std::int32_t>& ids) const {
    added_.visit(text, [&](const AddedTokens::Part& part) {
        if (part.id >= 0) {
            ids.push_back(part.id);
        } else {
            WordSplitter words(part.text);
            for (auto word = words.next(); !word.empty() && ids.size() < enough;
                 word = words.next())
                append_word(word, ids);
        }
        return ids.size() < enough;
    });
}

Encoding WordPieceTokenizer::encode(std::string_view text,
                                    std::optional<std::string_view> pair,
                                    std::size_t max_tokens) const {
    return frame_.encode(text, pair, max_tokens,
                         [this](std::string_view part, std::size_t enough,
                                std::vector<std::int32_t>& ids) { append_ids(part, enough, ids); });
}

std::vector<std::int32_t> WordPieceTokenizer::encode_bare(std::string_view text) const {
    std::vector<std::int32_t> ids;
    append_ids(text, std::numeric_limits<std::size_t>::max(), ids);
    return ids;
}

std::string WordPieceTokenizer::decode(std::span<const std::int32_t> ids,
                                       SpecialTokens special) const {
    std::string text;
    bool first = true;
    for (const std::int32_t id : ids) {
        const std::optional<PieceSpelling::Entry> entry = spelling_.find(id);
        if (!entry ||
            (special == SpecialTokens::Drop && entry->kind == PieceSpelling::Kind::Special))
            continue;
        std::string_view piece = entry->text;
        if (!first && piece.starts_with(continuation_))
            piece.remove_prefix(continuation_.size());
        else if (!first)
            text += ' ';
        text += piece;
        first = false;
    }
    return text;
}

}  // namespace mobi
