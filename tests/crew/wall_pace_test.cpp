// SPDX-License-Identifier: Apache-2.0
// Real time: what must not be too early is checked at once, what must not be late is tried again,
// because a busy machine may be late at any time.
#include "crew/wall_pace.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;
using Wall = WallClock::duration;

constexpr Wall kLook(0.001);

class WallPaceTest : public ::testing::Test {
  protected:
    WallPace make(double time_scale) {
        return WallPace(time_scale, kLook, {{}, [this](Wall patience) {
                                                waits.push_back(patience);
                                                std::this_thread::sleep_for(patience);
                                            }});
    }

    std::vector<Wall> waits;  // that the pump was asked for
};

TEST_F(WallPaceTest, BeforeItBeginsThereIsNoTime) {
    WallPace pace = make(1);
    EXPECT_THROW(pace.clock(), Bug);
    EXPECT_THROW(pace.wait_until(Time(milliseconds(1))), Bug);
    EXPECT_EQ(pace.paced_s(), 0);
    EXPECT_EQ(pace.overruns().count, 0);
}

TEST_F(WallPaceTest, ItBeginsWhenTheHookSays) {
    const WallClock::time_point start = WallClock::now() + Wall(1000);
    int asked = 0;
    WallPace pace(2, kLook,
                  {[&](Time from) { return asked += from == Time{} ? 1 : 9, start; }, {}});
    EXPECT_EQ(asked, 0);
    EXPECT_FALSE(pace.has_begun());
    pace.begin({});
    EXPECT_TRUE(pace.has_begun());
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(pace.clock().wall_at(Time{}), start);
    EXPECT_EQ(pace.clock().wall_at(Time(std::chrono::seconds(4))), start + Wall(2));
    EXPECT_LT(pace.clock().now(), Time{});
}

TEST_F(WallPaceTest, ItGoesOnFromATime) {
    const WallClock::time_point start = WallClock::now() + Wall(1000);
    Time asked{};
    WallPace pace(2, kLook, {[&](Time from) { return asked = from, start; }, {}});
    pace.begin(Time(std::chrono::seconds(6)));
    EXPECT_EQ(asked, Time(std::chrono::seconds(6)));
    EXPECT_NEAR((pace.clock().wall_at(asked) - start).count(), 0, 1e-6);
    EXPECT_NEAR((pace.clock().wall_at(Time(std::chrono::seconds(10))) - start).count(), 2, 1e-6);
}

TEST_F(WallPaceTest, WithoutAHookItBeginsAtOnce) {
    WallPace pace = make(1);
    const WallClock::time_point before = WallClock::now();
    pace.begin({});
    EXPECT_GE(pace.clock().wall_at(Time{}), before);
    EXPECT_LE(pace.clock().wall_at(Time{}), WallClock::now());
}

TEST_F(WallPaceTest, ItPumpsUntilTheTimeHasComeAndNeverForLongerThanALook) {
    WallPace pace = make(1000);
    pace.begin({});
    const Time end(std::chrono::seconds(20));  // 20 ms
    pace.wait_until(end);
    EXPECT_GE(pace.clock().now(), end);
    EXPECT_FALSE(waits.empty());
    Wall waited{};
    for (const Wall wait : waits) {
        EXPECT_GE(wait, Wall::zero());
        EXPECT_LE(wait, kLook);
        waited += wait;
    }
    EXPECT_LE(waited, Wall(0.020 + 1e-9) + kLook);  // what was asked for, not what it took
    EXPECT_GE(pace.paced_s(), 0.020);
}

TEST_F(WallPaceTest, APastTimeIsPumpedOnceWithoutWaiting) {
    WallPace pace(1, kLook,
                  {[](Time) { return WallClock::now() - Wall(10); },
                   [this](Wall patience) { waits.push_back(patience); }});
    pace.begin({});
    pace.pass(Time(std::chrono::seconds(1)));
    EXPECT_EQ(waits, std::vector<Wall>{Wall::zero()});
}

