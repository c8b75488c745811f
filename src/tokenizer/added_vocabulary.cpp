// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/added_vocabulary.hpp"

namespace mobi {
bool AddedVocabulary::holds(const AddedToken& token) const {
    const auto found = ids_.find(token.content);
    if (found == ids_.end()) return false;
    const auto entry = by_id_.find(found->second);
    return entry != by_id_.end() && same_but_id(entry->second, token);
}

bool AddedVocabulary::spells(std::string_view content) const {
    return ids_.contains(std::string(content));
}

std::int32_t AddedVocabulary::id_of(std::string_view content) const {
    for (const PieceIds* ids : {&ids_, &pieces_})
        if (const auto found = ids->find(std::string(content)); found != ids->end())
            return found->second;
    return -1;
}

std::int32_t AddedVocabulary::next_id() const {
    const auto pieces = static_cast<std::int32_t>(pieces_.size());
    // by_id_ holds every id that ids_ has: both are set together and never erased
    const std::int32_t largest = by_id_.empty() ? -1 : by_id_.rbegin()->first;
    return largest >= pieces ? largest + 1 : pieces;
}

void AddedVocabulary::add(std::span<const AddedToken> tokens) {
    for (const AddedToken& token : tokens) {
        if (token.content.empty() || holds(token)) continue;
        std::int32_t id = id_of(token.content);
        if (id < 0) id = next_id();
        ids_[token.content] = id;
        by_id_[id] = token;
        by_id_[id].id = id;
    }
}

std::vector<AddedToken> AddedVocabulary::tokens() const {
    std::vector<AddedToken> all;
    for (const auto& [id, token] : by_id_) all.push_back(token);
    return all;
}

}  // namespace mobi
