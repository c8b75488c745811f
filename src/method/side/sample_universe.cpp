// SPDX-License-Identifier: Apache-2.0
#include "method/side/sample_universe.hpp"

#include <algorithm>
#include <utility>

namespace mobi {

SampleUniverse::SampleUniverse(std::vector<std::int32_t> ids) : ids_(std::move(ids)) {
    std::sort(ids_.begin(), ids_.end());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    dense_ =
        !ids_.empty() && static_cast<std::size_t>(ids_.back() - ids_.front()) + 1 == ids_.size();
}

std::size_t SampleUniverse::place_of(std::int32_t id) const {
    if (dense_) {
        const bool inside = id >= ids_.front() && id <= ids_.back();
        return inside ? static_cast<std::size_t>(id - ids_.front()) : ids_.size();
    }
    const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
    return found != ids_.end() && *found == id ? static_cast<std::size_t>(found - ids_.begin())
                                               : ids_.size();
}

}  // namespace mobi
