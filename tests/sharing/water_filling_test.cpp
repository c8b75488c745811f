// SPDX-License-Identifier: Apache-2.0
#include "sharing/water_filling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

double taken(const std::vector<double>& demands, double level) {
    double sum = 0;
    for (const double demand : demands) sum += std::min(demand, level);
    return sum;
}

TEST(WaterFillingTest, TheLevelTakesAllThereIs) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<double> demands(1 + random.below(30));
        for (double& demand : demands) demand = std::exp(8 * random.uniform());
        const std::vector<double> before = demands;
        const double sum = std::accumulate(demands.begin(), demands.end(), 0.0);
        const double capacity = sum * 1.4 * random.uniform();
        const double level = fair_level(demands, capacity);
        if (capacity >= sum) {
            EXPECT_EQ(level, std::numeric_limits<double>::infinity()) << seed;
        } else {
            // each of at most 30 subtractions rounds by half a unit in the last place
            EXPECT_NEAR(taken(before, level), capacity, 1e-14 * capacity * 30) << seed;
        }
        EXPECT_TRUE(std::is_sorted(demands.begin(), demands.end()));
    }
}

TEST(WaterFillingTest, MoreForAllIsMoreForEach) {
    RandomStream random(2, Purpose::Test);
    std::vector<double> demands(12);
    for (double& demand : demands) demand = 1 + 10 * random.uniform();
    double before = 0;
    for (double capacity = 0.5; capacity < 60; capacity += 0.5) {
        const double level = fair_level(demands, capacity);
        EXPECT_GE(level, before);
        before = level;
    }
}

TEST(WaterFillingTest, NobodyAsksForNothing) {
    std::vector<double> none;
    EXPECT_EQ(fair_level(none, 0), std::numeric_limits<double>::infinity());
    std::vector<double> one{3};
    EXPECT_EQ(fair_level(one, 3), std::numeric_limits<double>::infinity());
    EXPECT_EQ(fair_level(one, 2), 2);
    EXPECT_EQ(fair_level(one, 0), 0);
}

TEST(WaterFillingTest, AnUnboundedDemandTakesTheRest) {
    std::vector<double> demands{std::numeric_limits<double>::infinity(), 1, 2};
    EXPECT_EQ(fair_level(demands, 10), 7);
}

}  // namespace
}  // namespace mobi::test
