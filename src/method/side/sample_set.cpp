// SPDX-License-Identifier: Apache-2.0
#include "method/side/sample_set.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "core/check.hpp"

namespace mobi {

SampleSet::SampleSet(std::vector<std::int32_t> universe) : universe_(std::move(universe)) {
    std::sort(universe_.begin(), universe_.end());
    universe_.erase(std::unique(universe_.begin(), universe_.end()), universe_.end());
    tree_.assign(universe_.size() + 1, 0);
    present_.assign(universe_.size(), false);
}

bool SampleSet::insert(std::int32_t id) {
    const auto found = std::lower_bound(universe_.begin(), universe_.end(), id);
    MOBI_CHECK(found != universe_.end() && *found == id, "sample {} was not planned", id);
    const auto place = static_cast<std::size_t>(found - universe_.begin());
    if (present_[place]) return false;
    present_[place] = true;
    for (std::size_t node = place + 1; node < tree_.size(); node += node & (~node + 1))
        ++tree_[node];
    ++size_;
    return true;
}

bool SampleSet::plans(std::int32_t id) const {
    return std::binary_search(universe_.begin(), universe_.end(), id);
}

std::int32_t SampleSet::select(std::int64_t rank) const {
    MOBI_CHECK(rank >= 0 && rank < size_, "rank {} of {}", rank, size_);
    std::size_t node = 0;
    for (std::size_t step = std::bit_floor(tree_.size()); step > 0; step /= 2)
        if (node + step < tree_.size() && tree_[node + step] <= rank) {
            node += step;
            rank -= tree_[node];
        }
    return universe_[node];
}

std::vector<std::int32_t> SampleSet::sorted() const {
    std::vector<std::int32_t> ids;
    ids.reserve(static_cast<std::size_t>(size_));
    for (std::size_t i = 0; i < universe_.size(); ++i)
        if (present_[i]) ids.push_back(universe_[i]);
    return ids;
}

}  // namespace mobi
