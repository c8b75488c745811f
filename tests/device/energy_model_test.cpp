// SPDX-License-Identifier: Apache-2.0
#include "device/energy_model.hpp"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>

#include "device/link_model.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;

TEST(EnergyModelTest, ComputingAndWaitingArePowerTimesTime) {
    DeviceProfile device;
    device.compute_w = 15;
    device.idle_w = 2;
    EXPECT_DOUBLE_EQ(compute_energy_j(device, milliseconds(1500)), 22.5);
    EXPECT_DOUBLE_EQ(idle_energy_j(device, milliseconds(1500)), 3);
}

// docs/devices.md 4.4: 1 MB up at 6 Mbit/s on LTE takes 1.33 s and 4.5 J.
TEST(EnergyModelTest, RadioPowerGrowsWithThroughput) {
    LinkProfile lte;
    lte.uplink_bytes_per_s = 6e6 / 8;
    lte.up_base_w = 2.926;
    lte.up_j_per_byte = 76.7e-3 / (1e6 / 8);
    const auto sending = transfer_time(uplink(lte), 1e6);
    EXPECT_NEAR(send_energy_j(lte, 1e6, sending), (2.926 + 0.0767 * 6) * 4 / 3, 1e-8);
    EXPECT_NEAR(send_energy_j(lte, 1e6, sending), 4.5, 0.05);
    lte.downlink_bytes_per_s = 96e6 / 8;
    lte.down_base_w = 2.839;
    lte.down_j_per_byte = 11.5e-3 / (1e6 / 8);
    EXPECT_NEAR(receive_energy_j(lte, 1e6, transfer_time(downlink(lte), 1e6)),
                (2.839 + 0.0115 * 96) / 12, 1e-8);
}

TEST(EnergyModelTest, WhatIsNotKnownIsNotANumber) {
    EXPECT_TRUE(std::isnan(compute_energy_j({}, milliseconds(1))));
    EXPECT_TRUE(std::isnan(idle_energy_j({}, milliseconds(1))));
    LinkProfile link;
    link.uplink_bytes_per_s = link.downlink_bytes_per_s = 1;
    link.up_base_w = link.down_base_w = 1;  // and no slope
    EXPECT_TRUE(std::isnan(send_energy_j(link, 1, milliseconds(1))));
    EXPECT_TRUE(std::isnan(receive_energy_j(link, 1, milliseconds(1))));
}

}  // namespace
}  // namespace mobi::test
