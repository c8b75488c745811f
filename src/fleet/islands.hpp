// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mobi {

/// Which devices can have an effect on each other: those that share a link, directly or through
/// others.  Numbered from 0 in the order of their first devices.
class Islands {
  public:
    Islands() = default;

    /// \param groups  places of devices that share something; in any order, overlapping or not.
    Islands(std::size_t devices, std::span<const std::vector<std::int32_t>* const> groups);

    std::int32_t count() const noexcept { return count_; }
    /// \param device  its place.
    std::int32_t of(std::int32_t device) const {
        return of_.empty() ? device : of_[static_cast<std::size_t>(device)];
    }

  private:
    std::vector<std::int32_t> of_;  // empty: each device is one
    std::int32_t count_ = 0;
};

}  // namespace mobi
