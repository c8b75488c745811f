// SPDX-License-Identifier: Apache-2.0
#include "fleet/link_way.hpp"

#include <cmath>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

/// 1,000 bytes a millisecond down, 500 up; on from 10 to 60 and from 80 to 100 ms of every 200.
class LinkWayTest : public ::testing::Test {
  protected:
    LinkWayTest() {
        profile_.name = "d";
        link_.name = "l";
        link_.downlink_bytes_per_s = 1e6;
        link_.uplink_bytes_per_s = 5e5;
        link_.latency_s = 0.005;
        absences_.name = "a";
        absences_.kind = AvailabilityKind::Trace;
        absences_.trace = std::make_shared<const AvailabilityTrace>(
            parse_availability_trace("0,0.010,0.060\n0,0.080,0.100\n", "t", 0.2));
    }
    LinkWay way(Way which, const AvailabilityProfile* availability = nullptr) {
        device_ = {DeviceId(0), &profile_, &link_, availability};
        return {device_, which, 1};
    }
    static Time ms(std::int64_t count) { return Time(milliseconds(count)); }

    DeviceProfile profile_;
    LinkProfile link_;
    AvailabilityProfile absences_;
    FleetDevice device_;
};

TEST_F(LinkWayTest, ATransferTakesBytesOverRate) {
    LinkWay up = way(Way::Up);
    const auto one = up.attempt(ms(3), up.draw(5000));
    ASSERT_TRUE(one);
    EXPECT_EQ(one->start, ms(3));
    EXPECT_EQ(one->begin, ms(3));
    EXPECT_EQ(one->end, ms(13));
    EXPECT_FALSE(one->cut_off);
    LinkWay down = way(Way::Down);
    EXPECT_EQ(down.attempt(ms(3), down.draw(5000))->end, ms(8));
}

TEST_F(LinkWayTest, AnAbsenceCutsItOffAndItBeginsAnew) {
    LinkWay up = way(Way::Up, &absences_);
    const LinkWay::Draw draw = up.draw(10'000);  // 20 ms
    const auto first = up.attempt(ms(45), draw);
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->cut_off);
    EXPECT_EQ(first->start, ms(45));
    EXPECT_EQ(first->end, ms(60));
    EXPECT_EQ(up.carried_by(*first, first->end, draw), 7500);
    up.cut_off(*first, first->end);
    EXPECT_EQ(rounded(up.free()), ms(60));
    const auto second = up.attempt(ms(60), draw);
    EXPECT_EQ(second->start, ms(80));
    EXPECT_FALSE(second->cut_off) << "it ends as the device goes off";
    EXPECT_EQ(second->end, ms(100));
}

