// SPDX-License-Identifier: Apache-2.0
#include "method/fleet_plan.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "method/plans.hpp"

namespace mobi::test {
namespace {

TEST(AdmitTest, CountsDevicesAndSamplesAndPlacesPackets) {
    FleetPlan plan = two_devices();
    admit(plan, {}, 512);
    EXPECT_EQ(plan.admitted_devices(), 2);
    EXPECT_EQ(plan.admitted_samples(), 35);
    EXPECT_EQ(plan.backbones[0].devices, 2);
    EXPECT_EQ(plan.samples[0].packet, 0);
    EXPECT_EQ(plan.samples[29].packet, 3);
    EXPECT_EQ(plan.samples[30].device, 1);
}

TEST(AdmitTest, RefusesTheDeviceThatLacksMemory) {
    FleetPlan plan = two_devices();
    plan.devices[0].profile.memory_bytes = 100e6;
    admit(plan, {}, 512);
    EXPECT_FALSE(plan.devices[0].admitted);
    EXPECT_TRUE(plan.devices[1].admitted);
    EXPECT_EQ(plan.admitted_samples(), 5);
}

TEST(AdmitTest, AFleetWithoutAnAdmittedDeviceIsAnErrorThatSaysWhatIsNeeded) {
    FleetPlan plan = two_devices();
    for (DevicePlan& device : plan.devices) device.profile.memory_bytes = 1e6;
    try {
        admit(plan, {}, 512);
        FAIL() << "admitted nobody and went on";
    } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find("phone with base needs"), std::string::npos);
    }
}

TEST(LargestThatFitsTest, GoesByMemory) {
    FleetPlan plan = two_devices();
    plan.backbones.push_back(plan.backbones[0]);
    plan.backbones[1].size.parameters = plan.backbones[0].size.parameters / 10;
    plan.backbones.push_back(plan.backbones[0]);
    plan.backbones[2].size.parameters = plan.backbones[0].size.parameters * 10;
    const std::vector<std::int32_t> all{0, 1, 2};
    DeviceProfile device;
    device.memory_bytes = 1e12;
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 2);
    const double half = 2.0 * static_cast<double>(plan.backbones[0].size.parameters);  // fp16
    device.memory_bytes = 2 * half;
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 0);
    device.memory_bytes = half;  // weights alone would fit, a packet does not
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 1);
    device.memory_bytes = 1;
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 1) << "the smallest, to be refused";
    EXPECT_EQ(largest_that_fits(plan, std::vector<std::int32_t>{2}, device, 128), 2);
}

TEST(ChargedLengthTest, FollowsCostPadding) {
    FleetPlan plan = two_devices();
    const std::vector<std::int32_t> mixed{0, 30};
    EXPECT_EQ(charged_length(plan, mixed, {Padding::Batch}, 600), 512);
    EXPECT_EQ(charged_length(plan, mixed, {Padding::Max}, 600), 600);
}

}  // namespace
}  // namespace mobi::test
