// SPDX-License-Identifier: Apache-2.0
#include "device/schedule.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using std::chrono::nanoseconds;

// Time of 1e6 FLOP: 1/300 s = 3,333,333.3 ns; of 1,000 bytes: 8,000 / 7e6 s = 1,142,857.1 ns.
DeviceProfile device() {
    DeviceProfile profile;
    profile.name = "d";
    profile.rate_fp16_flop_per_s = 3e8;
    profile.memory_bandwidth_bytes_per_s = 1e9;
    return profile;
}
LinkProfile link() {
    LinkProfile profile;
    profile.name = "l";
    profile.uplink_bytes_per_s = 7e6 / 8;
    profile.latency_s = 0.002;
    return profile;
}
PacketWork packet(double flop, double bytes) {
    return {{flop, 0, 0, Precision::Fp16}, bytes};
}

void expect_times(const PacketTimes& times,
                  long long compute_start,
                  long long compute_end,
                  long long send_start,
                  long long send_end) {
    EXPECT_EQ(times.compute_start.time_since_epoch(), nanoseconds(compute_start));
    EXPECT_EQ(times.compute_end.time_since_epoch(), nanoseconds(compute_end));
    EXPECT_EQ(times.send_start.time_since_epoch(), nanoseconds(send_start));
    EXPECT_EQ(times.send_end.time_since_epoch(), nanoseconds(send_end));
    EXPECT_EQ(times.arrival.time_since_epoch(), nanoseconds(send_end + 2'000'000));
}

TEST(SchedulePacketsTest, OnePacketIsComputedSentAndArrives) {
    const std::vector packets{packet(1e6, 1000)};
    const auto times = schedule_packets(device(), link(), packets);
    ASSERT_EQ(times.size(), 1u);
    expect_times(times[0], 0, 3'333'333, 3'333'333, 3'333'333 + 1'142'857);
}

TEST(SchedulePacketsTest, ComputingGoesOnWhileTheLinkIsBusy) {
    // the first packet takes 10,000 bytes = 11,428,571.4 ns to send, longer than three computations
    const std::vector packets{packet(1e6, 10'000), packet(1e6, 1000), packet(1e6, 1000)};
    const auto times = schedule_packets(device(), link(), packets);
    expect_times(times[0], 0, 3'333'333, 3'333'333, 14'761'904);
    expect_times(times[1], 3'333'333, 6'666'666, 14'761'904, 15'904'761);
    expect_times(times[2], 6'666'666, 9'999'999, 15'904'761, 17'047'618);
}

TEST(SchedulePacketsTest, TheLinkWaitsWhileThePacketIsComputed) {
    const std::vector packets{packet(1e6, 1000), packet(3e6, 1000)};
    const auto times = schedule_packets(device(), link(), packets);
    expect_times(times[0], 0, 3'333'333, 3'333'333, 4'476'190);
    expect_times(times[1], 3'333'333, 13'333'333, 13'333'333, 14'476'190);
}

TEST(SchedulePacketsTest, MemoryBoundsAPacketThatReadsMoreThanItComputes) {
    const std::vector packets{PacketWork{{1e6, 9e6, 1e6, Precision::Fp16}, 0}};
    const auto times = schedule_packets(device(), link(), packets);
    expect_times(times[0], 0, 10'000'000, 10'000'000, 10'000'000);
}

TEST(SchedulePacketsTest, StartsWhenToldTo) {
    const std::vector packets{packet(1e6, 1000)};
    const auto start = VirtualClock::time_point(nanoseconds(7));
    const auto times = schedule_packets(device(), link(), packets, start);
    expect_times(times[0], 7, 3'333'340, 3'333'340, 4'476'197);
}

TEST(SchedulePacketsTest, RefusesATimelineThatDoesNotFitTheClock) {
    const double year_flop = 3e8 * 365 * 86400;
    const std::vector<PacketWork> packets(41, packet(5 * year_flop, 0));
    EXPECT_THROW(schedule_packets(device(), link(), packets), ConfigError);
}

}  // namespace
}  // namespace mobi::test
