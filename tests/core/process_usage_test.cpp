// SPDX-License-Identifier: Apache-2.0
#include "core/process_usage.hpp"

#include <cstddef>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/clock.hpp"
#include "support/processor_time.hpp"

namespace mobi::test {
namespace {

TEST(ProcessUsageTest, CountsWhatAllThreadsCompute) {
    const ProcessUsage before = process_usage();
    std::jthread([] {
        const auto start = ThreadClock::now();
        while (ThreadClock::now() - start < ThreadClock::duration(0.05)) {
        }
    }).join();
    EXPECT_GE(process_usage().cpu_s - before.cpu_s, 0.049);
    const double low = processor_time_s();
    const double cpu = process_usage().cpu_s;
    EXPECT_GE(cpu, low);
    EXPECT_LE(cpu, processor_time_s());
}

TEST(ProcessUsageTest, ThePeakCountsBytesAndStays) {
    constexpr std::int64_t kMuch = std::int64_t{200} << 20U;
    {
        const std::vector<char> much(kMuch, 1);
        EXPECT_GE(process_usage().peak_rss_bytes, kMuch);
    }
    EXPECT_GE(process_usage().peak_rss_bytes, kMuch);
    EXPECT_LT(process_usage().peak_rss_bytes, 100 * kMuch);
}

}  // namespace
}  // namespace mobi::test
