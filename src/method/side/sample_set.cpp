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
    dense_ = !universe_.empty() &&
             static_cast<std::size_t>(universe_.back() - universe_.front()) + 1 == universe_.size();
    present_.assign(universe_.size(), false);
}

std::size_t SampleSet::place_of(std::int32_t id) const {
    if (dense_) {
        const bool inside = id >= universe_.front() && id <= universe_.back();
        return inside ? static_cast<std::size_t>(id - universe_.front()) : universe_.size();
    }
    const auto found = std::lower_bound(universe_.begin(), universe_.end(), id);
    return found != universe_.end() && *found == id
               ? static_cast<std::size_t>(found - universe_.begin())
               : universe_.size();
}

bool SampleSet::insert(std::int32_t id) {
    const std::size_t place = place_of(id);
    MOBI_CHECK(place < universe_.size(), "sample {} was not planned", id);
    if (present_[place]) return false;
    present_[place] = true;
    if (!tree_.empty())
        for (std::size_t node = place + 1; node < tree_.size(); node += node & (~node + 1))
            ++tree_[node];
    ++size_;
    return true;
}

bool SampleSet::plans(std::int32_t id) const {
    return place_of(id) < universe_.size();
}

void SampleSet::make_tree() {
    tree_.assign(universe_.size() + 1, 0);
    for (std::size_t node = 1; node < tree_.size(); ++node) {
        tree_[node] += present_[node - 1] ? 1 : 0;
        if (const std::size_t next = node + (node & (~node + 1)); next < tree_.size())
            tree_[next] += tree_[node];
    }
}

std::int32_t SampleSet::select(std::int64_t rank) {
    MOBI_CHECK(rank >= 0 && rank < size_, "rank {} of {}", rank, size_);
    if (tree_.empty()) make_tree();
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
