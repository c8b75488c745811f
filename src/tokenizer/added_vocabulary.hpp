// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/added_tokens.hpp"

namespace mobi {

/// The id of each piece of a vocabulary, as its file spells it.
using PieceIds = std::unordered_map<std::string, std::int32_t>;

/// The tokens that were added to a vocabulary, and the ids they got: `AddedVocabulary` of the
/// tokenizers library 0.23.  A token that the vocabulary holds keeps its id there.  Any other gets
/// the next free one: as many as the vocabulary has pieces, or one more than the largest that was
/// given out.  What a file says about the id of an added token counts for their order only.
class AddedVocabulary {
  public:
    /// \param pieces  of the model; copied.
    explicit AddedVocabulary(PieceIds pieces) : pieces_(std::move(pieces)) {}

    /// Adds tokens in order; their ids are not looked at.  One that is there already gets the new
    /// switches.
    void add(std::span<const AddedToken> tokens);

    /// Whether a token of this spelling was added.
    bool spells(std::string_view content) const;

    /// The id of an added token or a piece, -1 when there is none.
    std::int32_t id_of(std::string_view content) const;

    /// What is recognised in text, by id.
    std::vector<AddedToken> tokens() const;

  private:
    bool holds(const AddedToken& token) const;
    std::int32_t next_id() const;

    PieceIds pieces_;
    PieceIds ids_;
    std::map<std::int32_t, AddedToken> by_id_;
};

}  // namespace mobi
