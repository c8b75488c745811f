// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

namespace mobi::test {

/// User and system seconds of this process so far, all threads.
inline double processor_time_s() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace mobi::test
