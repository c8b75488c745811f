// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/byte_pair_vocabulary.hpp"

#include <cstddef>

#include <fmt/format.h>

#include "text/byte_alphabet.hpp"

namespace mobi {

BytePairVocabularyReader::BytePairVocabularyReader(Pieces pieces) : pieces_(std::move(pieces)) {
    ids_.reserve(pieces_.size());
    for (const auto& [piece, id] : pieces_) ids_[piece] = id;
}

std::int32_t BytePairVocabularyReader::id_of(std::string_view spelling) const {
    const auto found = ids_.find(std::string(spelling));
    return found == ids_.end() ? -1 : found->second;
}

std::string BytePairVocabularyReader::add_merge(std::string_view left, std::string_view right) {
    const std::string whole = std::string(left).append(right);
    for (const std::string_view piece : {left, right, std::string_view(whole)})
        if (id_of(piece) < 0) return fmt::format("\"{}\" is not in vocab", piece);
    merges_.push_back(
        {id_of(left), id_of(right), id_of(whole), static_cast<std::int32_t>(merges_.size())});
    return {};
}

void BytePairVocabularyReader::finish(BytePairVocabulary::Unit unit,
                                      bool byte_fallback,
                                      BytePairSpec& spec) && {
    spec.vocabulary.unit = unit;
    spec.vocabulary.merges = std::move(merges_);
    if (byte_fallback)
        for (std::size_t byte = 0; byte < spec.vocabulary.byte_ids.size(); ++byte)
            spec.vocabulary.byte_ids.at(byte) = id_of(fmt::format("<0x{:02X}>", byte));
    if (unit == BytePairVocabulary::Unit::Character) {
        spec.vocabulary.pieces = std::move(pieces_);
        return;
    }
    for (auto& [piece, id] : pieces_) {
        if (auto bytes = bytes_of_spelling(piece))
            spec.vocabulary.pieces.emplace_back(std::move(*bytes), id);
        else
            spec.unreachable.emplace_back(std::move(piece), id);
    }
}

}  // namespace mobi
