// SPDX-License-Identifier: Apache-2.0
#include "device/link_model.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

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

}  // namespace
}  // namespace mobi::test
