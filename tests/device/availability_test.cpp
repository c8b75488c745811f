// SPDX-License-Identifier: Apache-2.0
#include "device/availability.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Time = VirtualClock::time_point;

constexpr Time kForever = Time(hours(24 * 365 * 20));

double in_seconds(VirtualClock::duration time) {
    return std::chrono::duration<double>(time).count();
}

/// Time on of all that passes until `end`, and how many spans there are.
struct Share {
    double on_s = 0;
    int spans = 0;
};
Share share_on(Presence presence, Time end) {
    Share share;
    Time now{};
    while (true) {
        const auto on = presence.next_on(now);
        if (!on || *on >= end) return share;
        ++share.spans;
        const auto off = presence.off_before(*on, end);
        share.on_s += in_seconds(off.value_or(end) - *on);
        if (!off) return share;
        now = *off;
    }
}

TEST(AvailabilityTest, AlwaysIsNeverOff) {
    const AvailabilityProfile profile;
    Presence presence(profile, 1, 0);
    EXPECT_EQ(presence.next_on(Time(seconds(7))), Time(seconds(7)));
    EXPECT_EQ(presence.off_before(Time(seconds(7)), kForever), std::nullopt);
}

TEST(AvailabilityTest, LateJoinersComeOnceAndStay) {
    AvailabilityProfile profile;
    profile.join_s = 100;
    double sum = 0;
    for (int device = 0; device < 1000; ++device) {
        Presence presence(profile, 1, device);
        const Time on = presence.next_on(Time{}).value();
        EXPECT_LT(on, Time(seconds(100)));
        sum += in_seconds(on.time_since_epoch());
        EXPECT_EQ(presence.off_before(on, kForever), std::nullopt);
    }
    EXPECT_NEAR(sum / 1000, 50, 4 * 100 / std::sqrt(12.0 * 1000));
}

TEST(AvailabilityTest, ADailyWindowMayCrossMidnight) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Daily;  // 22 to 6 o'clock
    Presence presence(profile, 1, 0);
    EXPECT_EQ(presence.next_on(Time{}), Time{});
    EXPECT_EQ(presence.off_before(Time{}, kForever), Time(hours(6)));
    EXPECT_EQ(presence.next_on(Time(hours(6))), Time(hours(22)));
    EXPECT_EQ(presence.off_before(Time(hours(23)), Time(hours(30))), std::nullopt);
    EXPECT_EQ(presence.off_before(Time(hours(23)), Time(hours(31))), Time(hours(30)));
    EXPECT_EQ(presence.next_on(Time(hours(30))), Time(hours(46)));
}

TEST(AvailabilityTest, TimeZonesSpreadOverTheDay) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Daily;
    profile.daily_from_s = 0;
    profile.daily_to_s = 3600;
    profile.time_zones = 4;
    std::set<double> starts;
    for (int device = 0; device < 200; ++device) {
        Presence presence(profile, 1, device);
        starts.insert(in_seconds(presence.next_on(Time{}).value().time_since_epoch()) / 3600);
    }
    EXPECT_EQ(starts, (std::set<double>{0, 6, 12, 18}));
}

TEST(AvailabilityTest, AWholeDayIsNotInterrupted) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Daily;
    profile.daily_from_s = profile.daily_to_s = 5 * 3600;
    Presence presence(profile, 1, 0);
    EXPECT_EQ(presence.next_on(Time{}), Time{});
    EXPECT_EQ(presence.off_before(Time{}, Time(hours(1000))), std::nullopt);
}

TEST(AvailabilityTest, DrawnSpansOfNoTimeAreNotOn) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Markov;
    profile.mean_on_s = 2e-9;  // every fifth rounds to 0 ns
    profile.mean_off_s = 1;
    Time now{};
    Presence presence(profile, 1, 0);
    for (int span = 0; span < 1000; ++span) {
        const Time on = presence.next_on(now).value();
        Presence fresh(profile, 1, 0);
        EXPECT_EQ(fresh.next_on(on), on);
        now = presence.off_before(on, kForever).value();
        EXPECT_GT(now, on);
    }
}

TEST(AvailabilityTest, MarkovTimesHaveTheirMeans) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Markov;
    profile.mean_on_s = 30;
    profile.mean_off_s = 60;
    double on_s = 0;
    int spans = 0;
    int first_on = 0;
    for (int device = 0; device < 400; ++device) {
        Presence presence(profile, 1, device);
        first_on += presence.next_on(Time{}) == Time{} ? 1 : 0;
        const Share share = share_on(Presence(profile, 1, device), Time(seconds(9000)));
        on_s += share.on_s;
        spans += share.spans;
    }
    EXPECT_NEAR(on_s / (400 * 9000), 1.0 / 3, 0.01);
    EXPECT_NEAR(on_s / spans, 30, 1);
    EXPECT_NEAR(first_on / 400.0, 1.0 / 3, 4 * std::sqrt(2.0 / 9 / 400));
}

