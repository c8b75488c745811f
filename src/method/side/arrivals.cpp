// SPDX-License-Identifier: Apache-2.0
#include "method/side/arrivals.hpp"

#include <algorithm>
#include <cmath>

#include "core/virtual_time.hpp"
#include "method/packets.hpp"

namespace mobi {

Awaited::Awaited(double deadline_s, double enough_share, std::int64_t planned)
    : deadline_(deadline_s > 0
                    ? VirtualClock::time_point(virtual_duration(deadline_s, {"server.deadline"}))
                    : VirtualClock::time_point::max()),
      enough_(static_cast<std::int64_t>(std::ceil(enough_share * static_cast<double>(planned)))) {}

Arrivals::Arrivals(const FleetPlan& plan, FleetClock& fleet, Awaited awaited)
    : plan_(&plan), of_device_(plan.devices.size(), 0) {
    fleet.forecast([&](const FleetEvent& event) {
        if (event.outcome != Outcome::Done) return true;
        if (!awaited.next(event.at)) return false;
        ++of_device_[event.device.index()];
        ++total_;
        return true;
    });
    arrived_.reserve(static_cast<std::size_t>(total_));
}

bool Arrivals::take_next(FleetClock& fleet, VirtualClock::time_point until) {
    while (const FleetEvent* const event = fleet.next(until)) {
        if (event->outcome != Outcome::Done) continue;
        const DevicePlan& device = plan_->devices[event->device.index()];
        arrived_.push_back({event->id, event->at, device.id, event->part,
                            samples_of(*plan_, device, event->part)});
        return true;
    }
    return false;
}

const Arrival* Arrivals::get(FleetClock& fleet, std::int64_t index) {
    if (index >= total_) return nullptr;
    const auto place = static_cast<std::size_t>(index);
    while (place >= arrived_.size())
        if (!take_next(fleet, VirtualClock::time_point::max())) return nullptr;
    return &arrived_[place];
}

std::int64_t Arrivals::count_by(FleetClock& fleet, VirtualClock::time_point time) {
    while (static_cast<std::int64_t>(arrived_.size()) < total_ && take_next(fleet, time)) {
    }
    const auto after = [](VirtualClock::time_point limit, const Arrival& arrival) {
        return limit < arrival.at;
    };
    // Times asked for hardly ever go back: it is the last that is looked for.
    if (arrived_.empty() || arrived_.back().at <= time)
        return static_cast<std::int64_t>(arrived_.size());
    return std::upper_bound(arrived_.begin(), arrived_.end(), time, after) - arrived_.begin();
}

}  // namespace mobi
