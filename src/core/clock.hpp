// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <ratio>

namespace mobi {

/// Emulated time since the start of a run, a whole number of nanoseconds (292 years fit), so that
/// sums are exact.  It has no now(): virtual time is computed from device and link models, never
/// read from a machine.
struct VirtualClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<VirtualClock>;
    static constexpr bool is_steady = true;
};

/// Real time of the machine that runs the emulation.
struct WallClock {
    using rep = double;
    using period = std::ratio<1>;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<WallClock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept {
        return time_point(std::chrono::steady_clock::now().time_since_epoch());
    }
};

}  // namespace mobi
