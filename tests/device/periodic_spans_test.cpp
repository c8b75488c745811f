// SPDX-License-Identifier: Apache-2.0
#include "device/periodic_spans.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "core/virtual_time.hpp"

namespace mobi::test {
namespace {

using std::chrono::nanoseconds;
using Time = VirtualClock::time_point;
using Spans = std::vector<PeriodicSpans::Span>;

Time at(std::int64_t ns) {
    return Time(nanoseconds(ns));
}

PeriodicSpans::Span span(std::int64_t on, std::int64_t off) {
    return {nanoseconds(on), nanoseconds(off)};
}

TEST(PeriodicSpansTest, NothingIsNeverOn) {
    const PeriodicSpans never;
    EXPECT_EQ(never.at_or_after(at(5)), std::nullopt);
    EXPECT_EQ(never.longest(), nanoseconds(0));
    EXPECT_EQ(never.on_until(at(5)), nanoseconds(0));
}

TEST(PeriodicSpansTest, WhatTouchesAcrossThePeriodIsOneSpan) {
    const PeriodicSpans spans({span(0, 2), span(5, 6), span(6, 7), span(8, 10)}, nanoseconds(10));
    EXPECT_EQ(spans.longest(), nanoseconds(4));
    EXPECT_EQ(spans.at_or_after(at(2))->first, at(5));
    EXPECT_EQ(spans.at_or_after(at(2))->second, at(7));
    EXPECT_EQ(spans.at_or_after(at(9)), (PeriodicSpans::TimeSpan{at(8), at(12)}));
    EXPECT_EQ(spans.at_or_after(at(11)), (PeriodicSpans::TimeSpan{at(8), at(12)}));
}

TEST(PeriodicSpansTest, AFullPeriodNeverEnds) {
    for (const Spans& list : {Spans{span(0, 3), span(3, 10)}, Spans{span(3, 13)}}) {
        const PeriodicSpans spans(list, nanoseconds(10));
        EXPECT_EQ(spans.longest(), VirtualClock::duration::max());
        EXPECT_EQ(spans.at_or_after(at(7))->second, Time::max());
        EXPECT_EQ(spans.on_until(at(77)), nanoseconds(77));
    }
}

TEST(PeriodicSpansTest, TheHorizonIsNoObstacle) {
    const PeriodicSpans tiny({span(1, 2)}, nanoseconds(3));
    EXPECT_GE(tiny.at_or_after(kHorizon - nanoseconds(5)).value().second,
              kHorizon - nanoseconds(5));
    const PeriodicSpans rare({span(1, 2)}, kLongestRun);
    EXPECT_EQ(rare.at_or_after(at(2)), std::nullopt);
    EXPECT_EQ(rare.on_until(kHorizon), nanoseconds(1));
}

// Against a clock of single nanoseconds.
TEST(PeriodicSpansTest, AgreesWithCounting) {
    RandomStream random(1, Purpose::Test);
    for (int round = 0; round < 500; ++round) {
        const auto period = static_cast<std::int64_t>(1 + random.below(20));
        Spans list;
        std::vector<bool> on(static_cast<std::size_t>(period));
        for (std::int64_t t = 0; t < period;) {
            const auto length = static_cast<std::int64_t>(1 + random.below(5));
            const std::int64_t end = std::min(period, t + length);
            if (random.below(2) == 0) {
                list.push_back(span(t, end));
                for (std::int64_t i = t; i < end; ++i) on[static_cast<std::size_t>(i)] = true;
            }
            t = end;
        }
        const PeriodicSpans spans(list, nanoseconds(period));
        const auto is_on = [&](std::int64_t t) { return on[static_cast<std::size_t>(t % period)]; };
        std::int64_t sum = 0;
        for (std::int64_t t = 0; t < 3 * period; ++t) {
            EXPECT_EQ(spans.on_until(at(t)).count(), sum);
            sum += is_on(t) ? 1 : 0;
            const auto found = spans.at_or_after(at(t));
            ASSERT_EQ(found.has_value(), !list.empty());
            if (!found) continue;
            std::int64_t next = t;
            while (!is_on(next)) ++next;
            EXPECT_EQ(std::max(found->first, at(t)), at(next));
            std::int64_t end = next;
            while (end < 9 * period && is_on(end)) ++end;
            EXPECT_EQ(found->second, end == 9 * period ? Time::max() : at(end));
        }
    }
}

}  // namespace
}  // namespace mobi::test
