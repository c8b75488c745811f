// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/byte_pair_tokenizer.hpp"
#include "tokenizer/added_vocabulary.hpp"

namespace mobi {

/// Collects the pieces and merges of a byte-pair tokenizer as its files spell them.
class BytePairVocabularyReader {
  public:
    using Pieces = std::vector<std::pair<std::string, std::int32_t>>;

    /// \param pieces  as spelled, with ids >= 0.
    explicit BytePairVocabularyReader(Pieces pieces);

    /// The id of a piece, -1 when there is none.
    std::int32_t id_of(std::string_view spelling) const;

    /// Adds the merge that has the next rank.
    /// \return  what is wrong with it, e.g. `"xy" is not in vocab`; empty when nothing is.
    std::string add_merge(std::string_view left, std::string_view right);

    const PieceIds& ids() const noexcept { return ids_; }

    /// Fills in pieces, unreachable pieces, unit, merges, blank and, where `byte_fallback`, the
    /// tokens `<0x00>` to `<0xFF>`.
    ///
    /// \param unit  of bytes: pieces are spelled in the byte alphabet.  Of characters: as they are.
    void finish(BytePairVocabulary::Unit unit, bool byte_fallback, BytePairSpec& spec) &&;

  private:
    Pieces pieces_;
    PieceIds ids_;
    std::vector<BytePairMerge> merges_;
};

}  // namespace mobi
