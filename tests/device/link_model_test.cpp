// SPDX-License-Identifier: Apache-2.0
#include "device/link_model.hpp"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using std::chrono::nanoseconds;

LinkProfile wifi() {
    LinkProfile link;
    link.name = "wifi";
    link.uplink_bytes_per_s = 2.5e6;    // 20 Mbit/s
    link.downlink_bytes_per_s = 1.5e7;  // 120 Mbit/s
    return link;
}

TEST(LinkModelTest, TimeIsEightBitsAByteOverTheRate) {
    EXPECT_EQ(transfer_time(uplink(wifi()), 36'864),
              nanoseconds(14'745'600));  // 294,912 bits / 20e6
    EXPECT_EQ(transfer_time(downlink(wifi()), 36'864), nanoseconds(2'457'600));
    EXPECT_EQ(transfer_time(uplink(wifi()), 0), nanoseconds(0));
}

TEST(LinkModelTest, RoundsOnceToWholeNanoseconds) {
    EXPECT_EQ(transfer_time(downlink(wifi()), 1), nanoseconds(67));  // 66.67 ns
    EXPECT_EQ(transfer_time(downlink(wifi()), 1000), nanoseconds(66'667));
}

TEST(LinkModelTest, LatencyIsFiveMillisecondsUnlessTheLinkSaysOtherwise) {
    EXPECT_EQ(latency(wifi()), nanoseconds(5'000'000));
}

TEST(LinkModelTest, AnUnknownRateIsAnErrorAndNotAFreeTransfer) {
    EXPECT_THROW(transfer_time(uplink(LinkProfile{}), 1), ConfigError);
    EXPECT_THROW(transfer_time(downlink(LinkProfile{}), 1), ConfigError);
}

TEST(LinkModelTest, JitterIsNormalAndNeverBelowZero) {
    LinkProfile link = wifi();
    link.latency_s = 0.05;
    link.jitter_s = 0.01;
    double sum = 0, squares = 0;
    constexpr int kDraws = 20'000;
    for (int i = 0; i < kDraws; ++i) {
        const RandomStream random(1, Purpose::Test, static_cast<std::uint64_t>(i));
        const double z =
            (std::chrono::duration<double>(latency(link, random)).count() - 0.05) / 0.01;
        sum += z;
        squares += z * z;
    }
    EXPECT_NEAR(sum / kDraws, 0, 4 / std::sqrt(kDraws));
    EXPECT_NEAR(squares / kDraws, 1, 4 * std::sqrt(2.0 / kDraws));
    link.jitter_s = 10;
    int none = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto one = latency(link, {2, Purpose::Test, static_cast<std::uint64_t>(i)});
        EXPECT_GE(one.count(), 0);
        none += one.count() == 0;
    }
    EXPECT_NEAR(none, 500, 64);  // 4 sigma
    link.jitter_s = 0;
    EXPECT_EQ(latency(link, {1, Purpose::Test}), latency(link));
}

}  // namespace
}  // namespace mobi::test
