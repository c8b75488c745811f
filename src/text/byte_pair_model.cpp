// SPDX-License-Identifier: Apache-2.0
#include "text/byte_pair_model.hpp"

#include <algorithm>
#include <bit>
#include <queue>
#include <tuple>

#include "text/utf8.hpp"

namespace mobi {
namespace {

std::uint64_t key_of(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
}

/// A pair that may merge.  It is stale once its left symbol, or the one after it, has changed.
struct Candidate {
    std::int32_t rank = 0, place = 0, result = 0;
    bool operator>(const Candidate& other) const {
        return std::tie(rank, place) > std::tie(other.rank, other.place);
    }
};

}  // namespace

BytePairModel::BytePairModel(const BytePairVocabulary& vocabulary)
    : unit_(vocabulary.unit),
      unknown_id_(vocabulary.unknown_id),
      fuse_unknown_(vocabulary.fuse_unknown),
      ignore_merges_(vocabulary.ignore_merges),
      byte_ids_(vocabulary.byte_ids),
      pieces_(vocabulary.pieces.size()),
      slots_(std::bit_ceil(2 * vocabulary.merges.size() + 1)),
      mask_(slots_.size() - 1) {
    unit_ids_.fill(-1);
    for (const auto& [piece, id] : vocabulary.pieces) {
        pieces_.add(piece, id);
        if (piece.size() == 1) unit_ids_.at(static_cast<unsigned char>(piece.front())) = id;
    }
    for (const BytePairMerge& merge : vocabulary.merges) {
        const std::uint64_t pair = key_of(merge.left, merge.right);
        slots_[place_of(pair)] = {pair, {merge.rank, merge.result}};
    }
}

std::size_t BytePairModel::place_of(std::uint64_t pair) const {
    std::uint64_t hash = pair * 0x9E3779B97F4A7C15;  // Fibonacci hashing
    hash ^= hash >> 32;
    std::size_t place = hash & mask_;
    while (slots_[place].result.rank >= 0 && slots_[place].pair != pair)
        place = (place + 1) & mask_;
    return place;
}

BytePairModel::Result BytePairModel::result_of(std::int32_t left, std::int32_t right) const {
    return slots_[place_of(key_of(left, right))].result;
}

void BytePairModel::append_units(std::string_view word, std::vector<Symbol>& symbols) const {
    bool unknown = false;  // an unknown token waits to be put, and takes what follows in if fused
    const auto put = [&](std::int32_t id) { symbols.push_back({id}); };
    const auto flush = [&] {
        if (unknown) put(unknown_id_);
        unknown = false;
    };
    for (std::size_t start = 0; start < word.size();) {
        std::size_t end = start + 1;
        std::int32_t id = -1;
        if (unit_ == BytePairVocabulary::Unit::Byte ||
            static_cast<unsigned char>(word[start]) < 0x80) {
            id = unit_ids_.at(static_cast<unsigned char>(word[start]));
        } else {
            end = start;
            next_character(word, end);
            id = pieces_.id_of(word.substr(start, end - start));
        }
        const std::string_view unit = word.substr(start, end - start);
        start = end;
        if (id >= 0) {
            flush();
            put(id);
            continue;
        }
        const auto byte_id = [&](char byte) {
            return byte_ids_.at(static_cast<unsigned char>(byte));
        };
        if (std::all_of(unit.begin(), unit.end(), [&](char byte) { return byte_id(byte) >= 0; })) {
            // Nor does the library flush here: an unknown token comes after bytes that follow it.
            for (const char byte : unit) put(byte_id(byte));
        } else if (unknown_id_ >= 0) {
            if (!fuse_unknown_) flush();
            unknown = true;
        }
    }
    flush();
}

void BytePairModel::merge(std::vector<Symbol>& symbols) const {
    std::vector<Candidate> storage;
    storage.reserve(symbols.size());
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue(
        {}, std::move(storage));
    const auto consider = [&](std::int32_t place) {
        if (place < 0 || symbols[static_cast<std::size_t>(place)].after < 0) return;
        const Symbol& left = symbols[static_cast<std::size_t>(place)];
        const Symbol& right = symbols[static_cast<std::size_t>(left.after)];
        if (const Result result = result_of(left.id, right.id); result.rank >= 0)
            queue.push({result.rank, place, result.id});
    };
    const auto count = static_cast<std::int32_t>(symbols.size());
    for (std::int32_t i = 0; i < count; ++i) {
        symbols[static_cast<std::size_t>(i)].before = i - 1;
        symbols[static_cast<std::size_t>(i)].after = i + 1 < count ? i + 1 : -1;
    }
    for (std::int32_t i = 0; i + 1 < count; ++i) consider(i);
    while (!queue.empty()) {
        const Candidate best = queue.top();
        queue.pop();
        Symbol& left = symbols[static_cast<std::size_t>(best.place)];
        if (left.merged_away || left.after < 0) continue;
        Symbol& right = symbols[static_cast<std::size_t>(left.after)];
        const Result now = result_of(left.id, right.id);
        if (now.rank < 0 || now.id != best.result) continue;
        left.id = best.result;
        right.merged_away = true;
        left.after = right.after;
        if (left.after >= 0) symbols[static_cast<std::size_t>(left.after)].before = best.place;
        consider(left.before);
        consider(best.place);
    }
}

void BytePairModel::append_ids(std::string_view word, std::vector<std::int32_t>& ids) const {
    if (ignore_merges_) {
        if (const std::int32_t id = pieces_.id_of(word); id >= 0) {
            ids.push_back(id);
            return;
        }
    }
    std::vector<Symbol> symbols;
    symbols.reserve(word.size());
    append_units(word, symbols);
    if (symbols.size() > 1) merge(symbols);
    for (const Symbol& symbol : symbols)
        if (!symbol.merged_away) ids.push_back(symbol.id);
}

}  // namespace mobi
