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
    fresh_.push_back(
        {event.at, event.device.value(), event.part, event.task.value(), pushes_++, place});
}

void EventQueue::put_in_order() {
    constexpr std::size_t kMany = 256;
    if (fresh_.size() < kMany) {
        for (const Entry& entry : fresh_) {
            heap_.push_back(entry);
            std::push_heap(heap_.begin(), heap_.end(), after);
        }
    } else {
        std::sort(fresh_.begin(), fresh_.end(), after);
        const auto middle = static_cast<std::ptrdiff_t>(sorted_.size());
        sorted_.insert(sorted_.end(), fresh_.begin(), fresh_.end());
        std::inplace_merge(sorted_.begin(), sorted_.begin() + middle, sorted_.end(), after);
    }
    fresh_.clear();
}

bool EventQueue::next_is_sorted() const {
    return heap_.empty() || (!sorted_.empty() && after(heap_.front(), sorted_.back()));
}

const EventQueue::Entry& EventQueue::next() {
    if (!fresh_.empty()) put_in_order();
    return next_is_sorted() ? sorted_.back() : heap_.front();
}

EventQueue::Taken EventQueue::pop() {
    const std::int32_t place = next().place;
    if (next_is_sorted()) {
        sorted_.pop_back();
    } else {
        std::pop_heap(heap_.begin(), heap_.end(), after);
        heap_.pop_back();
    }
    unused_.push_back(place);
    return events_[static_cast<std::size_t>(place)];
}

std::vector<FleetEvent> EventQueue::of(std::int32_t slot) const {
    std::vector<Entry> entries;
    for (const std::vector<Entry>* const list : {&fresh_, &heap_, &sorted_})
        for (const Entry& entry : *list)
            if (events_[static_cast<std::size_t>(entry.place)].slot == slot)
                entries.push_back(entry);
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return after(b, a); });
    std::vector<FleetEvent> events;
    for (const Entry& entry : entries)
        events.push_back(events_[static_cast<std::size_t>(entry.place)].event);
    return events;
}

}  // namespace mobi
