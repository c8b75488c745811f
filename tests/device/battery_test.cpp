// SPDX-License-Identifier: Apache-2.0
#include "device/battery.hpp"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "device/energy_model.hpp"
#include "device/link_model.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double in_seconds(VirtualClock::duration time) {
    return std::chrono::duration<double>(time).count();
}

/// 100 J, 5 W while computing, 2 W while sending at 1,000 bytes/s.
class BatteryTest : public ::testing::Test {
  protected:
    BatteryTest() {
        profile.name = "d";
        profile.battery_j = 100;
        profile.compute_w = 5;
        profile.battery_rest_s = 3;
        link.name = "l";
        link.uplink_bytes_per_s = 1000;
        link.up_base_w = 2;
        link.up_j_per_byte = 0;
    }
    DeviceProfile profile;
    LinkProfile link;
};

TEST_F(BatteryTest, LastsAsLongAsItsChargeAtThePowerOfComputing) {
    EXPECT_EQ(Battery(profile, link).lasts(), seconds(20));
    profile.battery_start = 0.25;
    EXPECT_EQ(Battery(profile, link).lasts(), seconds(5));
    profile.battery_start = 0;
    EXPECT_EQ(Battery(profile, link).lasts(), seconds(0));
}

TEST_F(BatteryTest, OnMainsItLastsForEverAndNeverRests) {
    profile.battery_j = 0;
    Battery mains(profile, link);
    mains.compute(seconds(1'000'000));
    mains.send(1'000'000'000);
    EXPECT_EQ(mains.lasts(), VirtualClock::duration::max());
    EXPECT_EQ(mains.rest(), seconds(0));
}

TEST_F(BatteryTest, WhatTakesNoPowerLastsForEver) {
    profile.compute_w = 0;
    EXPECT_EQ(Battery(profile, link).lasts(), VirtualClock::duration::max());
    profile.compute_w = 1e-300;
    EXPECT_GT(Battery(profile, link).lasts(), std::chrono::hours(199 * 365 * 24));
}

TEST_F(BatteryTest, ChargeIsWhatWasNotSpent) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        RandomStream random(seed, Purpose::Test);
        Battery battery(profile, link);
        double left = 100;
        for (int i = 0; i < 40; ++i) {
            if (random.below(2) == 0) {
                const milliseconds time(random.below(1000));
                battery.compute(time);
                left -= 5 * in_seconds(time);
            } else {
                const auto bytes = static_cast<std::int64_t>(random.below(1500));
                battery.send(bytes);
                left -= 2 * static_cast<double>(bytes) / 1000;
            }
            // to the nanosecond that lasts() is cut to, and the digits of 40 subtractions
            ASSERT_NEAR(in_seconds(battery.lasts()), std::max(0.0, left) / 5, 2e-9) << seed;
            ASSERT_EQ(battery.rest(), left < 20 ? seconds(3) : seconds(0)) << seed;
        }
    }
}

TEST_F(BatteryTest, BelowItsShareItRests) {
    profile.battery_low = 0.5;
    Battery battery(profile, link);
    battery.compute(seconds(10));
    EXPECT_EQ(battery.rest(), seconds(0)) << "at the share, not below it";
    battery.compute(milliseconds(1));
    EXPECT_EQ(battery.rest(), seconds(3));
}

TEST_F(BatteryTest, AnUnknownRadioIsNotPaidFor) {
    link.up_base_w = kUnknown;
    Battery battery(profile, link);
    battery.send(1'000'000);
    EXPECT_EQ(battery.lasts(), seconds(20));
}

TEST_F(BatteryTest, AnEmptyOneIsNotBelowEmpty) {
    Battery battery(profile, link);
    battery.compute(seconds(1000));
    EXPECT_EQ(battery.lasts(), seconds(0));
}

}  // namespace
}  // namespace mobi::test
