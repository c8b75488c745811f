// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "method/side/sample_universe.hpp"

namespace mobi {

/// A growing set of sample ids out of a known universe, readable in increasing order: the rank of
/// an id does not depend on when it was inserted.  Insertion and selection cost O(log n) (a Fenwick
/// tree, made when the first rank is asked for), memory 8 bytes a member of the universe.
class SampleSet {
  public:
    /// \param universe  every id that may ever be inserted.
    explicit SampleSet(std::vector<std::int32_t> universe);

    /// \return false when `id` was there already.  \throws Bug when it is not of the universe.
    bool insert(std::int32_t id);

    /// Whether `id` is of the universe, inserted or not.
    bool plans(std::int32_t id) const;

    std::int64_t size() const noexcept { return size_; }
    std::int64_t universe_size() const noexcept {
        return static_cast<std::int64_t>(universe_.size());
    }

    /// The id of rank `rank` among those inserted, from 0.  \pre rank < size()
    std::int32_t select(std::int64_t rank);

    /// All inserted ids, increasing.
    std::vector<std::int32_t> sorted() const;

  private:
    void make_tree();

    SampleUniverse universe_;
    std::vector<std::int32_t> tree_;  // Fenwick over the universe, 1-based; empty: not made yet
    std::vector<bool> present_;
    std::int64_t size_ = 0;
};

}  // namespace mobi
