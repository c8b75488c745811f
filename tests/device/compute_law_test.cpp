// SPDX-License-Identifier: Apache-2.0
#include "device/compute_law.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Points = std::vector<MeasuredPoint>;

MeasuredPoint point(double flop, double launches, double time_s) {
    return {flop, launches, 0, time_s, "test"};
}

/// As many points as asked for, exactly on the law.
Points on(const ComputeLaw& law, std::size_t count, std::uint64_t seed) {
    RandomStream random(seed, Purpose::Test, 15);
    Points points;
    for (std::size_t i = 0; i < count; ++i) {
        const double flop = std::exp(20 + 8 * random.uniform());
        const auto launches = static_cast<double>(10 + random.below(500));
        points.push_back(point(flop, launches, law.seconds(flop, launches)));
    }
    return points;
}

Points noisy(const ComputeLaw& law, std::size_t count, std::uint64_t seed) {
    Points points = on(law, count, seed);
    RandomStream random(seed, Purpose::Test, 16);
    for (MeasuredPoint& one : points) one.time_s *= std::exp(0.3 * random.normal());
    return points;
}

TEST(FitLawTest, RecoversTheLawThatMadeThePoints) {
    const ComputeLaw laws[] = {
        {0, 0, 2e12}, {0, 1e-4, 2e12}, {3e-3, 0, 2e11}, {3e-3, 7e-5, 2.7e12}, {1e-2, 6e-5, 2e11}};
    for (const ComputeLaw& law : laws)
        for (std::uint64_t seed = 0; seed < 20; ++seed)
            for (const std::size_t count : {4u, 5u, 12u}) {
                const Points points = on(law, count, seed);
                const LawFit fit = fit_law(points);
                EXPECT_NEAR(fit.law.flop_per_s, law.flop_per_s, 1e-5 * law.flop_per_s);
                EXPECT_NEAR(fit.law.launch_s, law.launch_s, 1e-5 * law.launch_s + 1e-12);
                EXPECT_NEAR(fit.law.t0_s, law.t0_s, 1e-5 * law.t0_s + 1e-10);
                for (const double error : fit.residuals) EXPECT_NEAR(error, 0, 1e-8);
                if (count < 5) continue;  // three points do not determine three parameters
                for (const double error : leave_one_out(points)) EXPECT_NEAR(error, 0, 1e-5);
            }
}

TEST(FitLawTest, OnePointIsAPlainRate) {
    const LawFit fit = fit_law(Points{point(2e9, 100, 0.5)});
    EXPECT_DOUBLE_EQ(fit.law.flop_per_s, 4e9);
    EXPECT_EQ(fit.law.launch_s, 0);
    EXPECT_EQ(fit.law.t0_s, 0);
    EXPECT_NE(fit.remark.find("one point"), std::string::npos);
    EXPECT_TRUE(leave_one_out(Points{point(2e9, 100, 0.5)}).empty());
}

TEST(FitLawTest, TwoPointsAreAPlainRateBetweenThem) {
    const LawFit fit = fit_law(Points{point(1e9, 100, 1), point(2e9, 100, 1.5)});
    EXPECT_EQ(fit.law.launch_s, 0);
    EXPECT_EQ(fit.law.t0_s, 0);
    EXPECT_GT(fit.law.flop_per_s, 1e9);
    EXPECT_LT(fit.law.flop_per_s, 2e9 / 1.5);
    EXPECT_NE(fit.remark.find("two points"), std::string::npos);
}

TEST(FitLawTest, EqualPointsDoNotBreakIt) {
    for (const std::size_t count : {2u, 3u, 5u}) {
        const LawFit fit = fit_law(Points(count, point(1e9, 10, 0.5)));
        EXPECT_NEAR(fit.law.seconds(1e9, 10), 0.5, 1e-12);
        EXPECT_DOUBLE_EQ(fit.law.flop_per_s, 2e9);
    }
}

TEST(FitLawTest, PointsWithoutLaunchesHaveStartUpAlone) {
    Points points;
    for (const double flop : {1e9, 2e9, 5e9, 9e9})
        points.push_back(point(flop, 0, 0.1 + flop / 1e10));
    const LawFit fit = fit_law(points);
    EXPECT_EQ(fit.law.launch_s, 0);
    EXPECT_NEAR(fit.law.t0_s, 0.1, 1e-9);
    EXPECT_NEAR(fit.law.flop_per_s, 1e10, 10);
}

TEST(FitLawTest, StartUpThatCannotBeToldFromLaunchesIsLaunches) {
    Points points;
    for (const double flop : {1e9, 2e9, 5e9, 9e9})
        points.push_back(point(flop, 200, 0.1 + flop / 1e10));
    const LawFit fit = fit_law(points);
    EXPECT_NEAR(fit.law.launch_s, 0.0005, 1e-9);
    EXPECT_EQ(fit.law.t0_s, 0);
    EXPECT_NE(fit.remark.find("cannot be told"), std::string::npos);
}

