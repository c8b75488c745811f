// SPDX-License-Identifier: Apache-2.0
#include "device/thermal_model.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

DeviceProfile phone() {
    DeviceProfile device;
    device.thermal_budget_s = 60;
    device.thermal_floor = 0.5;
    device.thermal_decay_s = 100;
    return device;
}

/// The work that a device does in `time_s`, by small steps.
double work_done(const DeviceProfile& device, double time_s, double heat_s) {
    constexpr int kSteps = 200'000;
    double work = 0;
    for (int i = 0; i < kSteps; ++i) {
        const double heat = heat_s + (i + 0.5) * time_s / kSteps;
        const double hot = heat - device.thermal_budget_s;
        const double rate =
            hot <= 0 ? 1
                     : device.thermal_floor +
                           (1 - device.thermal_floor) * std::exp(-hot / device.thermal_decay_s);
        work += rate * time_s / kSteps;
    }
    return work;
}

TEST(ThermalModelTest, AColdDeviceHasItsFullRate) {
    EXPECT_EQ(throttled_time_s(phone(), 59, 0), 59);
    EXPECT_EQ(throttled_time_s(phone(), 10, 50), 10);
    DeviceProfile fan = phone();
    fan.thermal_budget_s = 0;
    EXPECT_EQ(throttled_time_s(fan, 1e6, 1e6), 1e6);
}

TEST(ThermalModelTest, TheTimeIsTheInverseOfTheWorkDone) {
    for (const double heat : {0.0, 30.0, 60.0, 200.0, 5000.0})
        for (const double work : {0.1, 40.0, 100.0, 3000.0}) {
            const double time = throttled_time_s(phone(), work, heat);
            EXPECT_GE(time, work);
            EXPECT_NEAR(work_done(phone(), time, heat), work, 1e-4 * work) << heat << " " << work;
        }
}

TEST(ThermalModelTest, AHotDeviceKeepsTheFloor) {
    EXPECT_NEAR(throttled_time_s(phone(), 10, 1e5), 20, 1e-9);
}

TEST(ThermalModelTest, CuttingWorkInTwoChangesNothing) {
    const double first = throttled_time_s(phone(), 70, 20);
    EXPECT_NEAR(first + throttled_time_s(phone(), 50, 20 + first),
                throttled_time_s(phone(), 120, 20), 1e-9);
}

TEST(ThermalModelTest, AFallSlowerThanAnyRunIsNone) {
    DeviceProfile device = phone();
    device.thermal_decay_s = 1e24;
    EXPECT_NEAR(throttled_time_s(device, 100, 1000), 100, 1e-6);
}

}  // namespace
}  // namespace mobi::test
