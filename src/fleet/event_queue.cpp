// SPDX-License-Identifier: Apache-2.0
#include "fleet/event_queue.hpp"

#include <algorithm>

namespace mobi {

bool EventQueue::after(const Entry& a, const Entry& b) {
    return std::tie(a.at, a.device, a.task, a.part, a.number) >
           std::tie(b.at, b.device, b.task, b.part, b.number);
}

void EventQueue::push(const FleetEvent& event, std::int32_t slot) {
    std::int32_t place = static_cast<std::int32_t>(events_.size());
    if (unused_.empty()) {
        events_.push_back({event, slot});
    } else {
        place = unused_.back();
        unused_.pop_back();
        events_[static_cast<std::size_t>(place)] = {event, slot};
    }
    order_.push_back(
        {event.at, event.device.value(), event.part, event.task.value(), pushes_++, place});
    std::push_heap(order_.begin(), order_.end(), after);
}

EventQueue::Taken EventQueue::pop() {
    std::pop_heap(order_.begin(), order_.end(), after);
    const std::int32_t place = order_.back().place;
    order_.pop_back();
    unused_.push_back(place);
    return events_[static_cast<std::size_t>(place)];
}

}  // namespace mobi
