// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace mobi {

/// The number of one thing among its kind, from 0.  Ids of different kinds do not mix, and an id is
/// no number to calculate with.
template <typename Tag, typename Value>
class Id {
  public:
    constexpr Id() = default;
    constexpr explicit Id(Value value) : value_(value) {}

    constexpr Value value() const noexcept { return value_; }
    /// Its place in a vector of all.  \pre value() >= 0
    constexpr std::size_t index() const noexcept { return static_cast<std::size_t>(value_); }

    friend constexpr auto operator<=>(Id, Id) = default;

  private:
    Value value_ = -1;  // none
};

using DeviceId = Id<struct DeviceTag, std::int32_t>;
using SampleId = Id<struct SampleTag, std::int32_t>;
using TaskId = Id<struct TaskTag, std::int64_t>;
using EventId = Id<struct EventTag, std::int64_t>;

}  // namespace mobi
