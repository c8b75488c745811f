// SPDX-License-Identifier: Apache-2.0
#include "text/piece_spelling.hpp"

namespace mobi {

void PieceSpelling::set(std::int32_t id, std::string_view text, Kind kind) {
    places_[id] = {text_.size(), text.size(), kind};
    text_ += text;
}

std::optional<PieceSpelling::Entry> PieceSpelling::find(std::int32_t id) const {
    const auto found = places_.find(id);
    if (found == places_.end()) return std::nullopt;
    const Place& place = found->second;
    return Entry{std::string_view(text_).substr(place.offset, place.bytes), place.kind};
}

}  // namespace mobi