TEST_F(WallPaceTest, PacedTimeIsRealTimeWhateverTheScale) {
    for (const double scale : {0.5, 1.0, 64.0}) {
        WallPace pace(scale, kLook,
                      {[](Time) { return WallClock::now() - Wall(10); }, [](Wall) {}});
        const WallClock::time_point before = WallClock::now();
        pace.begin({});
        pace.wait_until(Time{});
        const Wall longest = WallClock::now() - before + Wall(10);
        EXPECT_GE(pace.paced_s(), 10 - 1e-6);
        EXPECT_LE(pace.paced_s(), longest.count() + 1e-6);
    }
}

TEST_F(WallPaceTest, AnUpdateEndsAsPlannedUnlessItIsCountedAsLate) {
    int in_time = 0;
    for (int i = 0; i < 200 && in_time == 0; ++i) {
        WallPace pace = make(1);
        pace.begin({});
        const Time planned(milliseconds(2));
        const Time end = pace.finish(i, planned, [] { return true; });
        EXPECT_GE(pace.clock().now(), planned);
        EXPECT_EQ(end == planned, pace.overruns().count == 0);
        EXPECT_GE(end, planned);
        in_time += pace.overruns().count == 0 ? 1 : 0;
    }
    EXPECT_EQ(in_time, 1) << "never within " << PacedClock::kTolerance.count() << " s of its time";
}

TEST_F(WallPaceTest, AnUpdateThatIsNotComputedIsWaitedForAndLate) {
    WallPace pace = make(10);
    pace.begin({});
    const WallClock::time_point done = WallClock::now() + Wall(0.030);
    int asked = 0;
    const Time planned(milliseconds(20));  // 2 ms
    const Time end = pace.finish(0, planned, [&] {
        ++asked;
        return WallClock::now() >= done;
    });
    EXPECT_GT(asked, 1);
    EXPECT_GE(end, pace.clock().virtual_at(done));
    EXPECT_EQ(pace.overruns().count, 1);
    EXPECT_NEAR(pace.overruns().worst.count(), pace.clock().wall_length(end - planned).count(),
                1e-6);  // real time
}

TEST_F(WallPaceTest, TheWorstOverrunIsKept) {
    WallPace pace(1, kLook, {[](Time) { return WallClock::now() - Wall(1000); }, [](Wall) {}});
    pace.begin({});
    const auto at_once = [] { return true; };
    for (const int planned_s : {400, 100, 800})
        pace.finish(0, Time(std::chrono::seconds(planned_s)), at_once);
    EXPECT_EQ(pace.overruns().count, 3);
    const double first = pace.overruns().worst.count();
    EXPECT_GE(first, 900);
    pace.finish(0, Time(std::chrono::seconds(900)), at_once);
    EXPECT_EQ(pace.overruns().count, 4);
    EXPECT_EQ(pace.overruns().worst.count(), first);
}

TEST_F(WallPaceTest, WaitingForTheEndOfTheRunIsNoOverrun) {
    WallPace pace(1, kLook, {[](Time) { return WallClock::now() - Wall(10); }, [](Wall) {}});
    pace.begin({});
    pace.wait_until(Time{});
    EXPECT_EQ(pace.overruns().count, 0);
}

TEST_F(WallPaceTest, WhatThePumpThrowsLeavesTheWait) {
    int left = 3;
    WallPace pace(1, kLook, {{}, [&](Wall) {
                                 if (--left == 0) throw std::runtime_error("a signal");
                             }});
    pace.begin({});
    EXPECT_THROW(pace.wait_until(Time(std::chrono::hours(1))), std::runtime_error);
    left = 3;
    EXPECT_THROW(pace.finish(0, Time{}, [] { return false; }), std::runtime_error);
}

}  // namespace
}  // namespace mobi::test
