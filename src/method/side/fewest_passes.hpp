// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/rng.hpp"
#include "method/side/sample_universe.hpp"

namespace mobi {

/// Samples out of a known universe that have arrived, and gives out those that were used least: the
/// ones with the fewest passes first, ties at random (`server.balance = passes`, docs/method.md
/// 1.6).
///
/// What a draw gives depends on its stream, on which samples are there and on their passes, not on
/// the order in which they came.  Once passes differ by one at most they do so after every draw.
///
/// A tree over the ids holds at each node the fewest passes below it and how many samples have
/// them: an insertion and a drawn sample cost O(log n), memory is 12 to 20 bytes a member of the
/// universe.
class FewestPasses {
  public:
    /// \param universe  every id that may ever be inserted.
    explicit FewestPasses(std::vector<std::int32_t> universe);

    /// A sample is there.  \return  false when it was already.
    /// \throws Bug  when it is not of the universe.
    bool insert(std::int32_t id);

    /// Counts passes of samples, there or not.  \throws Bug  as insert().
    void add(std::span<const std::int32_t> ids, std::int32_t passes);

    std::int64_t size() const noexcept { return size_; }

    /// Draws distinct samples, each of which has a pass more then; in the order of the draws.
    /// \pre count <= size()
    std::vector<std::int32_t> draw(RandomStream& stream, std::int64_t count);

  private:
    /// What a node of the tree says of the samples below it.
    struct Node {
        std::int32_t fewest;
        std::int32_t samples;  // that have them
    };

    std::size_t place_of(std::int32_t id) const;
    void set(std::size_t place, std::int32_t passes);
    /// The place of the sample of rank `rank`, by id, among those with the fewest passes.
    std::size_t select(std::uint64_t rank) const;

    SampleUniverse universe_;
    std::size_t leaves_;       // a power of two
    std::vector<Node> nodes_;  // the root at 1, the leaf of place p at leaves_ + p
    std::vector<std::int32_t> passes_;
    std::vector<bool> present_;
    std::int64_t size_ = 0;
};

}  // namespace mobi
