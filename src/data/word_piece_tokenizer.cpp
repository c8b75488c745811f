// SPDX-License-Identifier: Apache-2.0
#include "data/word_piece_tokenizer.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {
namespace {

std::size_t special_tokens(std::span<const TemplatePart> parts) {
    return static_cast<std::size_t>(std::count_if(
        parts.begin(), parts.end(),
        [](const TemplatePart& part) { return part.kind == TemplatePart::Kind::Special; }));
}

std::size_t characters(std::string_view utf8) {
    return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    }));
}

/// How many ids of each text are kept: `longest_first` of the tokenizers library, in closed form.
std::pair<std::size_t, std::size_t> kept(std::size_t first, std::size_t second, std::size_t room) {
    if (first + second <= room) return {first, second};
    const bool swapped = first > second;
    std::size_t shorter = std::min(first, second);
    std::size_t longer = shorter > room ? shorter : std::max(shorter, room - shorter);
    if (shorter + longer > room) {
        shorter = room / 2;
        longer = shorter + room % 2;
    }
    return swapped ? std::pair{longer, shorter} : std::pair{shorter, longer};
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(const WordPieceSpec& spec)
    : text_(spec.text),
      first_pieces_(spec.pieces.size()),
      next_pieces_(spec.pieces.size()),
      unknown_id_(spec.unknown_id),
      longest_word_(spec.longest_word),
      single_(spec.single),
      pair_(spec.pair) {
    std::int32_t largest = unknown_id_;
    for (const auto& [piece, id] : spec.pieces) {
        first_pieces_.add(piece, id);
        if (piece.starts_with(spec.continuation))
            next_pieces_.add(std::string_view(piece).substr(spec.continuation.size()), id);
        largest = std::max(largest, id);
    }
    std::vector<AddedToken> raw;
    std::vector<AddedToken> clean;
    for (const AddedToken& token : spec.added) {
        largest = std::max(largest, token.id);
        if (!token.normalized) {
            raw.push_back(token);
            continue;
        }
        clean.push_back(token);
        clean.back().content.clear();
        text_.append(token.content, clean.back().content);
    }
    for (const auto* parts : {&single_, &pair_})
        for (const TemplatePart& part : *parts) largest = std::max(largest, part.id);
    has_clean_tokens_ = !clean.empty();
    raw_tokens_ = AddedTokenFinder(std::move(raw));
    clean_tokens_ = AddedTokenFinder(std::move(clean));
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
    const auto append_words = [&](std::string_view clean) {
        WordSplitter words(clean);
        for (auto word = words.next(); !word.empty() && ids.size() < enough; word = words.next())
            append_word(word, ids);
    };
    std::string clean;
    for (const AddedTokenFinder::Part& raw : raw_tokens_.split(text)) {
        if (ids.size() >= enough) return;
        if (raw.id >= 0) {
            ids.push_back(raw.id);
            continue;
        }
        clean.clear();
        text_.append(raw.text, clean);
        if (!has_clean_tokens_) {
            append_words(clean);
            continue;
        }
        for (const AddedTokenFinder::Part& part : clean_tokens_.split(clean)) {
            if (part.id >= 0)
                ids.push_back(part.id);
            else
                append_words(part.text);
        }
    }
}

Encoding WordPieceTokenizer::encode(std::string_view text,
                                    std::optional<std::string_view> pair,
                                    std::size_t max_tokens) const {
    const std::vector<TemplatePart>& parts = pair ? pair_ : single_;
    const std::size_t special = special_tokens(parts);
    if (max_tokens != 0 && max_tokens <= special)
        throw ConfigError(
            fmt::format("{} tokens at most leave no room beside {} special tokens; "
                        "data.max_tokens = {} or more",
                        max_tokens, special, special + 1));
    const std::size_t room =
        max_tokens == 0 ? std::numeric_limits<std::size_t>::max() / 2 : max_tokens - special;
    std::vector<std::int32_t> first;
    std::vector<std::int32_t> second;
    // The lengths of both texts decide how a pair is cut: only a single text may stop early.
    append_ids(text, pair ? std::numeric_limits<std::size_t>::max() : room, first);
    if (pair) append_ids(*pair, std::numeric_limits<std::size_t>::max(), second);
    const auto [first_kept, second_kept] =
        pair ? kept(first.size(), second.size(), room)
             : std::pair{std::min(first.size(), room), std::size_t{0}};
    first.resize(first_kept);
    second.resize(second_kept);
    Encoding encoding;
    encoding.ids.reserve(first.size() + second.size() + special);
    for (const TemplatePart& part : parts) {
        if (part.kind == TemplatePart::Kind::Special) {
            encoding.ids.push_back(part.id);
        } else {
            const auto& ids = part.kind == TemplatePart::Kind::First ? first : second;
            encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
        }
        encoding.type_ids.resize(encoding.ids.size(), part.type_id);
    }
    return encoding;
}

}  // namespace mobi
