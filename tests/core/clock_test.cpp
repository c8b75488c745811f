// SPDX-License-Identifier: Apache-2.0
#include "core/clock.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mobi::test
