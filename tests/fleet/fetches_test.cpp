// SPDX-License-Identifier: Apache-2.0
// Golden timelines of downloads: hand-derived fractions.
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "fleet/one_shot.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = VirtualClock::time_point;

LinkProfile link(double bytes_per_s = 1e6) {
    LinkProfile profile;
    profile.name = "l";
    profile.uplink_bytes_per_s = 1;  // never used
    profile.downlink_bytes_per_s = bytes_per_s;
    profile.latency_s = 0.002;
    return profile;
}

/// Everything is ready at 10 s.
Receiver task(std::int32_t device, const LinkProfile& link, std::int64_t bytes) {
    return {device, &link, nullptr, bytes, Time(seconds(10))};
}

std::vector<long long> ends(const std::vector<Receiver>& tasks, double server_bytes_per_s = 0) {
    std::vector<long long> list;
    for (const auto& one : schedule_downloads(tasks, {1, server_bytes_per_s}).downloads)
        list.push_back(one.sent.time_since_epoch().count());
    return list;
}

using Ends = std::vector<long long>;

TEST(FetchesTest, AloneItTakesBytesOverRateAndOneLatency) {
    const LinkProfile own = link(7e6 / 8);
    const std::vector tasks{task(0, own, 1000)};
    const DownloadsSchedule done = schedule_downloads(tasks, {});
    ASSERT_EQ(done.downloads.size(), 1u);
    EXPECT_TRUE(done.downloads[0].delivered);
    EXPECT_EQ(done.downloads[0].start, Time(seconds(10)));
    EXPECT_EQ(done.downloads[0].sent, Time(nanoseconds(10'001'142'857)));  // 8,000 / 7e6 s
    EXPECT_EQ(done.downloads[0].arrival, Time(nanoseconds(10'003'142'857)));
    EXPECT_EQ(done.downloads[0].sent_bytes, 1000);
    EXPECT_TRUE(done.lost.empty());
}

TEST(FetchesTest, AnUnknownDownlinkIsAnErrorAndNotAFreeTransfer) {
    const LinkProfile none = link(kUnknown);
    EXPECT_THROW(schedule_downloads(std::vector{task(0, none, 1)}, {}), ConfigError);
}

TEST(FetchesTest, ATraceOfItsOwnTakesThePlaceOfTheRate) {
    LinkProfile traced = link();
    // 1 MB/s for two seconds, nothing for two: at 10 s the third period is half over
    traced.downlink_trace = std::make_shared<RateTrace>(
        "t", std::vector<RateTrace::Step>{{seconds(0), 8'000'000}, {seconds(2), 0}}, seconds(4),
        TraceEnd::Wrap);
    EXPECT_EQ(ends({task(0, traced, 1'500'000)}), Ends{13'500'000'000});
}

TEST(FetchesTest, DevicesOfACellShareItsDownlinkOnlyWhereItHasOne) {
    LinkProfile shared = link(1e6);
    shared.cell_devices = 2;
    shared.cell_uplink_bytes_per_s = 1;  // the other way
    const std::vector tasks{task(0, shared, 1'000'000), task(1, shared, 2'000'000),
                            task(2, shared, 1'000'000)};
    EXPECT_EQ(ends(tasks), (Ends{11'000'000'000, 12'000'000'000, 11'000'000'000}));
    shared.cell_downlink_bytes_per_s = 1e6;
    // half a MB/s each until 12 s, then the second alone; the third is in the next cell
    EXPECT_EQ(ends(tasks), (Ends{12'000'000'000, 13'000'000'000, 11'000'000'000}));
}

TEST(FetchesTest, TheServersLinkIsSharedByAll) {
    const LinkProfile slow = link(1e6);
    const LinkProfile fast = link(5e6);
    // 3 MB/s: one has its 1, the other the 2 that are left; from 11 s on alone
    EXPECT_EQ(ends({task(0, slow, 1'000'000), task(1, fast, 4'500'000)}, 3e6),
              (Ends{11'000'000'000, 11'833'333'333}));
}

TEST(FetchesTest, ADeviceThatIsOffFetchesItWhenItIsBack) {
    const LinkProfile own = link();
    AvailabilityProfile pattern;
    pattern.kind = AvailabilityKind::Trace;
    pattern.trace = std::make_shared<AvailabilityTrace>(
        parse_availability_trace("0,0,5\n0,12,13\n0,20,30\n1,0,1\n", "a", 100));
    Receiver back = task(0, own, 1'500'000);
    back.availability = &pattern;
    const DownloadsSchedule done = schedule_downloads(std::vector{back}, {});
    EXPECT_TRUE(done.downloads[0].delivered);
    EXPECT_EQ(done.downloads[0].start, Time(seconds(20)));
    EXPECT_EQ(done.downloads[0].sent, Time(milliseconds(21'500)));
    ASSERT_EQ(done.lost.size(), 1u);  // from 12 to 13 s it got a MB
    EXPECT_EQ(done.lost[0].start, Time(seconds(12)));
    EXPECT_EQ(done.lost[0].end, Time(seconds(13)));
    EXPECT_EQ(done.lost[0].sent_bytes, 1'000'000);
}

TEST(FetchesTest, ADeviceThatNeverComesBackFetchesNothing) {
    const LinkProfile own = link();
    AvailabilityProfile pattern;
    pattern.kind = AvailabilityKind::Trace;
    pattern.trace =
        std::make_shared<AvailabilityTrace>(parse_availability_trace("1,0,1\n", "a", 100));
    Receiver gone = task(0, own, 10);
    gone.availability = &pattern;
    EXPECT_FALSE(schedule_downloads(std::vector{gone}, {}).downloads[0].delivered);
}

TEST(FetchesTest, ASleepingRadioWakesUpAndLostSegmentsComeAgain) {
    LinkProfile radio = link();
    radio.wake_up_s = 0.5;
    EXPECT_EQ(ends({task(0, radio, 1'000'000)}), Ends{11'500'000'000});
    radio.loss = 0.2;
    double sent = 0;
    std::vector<Receiver> tasks;
    for (std::int32_t i = 0; i < 400; ++i) tasks.push_back(task(i, radio, 15'000));
    for (const auto& one : schedule_downloads(tasks, {}).downloads) {
        EXPECT_EQ(one.sent_bytes % 1500, 0);
        sent += static_cast<double>(one.sent_bytes);
    }
    EXPECT_NEAR(sent / 6e6, 1.25, 4 * std::sqrt(0.2) / 0.8 / std::sqrt(4000));
}

// docs/devices.md 5.2, FLASH: Normal(mu, sigma) for each transfer, drawn again until positive.
TEST(FetchesTest, RatesVaryNormallyFromDeviceToDevice) {
    constexpr int kDevices = 100'000;
    LinkProfile shaky = link(1e6);
    shaky.downlink_deviation_bytes_per_s = 2e5;  // 5 sigma from zero: hardly ever drawn again
    std::vector<Receiver> tasks;
    for (std::int32_t i = 0; i < kDevices; ++i) tasks.push_back(task(i, shaky, 1'000'000));
    double sum = 0, squares = 0;
    for (const auto& one : schedule_downloads(tasks, {}).downloads) {
        const double rate = 1e6 / std::chrono::duration<double>(one.sent - one.start).count();
        sum += rate;
        squares += rate * rate;
    }
    const double mean = sum / kDevices;
    EXPECT_NEAR(mean, 1e6, 4 * 2e5 / std::sqrt(kDevices));
    EXPECT_NEAR(std::sqrt(squares / kDevices - mean * mean), 2e5,
                4 * 2e5 / std::sqrt(2 * kDevices));
}

}  // namespace
}  // namespace mobi::test
