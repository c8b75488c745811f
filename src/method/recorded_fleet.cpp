// SPDX-License-Identifier: Apache-2.0
#include "method/recorded_fleet.hpp"

#include <optional>

#include "core/check.hpp"
#include "core/error.hpp"

namespace mobi {

FleetEvent event_of(const Delivery& delivery, std::int64_t id) {
    FleetEvent event;
    event.id = EventId(id);
    event.at = delivery.times.arrival;
    event.task = TaskId(delivery.device);
    event.device = DeviceId(delivery.device);
    event.part = delivery.packet;
    const PacketTimes& times = delivery.times;
    event.times.compute_start = times.compute_start;
    event.times.compute_end = times.compute_end;
    event.times.send_start = times.send_start;
    event.times.send_end = times.send_end;
    event.times.arrival = times.arrival;
    event.charges.up_bytes = delivery.charged_bytes;
    return event;
}

void SettledFleet::recall(TaskId, VirtualClock::time_point) {
    throw Bug("a task of a settled fleet is recalled");
}

std::optional<VirtualClock::time_point> SettledFleet::next_presence(VirtualClock::time_point) {
    throw Bug("a settled fleet is asked who is present");
}

std::vector<DeviceId> SettledFleet::present(VirtualClock::time_point) {
    throw Bug("a settled fleet is asked who is present");
}

RecordedFleet::RecordedFleet(std::span<const Delivery> deliveries) : deliveries_(deliveries) {
    events_.reserve(deliveries.size());
    for (const Delivery& delivery : deliveries) {
        events_.push_back(event_of(delivery, static_cast<std::int64_t>(events_.size())));
        if (events_.size() < 2) continue;
        MOBI_CHECK(events_[events_.size() - 2].at <= events_.back().at, "deliveries out of order");
    }
}

const FleetEvent* RecordedFleet::next(VirtualClock::time_point until) {
    if (told_ == events_.size() || events_[told_].at > until) return nullptr;
    return &events_[told_++];
}

}  // namespace mobi
