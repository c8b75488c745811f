// SPDX-License-Identifier: Apache-2.0
#include "method/recorded_fleet.hpp"

#include <algorithm>
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
    const bool in_order = std::is_sorted(
        deliveries.begin(), deliveries.end(),
        [](const Delivery& a, const Delivery& b) { return a.times.arrival < b.times.arrival; });
    MOBI_CHECK(in_order, "deliveries out of order");
}

void RecordedFleet::forecast(const std::function<bool(const FleetEvent&)>& look) {
    for (std::size_t i = told_; i < deliveries_.size(); ++i)
        if (!look(event_of(deliveries_[i], static_cast<std::int64_t>(i)))) return;
}

const FleetEvent* RecordedFleet::next(VirtualClock::time_point until) {
    if (told_ == deliveries_.size() || deliveries_[told_].times.arrival > until) return nullptr;
    event_ = event_of(deliveries_[told_], delivered());
    ++told_;
    return &event_;
}

}  // namespace mobi
