// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_costs.hpp"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "method/side/small_fleet.hpp"
#include "method/side/update_launches.hpp"
#include "wire/packet.hpp"

namespace mobi::test {
namespace {

using std::chrono::nanoseconds;
using Samples = std::vector<std::int32_t>;

class SideCostsTest : public SmallFleet {
  protected:
    SideCostsTest() {
        settings.server.rate_flop_per_s = 1e15;  // so that the fixed time alone is left
        settings.server.io_rate_bytes_per_s = 1e15;
    }

    VirtualClock::duration time_of(const Samples& samples) const {
        const FleetShape shape(plan, settings);
        return update_time_of(plan, shape, settings)(samples);
    }
    std::int64_t launches_of(const Samples& samples) const {
        const FleetShape shape(plan, settings);
        return update_launches_of(plan, shape, settings)(samples);
    }
    std::int64_t formula(std::int64_t sources) const {
        return update_launches(FleetShape(plan, settings).side, settings, sources).total();
    }
};

// Devices 0 and 2 are of one type, 1 and 3 of the other; each has 12 samples.
TEST_F(SideCostsTest, LaunchesAreThoseOfTheTypesInTheBatch) {
    EXPECT_EQ(launches_of({0, 1, 2}), formula(1));
    EXPECT_EQ(launches_of({12, 13}), formula(1));
    EXPECT_EQ(launches_of({0, 24}), formula(1)) << "two devices of one type";
    EXPECT_EQ(launches_of({0, 12, 24}), formula(2));
    EXPECT_EQ(launches_of(every_sample()), formula(2));
    EXPECT_GT(formula(2), formula(1));
}

TEST_F(SideCostsTest, LaunchesAreThoseOfTheDevicesWhereEachHasItsProjections) {
    settings.align.projection = ProjectionScope::DeviceLayer;
    EXPECT_EQ(launches_of({0, 1}), formula(1));
    EXPECT_EQ(launches_of({0, 24}), formula(2));
    EXPECT_EQ(launches_of(every_sample()), formula(4));
}

TEST_F(SideCostsTest, AFleetOfOneTypeHasOneSource) {
    plan.backbones.resize(1);
    plan.backbones[0].devices = kDevices;
    for (DevicePlan& device : plan.devices) device.backbone = 0;
    EXPECT_EQ(launches_of(every_sample()), formula(1));
}

TEST_F(SideCostsTest, TheFixedTimeIsThatOfTheLaunchesOrWhatIsSaid) {
    settings.server.launch_s = 7e-6;
    for (const Samples& samples : {Samples{3}, Samples{0, 12}})
        EXPECT_NEAR(static_cast<double>(time_of(samples).count()),
                    7000.0 * static_cast<double>(launches_of(samples)), 10);
    settings.server.step_overhead_s = 2e-3;
    EXPECT_NEAR(static_cast<double>(time_of({0, 12}).count()), 2e6, 10);
    settings.server.step_overhead_s = 0;
    EXPECT_LE(time_of({0, 12}), nanoseconds(10));
    EXPECT_GT(launches_of({0, 12}), 0) << "for the log, whatever the time";
}

TEST_F(SideCostsTest, SamplesTakeTheirFlopsAndTheirBytes) {
    settings.server.step_overhead_s = 1e-3;
    settings.server.rate_flop_per_s = 1e6;
    settings.server.io_rate_bytes_per_s = 1e5;
    const FleetShape shape(plan, settings);
    double seconds = 1e-3;
    for (const std::int32_t source : {0, 0, 1})
        seconds += side_update_flop(shape.side, settings.side, source) / 1e6 +
                   static_cast<double>(packet_bytes(
                       plan.backbones[static_cast<std::size_t>(source)].layout, 1, false)) /
                       1e5;
    EXPECT_NEAR(static_cast<double>(time_of({0, 24, 12}).count()), 1e9 * seconds, 1);
}

}  // namespace
}  // namespace mobi::test
