// SPDX-License-Identifier: Apache-2.0
#include "text/piece_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "core/check.hpp"

namespace mobi {
namespace {

constexpr std::uint64_t kStart = 0xcbf29ce484222325;

std::uint64_t step(std::uint64_t hash, char letter) {
    return (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
}

std::uint64_t hash_of(std::string_view piece) {
    std::uint64_t hash = kStart;
    for (const char letter : piece) hash = step(hash, letter);
    return hash;
}

// FNV mixes its low bits badly: the table uses a fold of both halves.
std::uint32_t fold(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash ^ (hash >> 32));
}

}  // namespace

PieceTable::PieceTable(std::size_t capacity)
    : slots_(std::bit_ceil(2 * capacity + 1)), mask_(slots_.size() - 1) {}

std::size_t PieceTable::place_of(std::string_view piece, std::uint64_t hash) const {
    std::size_t place = fold(hash) & mask_;
    while (slots_[place].length != 0) {
        const Slot& slot = slots_[place];
        if (std::string_view(text_).substr(slot.offset, slot.length) == piece) break;
        place = (place + 1) & mask_;
    }
    return place;
}

std::int32_t PieceTable::id_of(std::string_view piece) const {
    return slots_[place_of(piece, hash_of(piece))].id;
}

void PieceTable::add(std::string_view piece, std::int32_t id) {
    if (piece.empty()) return;
    const std::uint64_t hash = hash_of(piece);
    Slot& slot = slots_[place_of(piece, hash)];
    if (slot.length == 0) {
        MOBI_CHECK(text_.size() + piece.size() < std::numeric_limits<std::uint32_t>::max(),
                   "the vocabulary is larger than 4 GiB");
        slot = {fold(hash), static_cast<std::uint32_t>(text_.size()),
                static_cast<std::uint32_t>(piece.size()), id};
        text_ += piece;
        longest_ = std::max(longest_, piece.size());
    }
    slot.id = id;
}

PieceTable::Match PieceTable::longest_prefix(std::string_view text) const {
    // Hashes of all prefixes in one pass; longer texts than `local` holds take the heap.
    constexpr std::size_t local = 64;
    std::array<std::uint32_t, local> few{};
    std::vector<std::uint32_t> many;
    const std::size_t length = std::min(longest_, text.size());
    std::uint32_t* hashes = few.data();
    if (length > local) {
        many.resize(length);
        hashes = many.data();
    }
    std::uint64_t hash = kStart;
    for (std::size_t i = 0; i < length; ++i) hashes[i] = fold(hash = step(hash, text[i]));
    for (std::size_t bytes = length; bytes > 0; --bytes) {
        const std::uint32_t wanted = hashes[bytes - 1];
        for (std::size_t place = wanted & mask_; slots_[place].length != 0;
             place = (place + 1) & mask_) {
            const Slot& slot = slots_[place];
            if (slot.hash == wanted && slot.length == bytes &&
                text.compare(0, bytes, std::string_view(text_).substr(slot.offset, bytes)) == 0)
                return {bytes, slot.id};
        }
    }
    return {};
}

}  // namespace mobi
