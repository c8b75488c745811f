// SPDX-License-Identifier: Apache-2.0
#include "method/side/sample_set.hpp"

#include <bit>
#include <cstddef>
#include <utility>

#include "core/check.hpp"

namespace mobi {

SampleSet::SampleSet(std::vector<std::int32_t> universe)
    : universe_(std::move(universe)), present_(universe_.size(), false) {}

bool SampleSet::insert(std::int32_t id) {
    const std::size_t place = universe_.place_of(id);
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
    return universe_.place_of(id) < universe_.size();
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
    return universe_.id(node);
}

std::vector<std::int32_t> SampleSet::sorted() const {
    std::vector<std::int32_t> ids;
    ids.reserve(static_cast<std::size_t>(size_));
    for (std::size_t i = 0; i < universe_.size(); ++i)
        if (present_[i]) ids.push_back(universe_.id(i));
    return ids;
}

}  // namespace mobi
