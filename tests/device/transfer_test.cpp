// SPDX-License-Identifier: Apache-2.0
#include "device/transfer.hpp"

#include <chrono>
#include <cmath>
#include <optional>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/virtual_time.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

Time ms(std::int64_t count) {
    return Time(milliseconds(count));
}

TEST(AfterWakeUpTest, AnIdleRadioBeginsLater) {
    LinkProfile link;
    link.name = "l";
    link.wake_up_s = 0.3;
    link.wake_after_s = 2;
    EXPECT_EQ(after_wake_up(link, ms(5000), std::nullopt), ms(5300));
    EXPECT_EQ(after_wake_up(link, ms(5000), ms(3000)), ms(5000)) << "2 s after the last byte";
    EXPECT_EQ(after_wake_up(link, ms(5001), ms(3000)), ms(5301));
    EXPECT_EQ(after_wake_up(link, ms(5000), ms(5000)), ms(5000));
}

TEST(AfterWakeUpTest, WithoutADelayNothingIsAsked) {
    LinkProfile link;
    link.wake_after_s = 2;
    EXPECT_EQ(after_wake_up(link, ms(5000), std::nullopt), ms(5000));
    EXPECT_EQ(after_wake_up(link, ms(5000), ms(0)), ms(5000));
}

TEST(AfterWakeUpTest, ATimeBeyondTheLongestRunIsNever) {
    LinkProfile link;
    link.name = "l";
    link.wake_up_s = 0.3;
    link.wake_after_s = 1e300;
    EXPECT_EQ(after_wake_up(link, ms(9'000'000), ms(0)), ms(9'000'000));
    link.wake_up_s = 1e12;
    EXPECT_THROW(after_wake_up(link, ms(0), std::nullopt), ConfigError);
}

TEST(BytesWithRepeatsTest, WithoutLossNothingIsRepeated) {
    RandomStream random(1, Purpose::Test);
    for (const std::int64_t bytes : {0LL, 1LL, 1500LL, 1LL << 40})
        EXPECT_EQ(bytes_with_repeats(bytes, 0, random), bytes);
}

// Each repeat is of a whole segment; the last one may be shorter.
TEST(BytesWithRepeatsTest, RepeatsAreOfSegments) {
    RandomStream random(2, Purpose::Test);
    for (int i = 0; i < 2000; ++i) {
        const auto bytes = static_cast<std::int64_t>(random.below(20'000));
        const std::int64_t tail = bytes % 1500 == 0 ? 1500 : bytes % 1500;
        const std::int64_t repeated = bytes_with_repeats(bytes, 0.4, random) - bytes;
        ASSERT_GE(repeated, 0);
        bool found = false;
        for (std::int64_t tails = 0; tails * tail <= repeated && !found; ++tails)
            found = (repeated - tails * tail) % 1500 == 0;
        ASSERT_TRUE(found) << repeated << " of " << bytes;
    }
}

// How often a segment goes is geometric: mean 1 / (1 - p), variance p / (1 - p)².
TEST(BytesWithRepeatsTest, ASegmentGoesUntilItArrives) {
    for (const double loss : {0.01, 0.3, 0.9, 0.99}) {
        RandomStream random(3, Purpose::Test);
        constexpr int kSegments = 40'000;
        const double times =
            static_cast<double>(bytes_with_repeats(std::int64_t{1500} * kSegments, loss, random)) /
            (1500.0 * kSegments);
        EXPECT_NEAR(times, 1 / (1 - loss), 4 * std::sqrt(loss / kSegments) / (1 - loss)) << loss;
    }
}

TEST(DrawRateTest, WithoutADeviationTheLinkHasItsOwn) {
    RandomStream random(4, Purpose::Test);
    LinkDirection direction;
    direction.bytes_per_s = 1e6;
    EXPECT_TRUE(std::isnan(draw_rate(direction, random)));
}

TEST(DrawRateTest, IsNormalAroundItsMeanAndAboveZero) {
    RandomStream random(5, Purpose::Test);
    LinkDirection direction;
    direction.bytes_per_s = 1e6;
    direction.deviation_bytes_per_s = 1e5;
    double sum = 0, squares = 0;
    constexpr int kDraws = 40'000;
    for (int i = 0; i < kDraws; ++i) {
        const double z = (draw_rate(direction, random) - 1e6) / 1e5;
        sum += z;
        squares += z * z;
    }
    EXPECT_NEAR(sum / kDraws, 0, 4 / std::sqrt(kDraws));
    EXPECT_NEAR(squares / kDraws, 1, 4 * std::sqrt(2.0 / kDraws));
    direction.deviation_bytes_per_s = 1e7;
    for (int i = 0; i < 1000; ++i) EXPECT_GT(draw_rate(direction, random), 0);
}

}  // namespace
}  // namespace mobi::test
