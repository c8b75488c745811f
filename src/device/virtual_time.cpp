// SPDX-License-Identifier: Apache-2.0
#include "device/virtual_time.hpp"

#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {

VirtualClock::duration virtual_duration(double seconds,
                                        std::string_view what,
                                        std::string_view whose) {
    if (!(seconds >= 0 && seconds <= kLongestSeconds))
        throw ConfigError(
            fmt::format("{} {} takes {} s of virtual time: 0 s to 10 years is "
                        "accepted; check the rates of the device and of its link",
                        what, whose, seconds));
    return VirtualClock::duration(std::llround(seconds * 1e9));
}

}  // namespace mobi