TEST_F(LinkWayTest, NothingWasCarriedBeforeTheRadioWasAwake) {
    link_.wake_up_s = 0.004;
    LinkWay up = way(Way::Up);
    const LinkWay::Draw draw = up.draw(10'000);
    const auto one = up.attempt(ms(10), draw);
    EXPECT_EQ(one->begin, ms(14));
    EXPECT_EQ(up.carried_by(*one, ms(12), draw), 0);
    EXPECT_EQ(up.carried_by(*one, ms(14), draw), 0);
    EXPECT_EQ(up.carried_by(*one, ms(15), draw), 500);
    EXPECT_EQ(up.carried_by(*one, one->end, draw), 10'000);
}

TEST_F(LinkWayTest, TheRadioIsIdleOnlyAfterAWhile) {
    link_.wake_up_s = 0.004;
    link_.wake_after_s = 0.010;
    LinkWay up = way(Way::Up);
    const LinkWay::Draw draw = up.draw(500);
    auto one = up.attempt(ms(0), draw);
    EXPECT_EQ(one->end, ms(5)) << "it was idle before its first byte";
    up.carried(instant(one->end));
    EXPECT_EQ(up.attempt(ms(15), draw)->begin, ms(15));
    EXPECT_EQ(up.attempt(Time(ms(15) + VirtualClock::duration(1)), draw)->begin,
              Time(ms(19) + VirtualClock::duration(1)));
}

TEST_F(LinkWayTest, ARadioThatIsCutOffWhileItWakesUpStaysIdle) {
    link_.wake_up_s = 0.004;
    link_.wake_after_s = 1;
    LinkWay up = way(Way::Up, &absences_);
    const auto first = up.wake(ms(58));
    ASSERT_TRUE(first);
    EXPECT_TRUE(first->cut_off);
    EXPECT_EQ(first->end, ms(60));
    up.cut_off(*first, first->end);
    EXPECT_EQ(up.wake(ms(60))->begin, ms(84));
}

TEST_F(LinkWayTest, WhoNeverComesBackHasNoAttempt) {
    absences_.trace = std::make_shared<const AvailabilityTrace>(
        parse_availability_trace("1,0.010,0.060\n", "t", 0.2));  // device 0 has no row
    LinkWay up = way(Way::Up, &absences_);
    EXPECT_FALSE(up.attempt(ms(0), up.draw(1)));
    EXPECT_FALSE(up.wake(ms(0)));
}

TEST_F(LinkWayTest, ATransferThatFollowsBeginsInsideTheNanosecond) {
    LinkWay up = way(Way::Up);
    up.carried(instant(ms(10)) + 0.25L);
    const Time ready = Time(ms(10) + VirtualClock::duration(1));
    const auto follows = up.wake(ready);
    EXPECT_EQ(up.first_byte(*follows, ms(10)), instant(ms(10)) + 0.25L);
    EXPECT_EQ(up.first_byte(*follows, ready), instant(ready)) << "it was not waiting";
    const auto later = up.wake(ms(11));
    EXPECT_EQ(up.first_byte(*later, ms(11)), instant(ms(11)));
}

TEST_F(LinkWayTest, ArrivalsKeepTheOrderOfTheirTransfers) {
    link_.jitter_s = 0.02;
    LinkWay up = way(Way::Up);
    Time last{};
    bool held = false;
    for (int i = 0; i < 200; ++i) {
        const LinkWay::Draw draw = up.draw(100);
        EXPECT_EQ(draw.number, static_cast<std::uint32_t>(i));
        const Time arrival = up.arrival(ms(i), draw);
        EXPECT_GE(arrival, last);
        EXPECT_GE(arrival, ms(i));
        held |= arrival == last;
        last = arrival;
    }
    EXPECT_TRUE(held) << "no transfer ever had to wait: the jitter is too small for the test";
}

TEST_F(LinkWayTest, DrawsDependOnSeedDeviceWayAndNumberAlone) {
    link_.loss = 0.3;
    link_.uplink_deviation_bytes_per_s = 1e5;
    link_.downlink_deviation_bytes_per_s = 1e5;
    LinkWay one = way(Way::Up), other = way(Way::Up), down = way(Way::Down);
    other.attempt(ms(0), other.draw(3000));  // what was sent does not matter
    const LinkWay::Draw skipped = one.draw(777'000);
    EXPECT_GE(skipped.bytes, 777'000);
    for (int i = 0; i < 50; ++i) {
        const LinkWay::Draw a = one.draw(150'000), b = other.draw(150'000);
        EXPECT_EQ(a.bytes, b.bytes);
        EXPECT_EQ(a.bytes_per_s, b.bytes_per_s);
        EXPECT_EQ(a.bytes % 1500, 0);
        EXPECT_NE(down.draw(150'000).bytes_per_s, a.bytes_per_s);
    }
}

TEST_F(LinkWayTest, ATraceSaysItsRateAndUntilWhen) {
    link_.trace = std::make_shared<RateTrace>(
        "t", std::vector<RateTrace::Step>{{milliseconds(0), 8000}, {milliseconds(30), 16'000}},
        milliseconds(40), TraceEnd::Wrap);
    LinkWay up = way(Way::Up);
    const LinkWay::Draw draw = up.draw(10);
    const LinkWay::OwnRate slow = up.own_rate(instant(ms(45)), draw);
    EXPECT_EQ(slow.bytes_per_s, 1000);
    EXPECT_EQ(slow.until, instant(ms(70)));
    EXPECT_EQ(up.own_rate(instant(ms(70)), draw).bytes_per_s, 2000);
    EXPECT_EQ(up.own_rate(instant(ms(70)) - 0.5L, draw).bytes_per_s, 1000);
    // 30 ms at 1 byte a ms, 10 ms at 2
    const auto attempt = up.attempt(ms(20), up.draw(40));
    EXPECT_EQ(up.carried_by(*attempt, ms(30), draw), 10);
    EXPECT_EQ(up.carried_by(*attempt, ms(40), draw), 30);
    EXPECT_EQ(attempt->end, ms(50));
    LinkWay down = way(Way::Down);
    EXPECT_EQ(down.own_rate(0, down.draw(1)).until, kNever);
}

TEST_F(LinkWayTest, LooksADayAheadAtMostAndNeverBack) {
    EXPECT_EQ(way(Way::Up).next_look(ms(5)), Time::max());
    LinkWay up = way(Way::Up, &absences_);
    const auto woken = up.wake(ms(20));
    EXPECT_EQ(up.next_look(ms(20)), ms(60));
    EXPECT_TRUE(up.goes_off(*woken, ms(60)));
    LinkWay again = way(Way::Up, &absences_);
    const auto before = again.wake(ms(20));
    EXPECT_FALSE(again.goes_off(*before, ms(59)));
    AvailabilityProfile night;
    night.name = "n";
    night.kind = AvailabilityKind::Daily;
    night.daily_from_s = 0;
    night.daily_to_s = 86'400;
    LinkWay always_on = way(Way::Up, &night);
    EXPECT_EQ(always_on.next_look(ms(5)), ms(5) + std::chrono::hours(24));
}

TEST_F(LinkWayTest, WhatNeverGetsThroughIsRefusedByName) {
    LinkWay up = way(Way::Up, &absences_);
    const LinkWay::Draw draw = up.draw(30'000);  // 60 ms, on for 50 at most
    const auto one = up.attempt(ms(10), draw);
    ASSERT_TRUE(one->cut_off);
    up.cut_off(*one, one->end);
    try {
        up.refuse_if_hopeless(*one, one->end, draw);
        FAIL() << "it would be tried for ever";
    } catch (const ConfigError& error) {
        EXPECT_TRUE(contains(error.what(), "an upload over link.l"));
        EXPECT_TRUE(contains(error.what(), "availability.a"));
    }
    LinkWay fits = way(Way::Up, &absences_);
    const LinkWay::Draw small = fits.draw(20'000);
    const auto cut = fits.attempt(ms(85), small);
    ASSERT_TRUE(cut->cut_off);
    EXPECT_NO_THROW(fits.refuse_if_hopeless(*cut, cut->end, small));
}

TEST_F(LinkWayTest, ARateThatIsNotKnownIsAConfigError) {
    link_.uplink_bytes_per_s = kUnknown;
    LinkWay up = way(Way::Up);
    EXPECT_THROW(up.attempt(ms(0), up.draw(1)), ConfigError);
}

}  // namespace
}  // namespace mobi::test
