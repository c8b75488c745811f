// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>

#include "core/clock.hpp"

namespace mobi {

/// Virtual time between nanoseconds, in nanoseconds since the start of the run.  Where transfers
/// share a rate one's end moves the other's, and rounding each would add up; 64 bits of mantissa
/// hold a year to a billionth of a nanosecond.
using Instant = long double;

inline constexpr Instant kNever = std::numeric_limits<Instant>::infinity();

inline Instant instant(VirtualClock::time_point time) {
    return static_cast<Instant>(time.time_since_epoch().count());
}

/// The nearest whole nanosecond.
inline VirtualClock::time_point rounded(Instant at) {
    return VirtualClock::time_point(VirtualClock::duration(std::llroundl(at)));
}

/// Ends that round to a whole nanosecond lie up to here.
inline Instant half_past(VirtualClock::time_point time) {
    return time == VirtualClock::time_point::max() ? kNever : instant(time) + 0.5L;
}

}  // namespace mobi
