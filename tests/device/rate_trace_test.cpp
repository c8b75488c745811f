// SPDX-License-Identifier: Apache-2.0
#include "device/rate_trace.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using std::chrono::nanoseconds;
using Step = RateTrace::Step;
using Time = VirtualClock::time_point;

/// 3 bit/s for 4 ns, an outage of 5 ns, 7 bit/s for 2 ns: 26 units a period of 11 ns.
RateTrace small(TraceEnd end = TraceEnd::Wrap) {
    return RateTrace("t", {{nanoseconds(0), 3}, {nanoseconds(4), 0}, {nanoseconds(9), 7}},
                     nanoseconds(11), end);
}

TEST(RateTraceTest, CarriesTheIntegralOfItsSteps) {
    const RateTrace trace = small();
    const long long expected[] = {0,  3,  6,  9,  12, 12, 12, 12, 12, 12, 19, 26,
                                  29, 32, 35, 38, 38, 38, 38, 38, 38, 45, 52};
    for (int t = 0; t <= 22; ++t) EXPECT_EQ(trace.carried_until(nanoseconds(t)), expected[t]) << t;
    EXPECT_DOUBLE_EQ(trace.mean_bits_per_s(), 26.0 / 11);
}

TEST(RateTraceTest, TheTimeOfAnAmountIsTheFirstThatHasCarriedIt) {
    for (const TraceEnd end : {TraceEnd::Wrap, TraceEnd::Hold}) {
        const RateTrace trace = small(end);
        for (long long amount = 0; amount <= 200; ++amount) {
            const auto time = trace.time_of(amount);
            EXPECT_GE(trace.carried_until(time), amount);
            if (amount > 0) {
                EXPECT_LT(trace.carried_until(time - nanoseconds(1)), amount);
            }
        }
    }
}

TEST(RateTraceTest, TheLastRateCanBeHeld) {
    const RateTrace trace = small(TraceEnd::Hold);
    EXPECT_EQ(trace.carried_until(nanoseconds(11)), 26);
    EXPECT_EQ(trace.carried_until(nanoseconds(21)), 26 + 70);
    EXPECT_EQ(trace.time_of(26 + 70), nanoseconds(21));
}