// Whatever the points: parameters are non-negative, and more work never takes less.
TEST(FitLawTest, IsMonotoneInWorkAndLaunches) {
    RandomStream random(4, Purpose::Test, 17);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Points points;
        for (std::size_t i = 0; i <= random.below(8); ++i)
            points.push_back(point(std::exp(15 + 15 * random.uniform()),
                                   static_cast<double>(random.below(300)),
                                   std::exp(-12 + 12 * random.uniform())));
        const ComputeLaw law = fit_law(points).law;
        EXPECT_GE(law.t0_s, 0);
        EXPECT_GE(law.launch_s, 0);
        EXPECT_GT(law.flop_per_s, 0);
        double before = 0;
        for (const double flop : {1.0, 1e6, 1e9, 1e12, 1e15}) {
            const double now = law.seconds(flop, 100);
            EXPECT_TRUE(std::isfinite(now));
            EXPECT_GT(now, before);
            EXPECT_GE(law.seconds(flop, 200), now);
            before = now;
        }
    }
}

TEST(FitLawTest, DoesNotDependOnTheOrderOfThePoints) {
    RandomStream random(5, Purpose::Test, 18);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Points points = noisy({2e-3, 5e-5, 1e12}, 2 + random.below(9), seed);
        const LawFit first = fit_law(points);
        for (std::size_t i = points.size(); i > 1; --i)
            std::swap(points[i - 1], points[random.below(i)]);
        const LawFit second = fit_law(points);
        EXPECT_EQ(second.law.t0_s, first.law.t0_s);
        EXPECT_EQ(second.law.launch_s, first.law.launch_s);
        EXPECT_EQ(second.law.flop_per_s, first.law.flop_per_s);
        EXPECT_EQ(second.remark, first.remark);
        for (std::size_t i = 0; i < points.size(); ++i)
            EXPECT_EQ(
                second.residuals[i],
                second.law.seconds(points[i].flop, points[i].launches) / points[i].time_s - 1);
    }
}

// Times in other units, or of a device k times as fast, give the law k times as fast.
TEST(FitLawTest, ScalesWithTheTimes) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Points points = noisy({2e-3, 5e-5, 1e12}, 8, seed);
        const ComputeLaw one = fit_law(points).law;
        for (MeasuredPoint& each : points) each.time_s *= 1024;
        const ComputeLaw slow = fit_law(points).law;
        EXPECT_NEAR(slow.t0_s, 1024 * one.t0_s, 1e-9 * slow.t0_s);
        EXPECT_NEAR(slow.launch_s, 1024 * one.launch_s, 1e-9 * slow.launch_s);
        EXPECT_NEAR(slow.flop_per_s, one.flop_per_s / 1024, 1e-9 * slow.flop_per_s);
    }
}

// The rate rises with the work of a launch and saturates: r w / (w + l r).
TEST(ComputeLawTest, IsARateThatSaturates) {
    const ComputeLaw law{0, 1e-4, 1e12};
    for (const double work : {1e5, 1e8, 1e11}) {
        const double rate = 50 * work / law.seconds(50 * work, 50);
        EXPECT_NEAR(rate, law.flop_per_s * work / (work + law.launch_s * law.flop_per_s),
                    1e-9 * rate);
    }
}

TEST(FitLawTest, RefusesWhatIsNoPoint) {
    EXPECT_THROW(fit_law(Points{}), Bug);
    EXPECT_THROW(fit_law(Points{point(0, 1, 1)}), Bug);
    EXPECT_THROW(fit_law(Points{point(1, 1, 0)}), Bug);
}

TEST(LeaveOneOutTest, PredictsEachPointFromTheOthers) {
    const Points points{point(1e9, 0, 1), point(2e9, 0, 1)};
    const auto errors = leave_one_out(points);  // plain rates of 2 and 1 GFLOP/s
    ASSERT_EQ(errors.size(), 2u);
    EXPECT_NEAR(errors[0], -0.5, 1e-12);
    EXPECT_NEAR(errors[1], 1, 1e-12);
}

TEST(SummariseTest, InterpolatesBetweenNeighbours) {
    const ErrorSummary one = summarise(std::vector<double>{-0.4, 0.1, 0.2, -0.3});
    EXPECT_EQ(one.count, 4u);
    EXPECT_NEAR(one.median, 0.25, 1e-12);
    EXPECT_NEAR(one.p90, 0.37, 1e-12);
    EXPECT_TRUE(std::isnan(summarise({}).median));
}

}  // namespace
}  // namespace mobi::test
