// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mobi {

/// A hash table of word pieces that finds the longest piece a text begins with.
class PieceTable {
  public:
    struct Match {
        std::size_t bytes = 0;  ///< 0: no piece is a prefix of the text
        std::int32_t id = -1;
    };

    /// \param capacity  an upper bound of the number of add() calls.
    explicit PieceTable(std::size_t capacity);

    /// Adds a piece; the same piece again replaces its id.  An empty one is never found.
    void add(std::string_view piece, std::int32_t id);

    /// The id of a piece, -1 when there is none.
    std::int32_t id_of(std::string_view piece) const;

    /// Cost: one pass over the longest piece's length of `text`, and a look-up a length.
    Match longest_prefix(std::string_view text) const;

  private:
    struct Slot {
        std::uint32_t hash = 0;
        std::uint32_t offset = 0;  // of the piece in text_
        std::uint32_t length = 0;  // 0: free
        std::int32_t id = -1;
    };
    // The slot of a piece, or the free one where it would go.
    std::size_t place_of(std::string_view piece, std::uint64_t hash) const;

    std::vector<Slot> slots_;  // a power of two, linear probing
    std::size_t mask_;
    std::string text_;
    std::size_t longest_ = 0;
};

}  // namespace mobi