TEST(RateTraceTest, ScalingKeepsTheShape) {
    const RateTrace trace("t", {{nanoseconds(0), 1000}, {nanoseconds(5), 3000}}, nanoseconds(10),
                          TraceEnd::Wrap);
    const RateTrace scaled = trace.scaled_to(1e6);
    EXPECT_DOUBLE_EQ(scaled.mean_bits_per_s(), 1e6);
    EXPECT_EQ(scaled.steps()[0].bits_per_s, 500'000);
    EXPECT_EQ(scaled.steps()[1].bits_per_s, 1'500'000);
}

TEST(RateTraceTest, RefusesWhatIsNoTrace) {
    const auto make = [](std::vector<Step> steps, int period, TraceEnd end = TraceEnd::Wrap) {
        return RateTrace("t", std::move(steps), nanoseconds(period), end);
    };
    EXPECT_THROW(make({}, 1), DataError);
    EXPECT_THROW(make({{nanoseconds(1), 5}}, 9), DataError);
    EXPECT_THROW(make({{nanoseconds(0), 5}}, 0), DataError);
    EXPECT_THROW(make({{nanoseconds(0), 5}, {nanoseconds(0), 6}}, 9), DataError);
    EXPECT_THROW(make({{nanoseconds(0), -5}}, 9), DataError);
    EXPECT_THROW(make({{nanoseconds(0), 0}}, 9), DataError);
    EXPECT_THROW(make({{nanoseconds(0), 1}, {nanoseconds(1), 0}}, 9, TraceEnd::Hold), DataError);
}

RateTrace random_trace(RandomStream& random) {
    std::vector<Step> steps;
    nanoseconds time{0};
    for (auto left = 1 + random.below(20); left > 0; --left) {
        const bool outage = random.below(4) == 0;
        steps.push_back({time, outage ? 0 : static_cast<std::int64_t>(random.below(50'000'000))});
        time += nanoseconds(1 + static_cast<std::int64_t>(random.below(2'000'000'000)));
    }
    steps.front().bits_per_s += 1;
    return RateTrace("r", std::move(steps), time, TraceEnd::Wrap);
}

TEST(TracedLinkTest, CuttingATransferInTwoNeverChangesItsEnd) {
    RandomStream random(1, Purpose::Test);
    for (int round = 0; round < 2000; ++round) {
        const RateTrace trace = random_trace(random);
        const nanoseconds offset(static_cast<std::int64_t>(random.below(10'000'000'000)));
        const Time ready{nanoseconds(static_cast<std::int64_t>(random.below(10'000'000'000)))};
        const auto bytes = static_cast<std::int64_t>(1 + random.below(1'000'000));
        const auto cut = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bytes)));
        TracedLink whole(trace, offset);
        TracedLink parts(trace, offset);
        const Time end = whole.send(ready, bytes);
        parts.send(ready, cut);
        EXPECT_EQ(parts.send(ready, bytes - cut), end);
        EXPECT_GE(end, ready);
    }
}

TEST(TracedLinkTest, BusyFromStartToEndItCarriesTheIntegralExactly) {
    const RateTrace trace = small();
    TracedLink link(trace, nanoseconds(2));
    const Time ready{nanoseconds(5)};
    const Time end = link.send(ready, 3);
    const LinkAmount window = trace.carried_until(end.time_since_epoch() + nanoseconds(2)) -
                              trace.carried_until(nanoseconds(7));
    EXPECT_GE(window, 3 * kAmountPerByte);
    EXPECT_LT(window - 3 * kAmountPerByte, 7);  // less than the last nanosecond carries
}

TEST(TracedLinkTest, AConstantTraceIsAConstantRate) {
    const RateTrace trace("c", {{nanoseconds(0), 8'000'000}}, std::chrono::seconds(1),
                          TraceEnd::Wrap);
    TracedLink link(trace, nanoseconds(0));
    EXPECT_EQ(link.send(Time{}, 1500), Time{nanoseconds(1'500'000)});
    EXPECT_EQ(link.send(Time{nanoseconds(100)}, 1500), Time{nanoseconds(3'000'000)});
    EXPECT_EQ(link.send(Time{nanoseconds(5'000'000)}, 1), Time{nanoseconds(5'001'000)});
}

TEST(RateTraceTest, AScaleThatLeavesNoRateIsRefused) {
    const RateTrace trace("t", {{nanoseconds(0), 1'000'000}, {nanoseconds(1000), 0}},
                          nanoseconds(2000), TraceEnd::Wrap);
    EXPECT_NO_THROW(trace.scaled_to(1));
    EXPECT_THROW(trace.scaled_to(0.1), ConfigError);
    EXPECT_NO_THROW(trace.scaled_to(1e14));
    EXPECT_THROW(trace.scaled_to(8e24), ConfigError);
}

TEST(RateTraceTest, NothingOverflowsBeyond200Years) {
    const RateTrace trace("t", {{nanoseconds(0), 1}, {nanoseconds(1), 0}},
                          std::chrono::hours(24 * 3650), TraceEnd::Wrap);
    EXPECT_THROW(trace.time_of(std::numeric_limits<std::int64_t>::max() * kAmountPerByte),
                 ConfigError);
}

// Against the rate of every nanosecond, added up.
TEST(RateTraceTest, AgreesWithCountingNanosecondByNanosecond) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        const auto below = [&](std::int64_t bound) {
            return static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(bound)));
        };
        std::vector<RateTrace::Step> steps;
        std::int64_t begin = 0;
        for (auto count = 1 + below(6); count > 0; --count) {
            steps.push_back({nanoseconds(begin), below(3) == 0 ? 0 : 1 + below(1000)});
            begin += 1 + below(9);
        }
        steps.back().bits_per_s = 1 + below(1000);  // it is held, or comes again
        const TraceEnd end = below(2) == 0 ? TraceEnd::Wrap : TraceEnd::Hold;
        const RateTrace trace("t", steps, nanoseconds(begin), end);
        const auto rate_at = [&](std::int64_t ns) {
            if (ns >= begin && end == TraceEnd::Hold) return steps.back().bits_per_s;
            std::int64_t rate = 0;
            for (const RateTrace::Step& step : steps)
                if (step.begin.count() <= ns % begin) rate = step.bits_per_s;
            return rate;
        };
        LinkAmount carried = 0;
        for (std::int64_t ns = 0; ns < 4 * begin; ++ns) {
            ASSERT_TRUE(trace.carried_until(nanoseconds(ns)) == carried) << ns;
            const auto [rate, until] = trace.step_at(nanoseconds(ns));
            ASSERT_EQ(rate, rate_at(ns)) << ns;
            const bool for_ever = until == VirtualClock::duration::max();
            for (std::int64_t later = ns; later < (for_ever ? ns + 9 : until.count()); ++later)
                ASSERT_EQ(rate_at(later), rate) << ns << ", " << later;
            const LinkAmount next = carried + rate_at(ns);
            if (next > carried) {  // whatever is reached within this nanosecond is so at its end
                ASSERT_EQ(trace.time_of(next), nanoseconds(ns + 1));
                ASSERT_EQ(trace.time_of(carried + 1), nanoseconds(ns + 1));
            }
            carried = next;
        }
        const double mean = static_cast<double>(trace.carried_until(nanoseconds(begin))) /
                            static_cast<double>(begin);
        EXPECT_DOUBLE_EQ(trace.mean_bits_per_s(), mean);
    }
}

}  // namespace
}  // namespace mobi::test
