// SPDX-License-Identifier: Apache-2.0
#include "method/side/fewest_passes.hpp"

#include <bit>
#include <limits>
#include <utility>

#include "core/check.hpp"

namespace mobi {
namespace {

constexpr std::int32_t kAbsent = std::numeric_limits<std::int32_t>::max();

}  // namespace

FewestPasses::FewestPasses(std::vector<std::int32_t> universe)
    : universe_(std::move(universe)),
      leaves_(std::bit_ceil(universe_.size())),
      nodes_(2 * leaves_, {kAbsent, 1}),
      passes_(universe_.size(), 0),
      present_(universe_.size(), false) {}

std::size_t FewestPasses::place_of(std::int32_t id) const {
    const std::size_t place = universe_.place_of(id);
    MOBI_CHECK(place < universe_.size(), "sample {} was not planned", id);
    return place;
}

bool FewestPasses::insert(std::int32_t id) {
    const std::size_t place = place_of(id);
    if (present_[place]) return false;
    present_[place] = true;
    ++size_;
    set(place, passes_[place]);
    return true;
}

void FewestPasses::add(std::span<const std::int32_t> ids, std::int32_t passes) {
    for (const std::int32_t id : ids) {
        const std::size_t place = place_of(id);
        passes_[place] += passes;
        if (present_[place]) set(place, passes_[place]);
    }
}

void FewestPasses::set(std::size_t place, std::int32_t passes) {
    std::size_t node = leaves_ + place;
    nodes_[node].fewest = passes;
    while ((node /= 2) > 0) {
        const Node& left = nodes_[2 * node];
        const Node& right = nodes_[2 * node + 1];
        if (left.fewest == right.fewest)
            nodes_[node] = {left.fewest, left.samples + right.samples};
        else
            nodes_[node] = left.fewest < right.fewest ? left : right;
    }
}

std::size_t FewestPasses::select(std::uint64_t rank) const {
    auto left_of = static_cast<std::int64_t>(rank);
    std::size_t node = 1;
    while (node < leaves_) {
        const Node& left = nodes_[2 * node];
        const bool here = left.fewest == nodes_[node].fewest;
        node *= 2;
        if (here && left_of < left.samples) continue;
        if (here) left_of -= left.samples;
        ++node;
    }
    return node - leaves_;
}

std::vector<std::int32_t> FewestPasses::draw(RandomStream& stream, std::int64_t count) {
    MOBI_CHECK(count <= size_, "{} distinct samples of {}", count, size_);
    std::vector<std::size_t> drawn;
    for (std::int64_t i = 0; i < count; ++i) {
        drawn.push_back(select(stream.below(static_cast<std::uint64_t>(nodes_[1].samples))));
        set(drawn.back(), kAbsent);  // not again in this batch
    }
    std::vector<std::int32_t> batch;
    for (const std::size_t place : drawn) {
        set(place, ++passes_[place]);
        batch.push_back(universe_.id(place));
    }
    return batch;
}

}  // namespace mobi
