// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/clock.hpp"

namespace mobi {

/// The longest that a run may take.  The clock itself holds 292 years, so that two times of a run
/// never overflow when their difference is taken.
inline constexpr VirtualClock::duration kLongestRun = std::chrono::hours{200 * 365 * 24};
inline constexpr VirtualClock::time_point kHorizon{kLongestRun};

/// What takes some time, for the line that refuses it; put together only then.
/// Example: `{"computing a packet on device.", "pixel_6"}`.
struct TimedWork {
    std::string_view what;
    std::string_view whose = {};  ///< follows `what`
    std::string_view keys = {};   ///< what to look at, if that is not clear
};

/// \throws ConfigError  always: `work` takes more than 200 years of virtual time.
[[noreturn]] void refuse_endless(const TimedWork& work);

/// Seconds as an emulated duration: rounded once, half away from zero, to whole nanoseconds.
///
/// Every quantity of time (a packet's computation, a transfer, an update) is computed in double and
/// passes through here exactly once; what follows from it is a sum of integers, by later().
///
/// \throws ConfigError  when `seconds` is negative, not a number, or more than 200 years.
VirtualClock::duration virtual_duration(double seconds, const TimedWork& work);

/// `time + length`: the only sum of times that a run makes.
/// \pre 0 <= time <= kHorizon
/// \throws ConfigError  when that is more than 200 years.
inline VirtualClock::time_point later(VirtualClock::time_point time,
                                      VirtualClock::duration length,
                                      const TimedWork& work) {
    if (length > kHorizon - time) refuse_endless(work);
    return time + length;
}

/// `length` so often; nothing when that is more than 200 years.  \pre length, times >= 0
std::optional<VirtualClock::duration> multiple(VirtualClock::duration length, std::int64_t times);

/// `part` of so many equal parts of `length`, rounded down.  \pre 0 <= part <= parts, parts > 0
VirtualClock::duration part_of(VirtualClock::duration length,
                               std::int64_t part,
                               std::int64_t parts);

}  // namespace mobi
