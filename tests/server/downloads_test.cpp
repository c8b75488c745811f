// SPDX-License-Identifier: Apache-2.0
#include "server/downloads.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = VirtualClock::time_point;

class DownloadsTest : public testing::Test {
  protected:
    DownloadsTest() {
        for (std::int32_t id = 0; id < 3; ++id) {
            DevicePlan device;
            device.id = id;
            device.link.name = "l";
            device.link.uplink_bytes_per_s = 1e6;
            device.link.downlink_bytes_per_s = 2e6;
            device.link.latency_s = 0.01;
            device.admitted = true;
            plan.devices.push_back(device);
        }
    }
    Downloads at(int second) const {
        return downloads_at(Time(seconds(second)), plan, bytes, leftovers, {});
    }

    FleetPlan plan;
    std::vector<std::int64_t> bytes{2'000'000, 4'000'000, 6'000'000};
    Leftovers leftovers;
};

TEST_F(DownloadsTest, EveryAdmittedDeviceFetchesItsOwn) {
    plan.devices[1].admitted = false;
    plan.devices[2].link.down_base_w = 3;
    plan.devices[2].link.down_j_per_byte = 1e-6;
    const Downloads all = at(100);
    ASSERT_EQ(all.arrived.size(), 2u);
    EXPECT_EQ(all.missing, 0);
    EXPECT_EQ(all.arrived[0].start, Time(seconds(100)));
    EXPECT_EQ(all.arrived[0].arrival, Time(milliseconds(101'010)));
    EXPECT_EQ(all.arrived[1].device, 2);
    EXPECT_EQ(all.arrived[1].arrival, Time(milliseconds(103'010)));
    EXPECT_EQ(all.arrived[1].charged_bytes, 6'000'000);
    EXPECT_EQ(all.arrived[1].repeated_bytes, 0);
    EXPECT_DOUBLE_EQ(all.arrived[1].energy_j, 3 * 3 + 6);
}

TEST_F(DownloadsTest, OnAHalfDuplexLinkAnUploadUnderWayGoesFirst) {
    leftovers.late = {{0, 7, LostStage::Late, Time(seconds(99)), Time(seconds(102)), 3'000'000},
                      {0, 8, LostStage::Late, Time(seconds(102)), Time(seconds(110)), 8'000'000},
                      {1, 3, LostStage::Late, Time(seconds(90)), Time(seconds(95)), 5'000'000}};
    EXPECT_EQ(at(100).arrived[0].arrival, Time(milliseconds(101'010)));  // both at once
    for (DevicePlan& device : plan.devices) device.link.duplex = Duplex::Half;
    const Downloads all = at(100);
    // the next upload has not begun, and will not: training is over
    EXPECT_EQ(all.arrived[0].start, Time(seconds(102)));
    EXPECT_EQ(all.arrived[0].arrival, Time(milliseconds(103'010)));
    EXPECT_EQ(all.arrived[1].start, Time(seconds(100)));
}

TEST_F(DownloadsTest, WhoseBatteryIsEmptyHasLeft) {
    leftovers.emptied = {{0, Time(seconds(50))}, {2, Time(seconds(150))}};
    const Downloads all = at(100);
    ASSERT_EQ(all.arrived.size(), 2u);
    EXPECT_EQ(all.arrived[0].device, 1);
    EXPECT_EQ(all.missing, 1);
}

TEST_F(DownloadsTest, AttemptsThatAreCutOffAreInVain) {
    auto pattern = std::make_shared<AvailabilityProfile>();
    pattern->kind = AvailabilityKind::Trace;
    pattern->trace = std::make_shared<AvailabilityTrace>(
        parse_availability_trace("0,0,101\n0,200,300\n1,0,100\n2,0,300\n", "a", 1000));
    for (DevicePlan& device : plan.devices) device.availability = pattern;
    bytes[0] = 3'000'000;
    const Downloads all = at(100);
    ASSERT_EQ(all.lost.size(), 1u);
    EXPECT_EQ(all.lost[0].stage, LostStage::Download);
    EXPECT_EQ(all.lost[0].packet, -1);
    EXPECT_EQ(all.lost[0].charged_bytes, 2'000'000);
    EXPECT_EQ(all.arrived[0].start, Time(seconds(200)));
    EXPECT_EQ(all.arrived[0].arrival, Time(milliseconds(201'510)));
    // the second is off from 100 s on, until the trace repeats
    EXPECT_EQ(all.arrived[1].start, Time(seconds(1000)));
}

/// Without anything shared and anything drawn, a download is bytes / rate + latency from the time
/// at which the link is free.
TEST_F(DownloadsTest, TimesAreThoseOfTheClosedForm) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RandomStream random(seed, Purpose::Test);
        plan.devices.clear();
        leftovers = {};
        bytes.clear();
        std::vector<Time> free;
        std::int32_t admitted = 0, gone = 0;
        std::vector<bool> comes;
        for (std::int32_t id = 0; id < 8; ++id) {
            DevicePlan device;
            device.id = id;
            device.admitted = random.below(4) > 0;
            device.link.uplink_bytes_per_s = 1e6;
            device.link.downlink_bytes_per_s = 1e6 * static_cast<double>(1 + random.below(4));
            device.link.latency_s = 0.001 * static_cast<double>(random.below(50));
            if (random.below(2) == 0) device.link.duplex = Duplex::Half;
            device.link.down_base_w = static_cast<double>(random.below(5));
            device.link.down_j_per_byte = 1e-6;
            bytes.push_back(static_cast<std::int64_t>(12 * (1 + random.below(1'000'000))));
            free.emplace_back(seconds(100));
            if (random.below(3) == 0) {
                const Time start(seconds(90 + random.below(15)));
                const Time end = start + seconds(random.below(30));
                leftovers.late.push_back({id, 0, LostStage::Late, start, end, 1});
                if (device.link.duplex == Duplex::Half && start < Time(seconds(100)))
                    free.back() = std::max(free.back(), end);
            }
            const Time emptied(seconds(97 + random.below(6)));
            const bool empties = random.below(3) == 0;
            if (empties) leftovers.emptied.emplace_back(id, emptied);
            comes.push_back(device.admitted && !(empties && emptied <= Time(seconds(100))));
            admitted += device.admitted ? 1 : 0;
            gone += device.admitted && !comes.back() ? 1 : 0;
            plan.devices.push_back(device);
        }
        if (admitted == gone) continue;
        const Downloads all = at(100);
        EXPECT_TRUE(all.lost.empty());
        EXPECT_EQ(all.missing, gone);
        std::size_t place = 0;
        for (std::size_t i = 0; i < plan.devices.size(); ++i) {
            if (!comes[i]) continue;
            ASSERT_LT(place, all.arrived.size());
            const Download& one = all.arrived[place++];
            const LinkProfile& link = plan.devices[i].link;
            const auto length_s = static_cast<double>(bytes[i]) / link.downlink_bytes_per_s;
            const auto in_ns = [&](Time time) {
                return static_cast<double>((time - free[i]).count());
            };
            EXPECT_EQ(one.device, static_cast<std::int32_t>(i));
            EXPECT_EQ(one.start, free[i]);
            EXPECT_NEAR(in_ns(one.receive_end), length_s * 1e9, 1) << "seed " << seed;
            EXPECT_NEAR(in_ns(one.arrival), (length_s + link.latency_s) * 1e9, 2);
            EXPECT_EQ(one.charged_bytes, bytes[i]);
            EXPECT_EQ(one.repeated_bytes, 0);
            EXPECT_EQ(one.task, TaskId());
            EXPECT_NEAR(one.energy_j,
                        link.down_base_w * length_s + 1e-6 * static_cast<double>(bytes[i]), 1e-6);
        }
        EXPECT_EQ(place, all.arrived.size());
        if (HasFailure()) return;
    }
}

TEST_F(DownloadsTest, AnUploadThatHasNotBegunIsNotWaitedFor) {
    for (DevicePlan& device : plan.devices) device.link.duplex = Duplex::Half;
    leftovers.late = {{0, 1, LostStage::Late, Time(seconds(100)), Time(seconds(103)), 1},
                      {1, 1, LostStage::Late, Time(seconds(100)) - VirtualClock::duration(1),
                       Time(seconds(103)), 1}};
    const Downloads all = at(100);
    EXPECT_EQ(all.arrived[0].start, Time(seconds(100)));
    EXPECT_EQ(all.arrived[1].start, Time(seconds(103)));
}

TEST_F(DownloadsTest, ABatteryThatIsEmptyJustThenIsTooEarlyAndALaterOneNot) {
    leftovers.emptied = {{0, Time(seconds(100))},
                         {1, Time(seconds(100)) + VirtualClock::duration(1)}};
    const Downloads all = at(100);
    ASSERT_EQ(all.arrived.size(), 2U);
    EXPECT_EQ(all.arrived[0].device, 1);
    EXPECT_EQ(all.missing, 1);
}

TEST_F(DownloadsTest, WhereAllAreEmptyNothingIsFetched) {
    for (std::int32_t id = 0; id < 3; ++id) leftovers.emptied.emplace_back(id, Time(seconds(1)));
    const Downloads all = at(100);
    EXPECT_TRUE(all.arrived.empty());
    EXPECT_TRUE(all.lost.empty());
    EXPECT_EQ(all.missing, 3);
}

TEST_F(DownloadsTest, WhoNeverComesBackMissesIt) {
    auto pattern = std::make_shared<AvailabilityProfile>();
    pattern->kind = AvailabilityKind::Trace;
    AvailabilityTrace trace = parse_availability_trace("0,0,300\n1,150,300\n", "a", 1000);
    trace.devices = 3;  // the last is never on
    pattern->trace = std::make_shared<AvailabilityTrace>(trace);
    for (DevicePlan& device : plan.devices) device.availability = pattern;
    const Downloads all = at(100);
    ASSERT_EQ(all.arrived.size(), 2U);
    EXPECT_EQ(all.arrived[0].start, Time(seconds(100)));
    EXPECT_EQ(all.arrived[1].start, Time(seconds(150)));  // when it is back
    EXPECT_EQ(all.missing, 1);
    EXPECT_TRUE(all.lost.empty());
}

TEST_F(DownloadsTest, WhatALinkLosesIsChargedAndRepeated) {
    for (DevicePlan& device : plan.devices) device.link.loss = 0.2;
    const Downloads all = at(100);
    ASSERT_EQ(all.arrived.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        const Download& one = all.arrived[i];
        EXPECT_GT(one.repeated_bytes, 0);
        EXPECT_EQ(one.charged_bytes - one.repeated_bytes, bytes[i]);
        EXPECT_NEAR(static_cast<double>((one.receive_end - one.start).count()) / 1e9,
                    static_cast<double>(one.charged_bytes) / 2e6, 1e-6);
        // of n segments, each sent 1 / (1 - loss) times: five standard deviations around the mean
        const double segments = static_cast<double>(bytes[i]) / 1500;
        const double expected = static_cast<double>(bytes[i]) * 0.2 / 0.8;
        EXPECT_NEAR(static_cast<double>(one.repeated_bytes), expected,
                    5 * 1500 * std::sqrt(segments * 0.2) / 0.8);
    }
}

TEST_F(DownloadsTest, TheServersLinkIsShared) {
    bytes = {1'500'000, 1'500'000, 1'500'000};
    FleetClockParameters parameters;
    parameters.server_bytes_per_s = 3e6;  // 1 MB/s each
    const Downloads all = downloads_at(Time(seconds(100)), plan, bytes, leftovers, parameters);
    for (const Download& one : all.arrived)
        EXPECT_NEAR(static_cast<double>((one.receive_end - Time(seconds(100))).count()), 1.5e9, 2);
}

TEST_F(DownloadsTest, WhatEveryDeviceGetsAddsUp) {
    auto pattern = std::make_shared<AvailabilityProfile>();
    pattern->kind = AvailabilityKind::Markov;
    pattern->mean_on_s = 3;
    pattern->mean_off_s = 2;
    for (DevicePlan& device : plan.devices) device.availability = pattern;
    std::size_t cut_off = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        FleetClockParameters parameters;
        parameters.seed = seed;
        const Downloads all = downloads_at(Time(seconds(100)), plan, bytes, leftovers, parameters);
        EXPECT_EQ(all.arrived.size() + static_cast<std::size_t>(all.missing), 3U);
        for (std::size_t i = 1; i < all.lost.size(); ++i)
            EXPECT_LT(std::pair(all.lost[i - 1].device, all.lost[i - 1].start),
                      std::pair(all.lost[i].device, all.lost[i].start));
        for (const LostWork& one : all.lost) {
            EXPECT_EQ(one.stage, LostStage::Download);
            EXPECT_LE(one.charged_bytes, bytes[static_cast<std::size_t>(one.device)]);
            EXPECT_GE(one.start, Time(seconds(100)));
            EXPECT_NEAR(static_cast<double>(one.charged_bytes),
                        static_cast<double>((one.end - one.start).count()) * 2e6 / 1e9, 2);
            for (const Download& download : all.arrived)
                if (download.device == one.device) {
                    EXPECT_LE(one.end, download.start);
                }
        }
        cut_off += all.lost.size();
    }
    EXPECT_GT(cut_off, 50U);
}

}  // namespace
}  // namespace mobi::test
