// SPDX-License-Identifier: Apache-2.0
#include "core/clock.hpp"

#include <chrono>
#include <cmath>
#include <thread>

#include <gtest/gtest.h>

#include "core/paced_clock.hpp"
#include "core/rng.hpp"

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

TEST(PacedClockTest, ThereAndBackIsTheSameInstantAtEveryScale) {
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < 1000; ++i) {
        const double scale = std::exp(10 * stream.normal());
        const PacedClock clock(WallClock::time_point(WallClock::duration(1e3 * stream.uniform())),
                               scale);
        const WallClock::duration wall(stream.normal() * 100);
        const VirtualClock::duration length = clock.virtual_length(wall);
        if (length == kLongestRun || length == -kLongestRun) continue;
        // to a nanosecond of virtual time, and a double's digits
        EXPECT_NEAR(clock.wall_length(length).count(), wall.count(),
                    1e-9 / scale + 1e-14 * std::abs(wall.count()));
    }
}

TEST(ThreadClockTest, CountsComputingAndNotWaiting) {
    const auto start = ThreadClock::now();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto waited = ThreadClock::now();
    EXPECT_LT((waited - start).count(), 0.05);
    const auto wall = WallClock::now();
    while ((ThreadClock::now() - waited).count() < 0.005) {
    }
    EXPECT_GE((WallClock::now() - wall).count(), 0.0049);
}

}  // namespace
}  // namespace mobi::test
