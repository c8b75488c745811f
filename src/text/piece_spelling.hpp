// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "text/added_tokens.hpp"

namespace mobi {

/// The text of each token id, for decoding.
class PieceSpelling {
  public:
    enum class Kind : std::uint8_t {
        Piece,    ///< of the vocabulary
        Added,    ///< recognised whole, ordinary text
        Special,  ///< left out by SpecialTokens::Drop
    };
    struct Entry {
        std::string_view text;  ///< valid until the next set()
        Kind kind = Kind::Piece;
    };

    static Kind kind_of(const AddedToken& token) {
        return token.special ? Kind::Special : Kind::Added;
    }

    /// Sets or replaces the text of an id.
    void set(std::int32_t id, std::string_view text, Kind kind);

    /// Nothing for an id without a token.
    std::optional<Entry> find(std::int32_t id) const;

  private:
    struct Place {
        std::size_t offset = 0, bytes = 0;
        Kind kind = Kind::Piece;
    };
    std::unordered_map<std::int32_t, Place> places_;  // ids may be far apart
    std::string text_;
};

}  // namespace mobi
