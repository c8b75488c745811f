// SPDX-License-Identifier: Apache-2.0
#include "transport/backoff.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

using Seconds = WallClock::duration;

/// Pauses until `wall_s` have passed; returns how many it took.
int pauses_within(Backoff& backoff, double wall_s) {
    const WallClock::time_point end = WallClock::now() + Seconds(wall_s);
    int pauses = 0;
    for (; WallClock::now() < end; ++pauses) backoff.pause(Seconds(1));
    return pauses;
}

/// True when a fresh wait asks several times within 40 us; tried again when another process took
/// the processor meanwhile.
bool spins(Backoff& backoff) {
    for (int attempt = 0; attempt < 100; ++attempt) {
        backoff.reset();
        if (pauses_within(backoff, 40e-6) > 5) return true;
    }
    return false;
}

TEST(BackoffTest, SpinsAtFirstAndSleepsThen) {
    Backoff backoff;
    EXPECT_TRUE(spins(backoff));
    pauses_within(backoff, 0.01);
    EXPECT_LE(pauses_within(backoff, 0.1), 101);  // 1 ms each, the sleep may only be longer
}

TEST(BackoffTest, AResetMakesTheNextWaitShort) {
    Backoff backoff;
    pauses_within(backoff, 0.01);
    EXPECT_TRUE(spins(backoff));
}

TEST(BackoffTest, ManyShortWaitsSleepAsOneLongOne) {
    Backoff backoff;
    pauses_within(backoff, 0.01);
    int pauses = 0;
    for (int wait = 0; wait < 20; ++wait) pauses += pauses_within(backoff, 0.005);
    EXPECT_LE(pauses, 20 * 6);
}

TEST(BackoffTest, TheLimitIsKept) {
    Backoff backoff;
    pauses_within(backoff, 0.01);
    double shortest_s = 1;
    for (int attempt = 0; attempt < 100; ++attempt) {
        const WallClock::time_point start = WallClock::now();
        backoff.pause(Seconds(0));
        backoff.pause(Seconds(-1));
        shortest_s = std::min(shortest_s, (WallClock::now() - start).count());
    }
    EXPECT_LT(shortest_s, 50e-6);
}

}  // namespace
}  // namespace mobi::test
