// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>
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

/// Processor time of the calling thread: what it computed, not how long it waited for its turn on a
/// shared machine.  For benchmarks of one thread.
struct ThreadClock {
    using rep = double;
    using period = std::ratio<1>;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<ThreadClock>;
    static constexpr bool is_steady = true;
    static time_point now() noexcept {
        timespec time{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return time_point(
            duration(static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec)));
    }
};

}  // namespace mobi
