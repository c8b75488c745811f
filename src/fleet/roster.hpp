// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "device/availability.hpp"
#include "fleet/fleet_device.hpp"

namespace mobi {

/// Who is on.  Asked with times that never decrease, it looks only at the devices that have changed
/// since it was last asked; a device that is always on costs nothing.
class Roster {
  public:
    /// \param devices  in order of ids; their patterns must outlive the roster.
    Roster(std::span<const FleetDevice> devices, std::uint64_t seed);

    /// The devices that are on at `time`, in order.  Valid until the next call of any member.
    const std::vector<DeviceId>& at(VirtualClock::time_point time);

    /// The first time from `time` on at which a device is on; nothing when none ever is again.
    std::optional<VirtualClock::time_point> next(VirtualClock::time_point time);

    /// A device has left for good.  \param place  of it among the devices.
    void remove(std::int32_t place);

  private:
    using Change = std::pair<VirtualClock::time_point, std::int32_t>;  // when, place

    void advance(VirtualClock::time_point time);
    void look_at(std::int32_t place, VirtualClock::time_point time);

    struct Member {
        DeviceId id;
        bool on = true;
        bool gone = false;
        std::int32_t presence = -1;  // -1: always on
    };

    std::vector<Member> members_;
    std::vector<Presence> presences_;
    std::priority_queue<Change, std::vector<Change>, std::greater<>> changes_;
    std::vector<DeviceId> on_;
    bool stale_ = true;  // on_
};

}  // namespace mobi