// FLGo's SLN: the chance goes with the sine of the day around one half.
TEST(AvailabilityTest, ADayCycleFollowsTheDay) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::DayCycle;
    profile.level_sigma = 0;
    double high = 0, low = 0;
    for (int device = 0; device < 2000; ++device) {
        Presence morning(profile, 1, device);
        Presence evening(profile, 1, device);
        const Time six(hours(6)), eighteen(hours(18));
        high += morning.next_on(six) == six ? 1 : 0;
        low += evening.next_on(eighteen) == eighteen ? 1 : 0;
    }
    EXPECT_NEAR(high / 2000, 0.9, 4 * std::sqrt(0.09 / 2000));
    EXPECT_NEAR(low / 2000, 0.1, 4 * std::sqrt(0.09 / 2000));
}

TEST(AvailabilityTest, ADeviceIsTheSameWhoeverAsks) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Markov;
    Presence once(profile, 3, 7);
    Presence step_by_step(profile, 3, 7);
    for (int i = 0; i < 1000; ++i) step_by_step.next_on(Time(seconds(500 * i)));
    EXPECT_EQ(once.next_on(Time(seconds(500'000))), step_by_step.next_on(Time(seconds(500'000))));
    EXPECT_NE(Presence(profile, 4, 7).next_on(Time(seconds(500'000))),
              Presence(profile, 3, 8).next_on(Time(seconds(500'000))));
}

// A recall may free a device before the end that was looked at ahead: a cursor answers as one that
// was never asked.
TEST(AvailabilityTest, LookingAheadChangesNoAnswer) {
    for (const auto kind : {AvailabilityKind::Daily, AvailabilityKind::Markov,
                            AvailabilityKind::DayCycle, AvailabilityKind::Trace}) {
        AvailabilityProfile profile;
        profile.name = "p";
        profile.kind = kind;
        profile.mean_on_s = 1000;
        profile.mean_off_s = 700;
        profile.trace = std::make_shared<const AvailabilityTrace>(
            parse_availability_trace("0,0,900\n0,1000,1500\n", "t", 7200));
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            RandomStream random(seed, Purpose::Test);
            Presence cursor(profile, seed, 0);
            Time now{};
            for (int question = 0; question < 200; ++question) {
                now += seconds(random.below(2000));
                const auto on = Presence(profile, seed, 0).next_on(now);
                ASSERT_EQ(cursor.next_on(now), on) << seed << ", question " << question;
                const Time end = *on + seconds(random.below(20'000));
                ASSERT_EQ(cursor.off_before(*on, end),
                          Presence(profile, seed, 0).off_before(*on, end))
                    << seed << ", question " << question;
                now = *on;
            }
        }
    }
}

TEST(AvailabilityTest, ATraceRepeatsAndDevicesStartOver) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Trace;
    profile.trace = std::make_shared<AvailabilityTrace>(parse_availability_trace(
        "device,on_s,off_s\n# the second has two spans that touch\n0,1,2\n1,0,3\n1,3,4\n", "t",
        10));
    for (const int device : {1, 3}) {
        Presence presence(profile, 1, device);
        EXPECT_EQ(presence.next_on(Time{}), Time{});
        EXPECT_EQ(presence.off_before(Time{}, Time(seconds(4))), std::nullopt);
        EXPECT_EQ(presence.off_before(Time{}, Time(seconds(5))), Time(seconds(4)));
        EXPECT_EQ(presence.next_on(Time(seconds(4))), Time(seconds(10)));
    }
    Presence presence(profile, 1, 2);
    EXPECT_EQ(presence.next_on(Time{}), Time(seconds(1)));
    EXPECT_EQ(presence.next_on(Time(seconds(32))), Time(seconds(41)));
}

TEST(AvailabilityTest, ADeviceWithoutSpansNeverComes) {
    AvailabilityProfile profile;
    profile.kind = AvailabilityKind::Trace;
    profile.trace =
        std::make_shared<AvailabilityTrace>(parse_availability_trace("1,0,3\n", "t", 10));
    EXPECT_EQ(Presence(profile, 1, 0).next_on(Time{}), std::nullopt);
}

std::string refusal(std::string_view text) {
    try {
        parse_availability_trace(text, "t", 10);
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(AvailabilityTest, RefusalsNameTheLine) {
    EXPECT_EQ(refusal("0,1,2\n0,2,2\n"), "t:2: the device goes off before it comes on");
    EXPECT_EQ(refusal("0,1,3\n0,2,4\n"), "t:2: the span begins before the device's last one ends");
    EXPECT_EQ(refusal("0,1,11\n"), "t:1: the span ends after the period of 10 s");
    EXPECT_EQ(refusal("0,1\n"),
              "t:1: 2 fields; accepted: device from 0, then seconds on and off, with commas");
    EXPECT_EQ(refusal("0,x,2\n"),
              "t:1: 'x': accepted: device from 0, then seconds on and off, with commas");
    EXPECT_EQ(refusal("0,-1,2\n"),
              "t:1: '-1': accepted: device from 0, then seconds on and off, with commas");
    EXPECT_EQ(refusal("0.5,1,2\n"), "t:1: device 0.5: accepted: whole numbers below 10000000");
    EXPECT_EQ(refusal("# nothing\n"),
              "t: no line; accepted: device from 0, then seconds on and off, with commas");
}

/// What a pattern is refused with, when its device is followed for so long.
std::string pattern_refusal(const AvailabilityProfile& profile, Time until) {
    try {
        for (std::int32_t device = 0; device < 200; ++device)
            Presence(profile, 1, device).next_on(until);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

AvailabilityProfile pattern_of(AvailabilityKind kind) {
    AvailabilityProfile profile;
    profile.name = "a";
    profile.kind = kind;
    return profile;
}

TEST(AvailabilityTest, ASlotBelowTheClockIsRefused) {
    AvailabilityProfile profile = pattern_of(AvailabilityKind::DayCycle);
    profile.slot_s = 0.4e-9;
    EXPECT_EQ(pattern_refusal(profile, {}), "availability.a.slot: 4e-10 s; accepted: 1 ns or more");
    profile.slot_s = 1e-9;
    EXPECT_EQ(pattern_refusal(profile, {}), "accepted");
    EXPECT_NE(pattern_refusal(profile, Time(seconds(1))).find("more than 12000000 slots"),
              std::string::npos);
}

TEST(AvailabilityTest, ADeviceThatIsHardlyEverOnIsRefused) {
    AvailabilityProfile profile = pattern_of(AvailabilityKind::DayCycle);
    profile.level_sigma = 10;
    EXPECT_NE(pattern_refusal(profile, {}).find("would be on less than once in 200 years"),
              std::string::npos);
}

TEST(AvailabilityTest, TimesTooShortToFollowAreRefused) {
    AvailabilityProfile profile = pattern_of(AvailabilityKind::Markov);
    profile.mean_on_s = profile.mean_off_s = 1e-9;
    EXPECT_NE(
        pattern_refusal(profile, Time(seconds(1))).find("more than 12000000 times on and off"),
        std::string::npos);
}

TEST(AvailabilityTest, WhoIsOffForMoreThan200YearsNeverComesBack) {
    AvailabilityProfile profile = pattern_of(AvailabilityKind::Markov);
    profile.mean_on_s = 1e-9;
    profile.mean_off_s = 1e24;
    EXPECT_EQ(Presence(profile, 1, 0).next_on({}), std::nullopt);
    AvailabilityProfile late = pattern_of(AvailabilityKind::Always);
    late.join_s = 1e24;
    EXPECT_EQ(Presence(late, 1, 0).next_on({}), std::nullopt);
}

TEST(AvailabilityTest, AMillionTimeZonesAreLikeAThousand) {
    AvailabilityProfile profile = pattern_of(AvailabilityKind::Daily);
    for (const int zones : {1000, 1'000'000, 2'147'483'647}) {
        profile.time_zones = zones;
        double latest = 0;
        for (std::int32_t device = 0; device < 500; ++device) {
            const Time on = Presence(profile, 1, device).next_on({}).value();
            EXPECT_GE(on, Time{});
            latest = std::max(latest, in_seconds(on.time_since_epoch()));
        }
        EXPECT_NEAR(latest / 3600, 22, 0.3) << zones;
    }
}

TEST(AvailabilityTest, TheTimeOffIsWhatTheSpansLeave) {
    for (const auto kind : {AvailabilityKind::Daily, AvailabilityKind::Markov,
                            AvailabilityKind::DayCycle, AvailabilityKind::Always}) {
        AvailabilityProfile profile = pattern_of(kind);
        profile.join_s = 7000;
        profile.time_zones = 24;
        for (std::int32_t device = 0; device < 20; ++device) {
            const Time end(hours(100));
            const double on_s = share_on(Presence(profile, 3, device), end).on_s;
            EXPECT_NEAR(in_seconds(Presence(profile, 3, device).off_until(end)), 360000 - on_s,
                        1e-6);
        }
    }
}

TEST(AvailabilityTest, AFileThatNamesAHighDeviceTakesNoMemoryForTheOthers) {
    const AvailabilityTrace trace = parse_availability_trace("9999999,0,1\n", "t", 10);
    EXPECT_EQ(trace.devices, 10'000'000);
    EXPECT_EQ(trace.rows.size(), 1u);
    EXPECT_EQ(trace.of(9'999'998).longest(), seconds(0));
    EXPECT_EQ(trace.of(9'999'999).longest(), seconds(1));
}

}  // namespace
}  // namespace mobi::test
