// SPDX-License-Identifier: Apache-2.0
#include "method/arrivals.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace mobi {
namespace {

bool arrives_before(const Delivery& a, const Delivery& b) {
    return a.times.arrival < b.times.arrival;
}

}  // namespace

PlannedArrivals::PlannedArrivals(std::span<const Delivery> deliveries) : deliveries_(deliveries) {
    MOBI_CHECK(std::is_sorted(deliveries.begin(), deliveries.end(), arrives_before),
               "deliveries out of order");
}

const Delivery* PlannedArrivals::get(std::int64_t index) {
    const auto place = static_cast<std::size_t>(index);
    return place < deliveries_.size() ? &deliveries_[place] : nullptr;
}

std::int64_t PlannedArrivals::count_by(VirtualClock::time_point time) {
    const auto after = [](VirtualClock::time_point limit, const Delivery& delivery) {
        return limit < delivery.times.arrival;
    };
    auto from = deliveries_.begin() + static_cast<std::ptrdiff_t>(hint_);
    if (from != deliveries_.begin() && time < (from - 1)->times.arrival) from = deliveries_.begin();
    hint_ = std::upper_bound(from, deliveries_.end(), time, after) - deliveries_.begin();
    return hint_;
}

}  // namespace mobi
