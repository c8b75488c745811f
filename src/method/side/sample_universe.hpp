// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mobi {

/// Every sample id that may ever be asked for, each with its place in increasing order.
class SampleUniverse {
  public:
    /// \param ids  in any order; sorted here, and each kept once.
    explicit SampleUniverse(std::vector<std::int32_t> ids);

    std::size_t size() const noexcept { return ids_.size(); }
    std::int32_t id(std::size_t place) const { return ids_[place]; }

    /// size() when the id is none of it.
    std::size_t place_of(std::int32_t id) const;

  private:
    std::vector<std::int32_t> ids_;
    bool dense_ = false;  // without gaps: a place is a difference
};

}  // namespace mobi
