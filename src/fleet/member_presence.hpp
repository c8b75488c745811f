// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/virtual_time.hpp"
#include "device/availability.hpp"
#include "fleet/fleet_device.hpp"

namespace mobi {

/// When a device of the fleet is on: a cursor (Presence), or of a device without a pattern, which
/// is always on, a null pointer.  Fleets of a million of these fit into memory.
class MemberPresence {
  public:
    /// \param device  its pattern must outlive the cursor.
    MemberPresence(const FleetDevice& device, std::uint64_t seed)
        : cursor_(device.availability == nullptr
                      ? nullptr
                      : std::make_unique<Presence>(*device.availability, seed, device.id.value())) {
    }

    bool always_on() const noexcept { return cursor_ == nullptr; }

    /// As those of Presence.
    std::optional<VirtualClock::time_point> next_on(VirtualClock::time_point time) {
        if (cursor_) return cursor_->next_on(time);
        return time <= kHorizon ? std::optional(time) : std::nullopt;
    }
    std::optional<VirtualClock::time_point> off_before(VirtualClock::time_point start,
                                                       VirtualClock::time_point end) {
        return cursor_ ? cursor_->off_before(start, end) : std::nullopt;
    }

    /// \pre  it is not always on.
    const Presence& cursor() const { return *cursor_; }

  private:
    std::unique_ptr<Presence> cursor_;
};

}  // namespace mobi
