// SPDX-License-Identifier: Apache-2.0
#include "fleet/roster.hpp"

#include <algorithm>

#include "core/virtual_time.hpp"

namespace mobi {

Roster::Roster(std::span<const FleetDevice> devices, std::uint64_t seed) {
    members_.reserve(devices.size());
    for (const FleetDevice& device : devices) {
        Member member;
        member.id = device.id;
        if (device.availability != nullptr) {
            member.on = false;
            member.presence = static_cast<std::int32_t>(presences_.size());
            presences_.push_back(presence_of(device.availability, seed, device.id.value()));
            changes_.emplace(VirtualClock::time_point(),
                             static_cast<std::int32_t>(members_.size()));
        }
        members_.push_back(member);
    }
}

void Roster::look_at(std::int32_t place, VirtualClock::time_point time) {
    Member& member = members_[static_cast<std::size_t>(place)];
    if (member.gone) return;
    Presence& presence = presences_[static_cast<std::size_t>(member.presence)];
    const std::optional<VirtualClock::time_point> from = presence.next_on(time);
    const bool on = from && *from == time;
    if (on != member.on) stale_ = true;
    member.on = on;
    if (!on) {
        if (from) changes_.emplace(*from, place);
    } else if (const auto off = presence.off_before(time, kHorizon)) {
        changes_.emplace(*off, place);
    }
}

void Roster::advance(VirtualClock::time_point time) {
    while (!changes_.empty() && changes_.top().first <= time) {
        const std::int32_t place = changes_.top().second;
        changes_.pop();
        look_at(place, time);
    }
    if (!stale_) return;
    on_.clear();
    for (const Member& member : members_)
        if (member.on && !member.gone) on_.push_back(member.id);
    stale_ = false;
}

const std::vector<DeviceId>& Roster::at(VirtualClock::time_point time) {
    advance(time);
    return on_;
}

std::optional<VirtualClock::time_point> Roster::next(VirtualClock::time_point time) {
    advance(time);
    if (!on_.empty()) return time;
    while (!changes_.empty()) {  // all of them come
        const Change& first = changes_.top();
        if (!members_[static_cast<std::size_t>(first.second)].gone) return first.first;
        changes_.pop();
    }
    return std::nullopt;
}

void Roster::remove(std::int32_t place) {
    members_[static_cast<std::size_t>(place)].gone = true;
    stale_ = true;
}

}  // namespace mobi
