// SPDX-License-Identifier: Apache-2.0
#include "core/clock.hpp"

#include <gtest/gtest.h>

#include "core/paced_clock.hpp"

namespace mobi::test {
namespace {

template <typename Later, typename Earlier>
concept Subtractable = requires(Later later, Earlier earlier) {
    later - earlier;
};
static_assert(Subtractable<VirtualClock::time_point, VirtualClock::time_point>);
static_assert(!Subtractable<VirtualClock::time_point, WallClock::time_point>);

TEST(VirtualClockTest, AdvancesExactlyInNanoseconds) {
    using namespace std::chrono_literals;
    VirtualClock::time_point now{};
    now += 1500ms;
    EXPECT_EQ(now.time_since_epoch().count(), 1'500'000'000);
}

TEST(WallClockTest, DoesNotRunBackwards) {
    const auto before = WallClock::now();
    EXPECT_GE(WallClock::now(), before);
}

TEST(PacedClockTest, VirtualTimePassesWithRealTime) {
    const WallClock::time_point start{WallClock::duration(100)};
    const PacedClock clock(start, 50);
    const VirtualClock::time_point later{std::chrono::minutes(30)};
    EXPECT_NEAR((clock.wall_at(later) - start).count(), 36, 1e-9);
    EXPECT_EQ(clock.virtual_at(start), VirtualClock::time_point());
    EXPECT_NEAR(
        std::chrono::duration<double>(clock.virtual_at(clock.wall_at(later)) - later).count(), 0,
        1e-6);
    EXPECT_LT(clock.virtual_at(start - WallClock::duration(1)), VirtualClock::time_point());
    EXPECT_EQ(clock.virtual_length(WallClock::duration(2)), std::chrono::seconds(100));
}

TEST(PacedClockTest, NoScaleLeadsBeyondTheLongestRun) {
    const WallClock::time_point start = WallClock::now();
    const PacedClock clock(start, 1e300);
    EXPECT_EQ(clock.virtual_at(start + WallClock::duration(1)), kHorizon);
    EXPECT_EQ(clock.virtual_length(WallClock::duration(-1)), -kLongestRun);
}

}  // namespace
}  // namespace mobi::test
