// SPDX-License-Identifier: Apache-2.0
#include "server/downloads.hpp"

#include <vector>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mobi::test
