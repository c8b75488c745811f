// SPDX-License-Identifier: Apache-2.0
#include "core/process_usage.hpp"

#include <sys/resource.h>

namespace mobi {

ProcessUsage process_usage() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return {seconds(usage.ru_utime) + seconds(usage.ru_stime),
            std::int64_t{1024} * usage.ru_maxrss};  // Linux counts in KiB
}

}  // namespace mobi
