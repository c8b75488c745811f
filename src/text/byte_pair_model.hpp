// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/piece_table.hpp"

namespace mobi {

/// Two neighbouring tokens that become one.
struct BytePairMerge {
    std::int32_t left = 0, right = 0, result = 0;  ///< token ids
    std::int32_t rank = 0;                         ///< the lowest merges first
};

/// All that defines the merging of a byte-pair tokenizer.
struct BytePairVocabulary {
    /// What a word is cut into before anything merges.
    enum class Unit { Byte, Character };
    Unit unit = Unit::Byte;
    /// The text a piece stands for, and its id >= 0; of equal pieces the last one counts.
    std::vector<std::pair<std::string, std::int32_t>> pieces;
    std::vector<BytePairMerge> merges;  ///< of equal pairs the last one counts
    std::int32_t unknown_id = -1;       ///< of a unit without a piece; -1: it is left out
    bool fuse_unknown = false;          ///< neighbouring unknown units are one token
    bool ignore_merges = false;         ///< a word that is a piece is that piece
    /// The token of each byte for characters without a piece (`byte_fallback`); -1: there is none.
    std::array<std::int32_t, 256> byte_ids = [] {
        std::array<std::int32_t, 256> none{};
        none.fill(-1);
        return none;
    }();
};

/// Byte-pair encoding of one word: its units, then again and again the pair of lowest rank, the
/// leftmost of equals, becomes one token (Sennrich et al. 2016, arXiv:1508.07909), exactly as the
/// model `BPE` of the tokenizers library 0.23.  Immutable, so thread-safe.
class BytePairModel {
  public:
    explicit BytePairModel(const BytePairVocabulary& vocabulary);

    /// Appends the ids of `word`, valid UTF-8.  Cost: O(n log n) for n units.
    void append_ids(std::string_view word, std::vector<std::int32_t>& ids) const;

  private:
    struct Symbol {
        std::int32_t id = 0;
        std::int32_t before = -1, after = -1;  // places of its neighbours; -1: none
        bool merged_away = false;
    };
    struct Result {
        std::int32_t rank = -1, id = -1;  // rank -1: the pair does not merge
    };
    struct Slot {
        std::uint64_t pair = 0;
        Result result;
    };

    void append_units(std::string_view word, std::vector<Symbol>& symbols) const;
    void merge(std::vector<Symbol>& symbols) const;
    std::size_t place_of(std::uint64_t pair) const;
    Result result_of(std::int32_t left, std::int32_t right) const;

    BytePairVocabulary::Unit unit_;
    std::int32_t unknown_id_;
    bool fuse_unknown_, ignore_merges_;
    std::array<std::int32_t, 256> byte_ids_;    // byte fallback
    std::array<std::int32_t, 256> unit_ids_{};  // pieces of one byte; -1: none
    PieceTable pieces_;
    std::vector<Slot> slots_;  // of merges: a power of two, linear probing
    std::size_t mask_ = 0;
};

}  // namespace mobi
