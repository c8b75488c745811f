// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/clock.hpp"

namespace mobi {

/// The longest single duration, 10 years: sums of a few still fit into the clock.
inline constexpr double kLongestSeconds = 10.0 * 365 * 86400;

/// Seconds as an emulated duration: rounded once, half away from zero, to whole nanoseconds.
///
/// Every quantity of time (a packet's computation, a transfer, an update) is computed in double and
/// passes through here exactly once; what follows from it is a sum of integers.
///
/// \param what, whose  name the quantity in the error, e.g. `"computing a packet on"`, `"pixel_6"`.
/// \throws ConfigError  when `seconds` is negative, not a number, or more than 10 years.
VirtualClock::duration virtual_duration(double seconds,
                                        std::string_view what,
                                        std::string_view whose);

}  // namespace mobi
