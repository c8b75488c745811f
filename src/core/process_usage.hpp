// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace mobi {

/// What this process has taken from its machine so far.
struct ProcessUsage {
    double cpu_s = 0;  ///< of all its threads, in the program and in the kernel
    std::int64_t peak_rss_bytes = 0;
};

ProcessUsage process_usage();

}  // namespace mobi
