// SPDX-License-Identifier: Apache-2.0
#include "method/side/batch_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

std::vector<std::int32_t> range(std::int32_t first, std::int32_t last) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(last - first));
    std::iota(ids.begin(), ids.end(), first);
    return ids;
}

BatchSampler make(Sampler kind, std::int32_t n, int batch) {
    ServerParameters parameters;
    parameters.sampler = kind;
    parameters.batch = batch;
    BatchSampler sampler(parameters, 3, 0, {{range(0, n)}});
    return sampler;
}

TEST(BatchSamplerTest, DoesNotDependOnTheOrderOfArrival) {
    BatchSampler forward = make(Sampler::Auto, 50, 8);
    BatchSampler backward = make(Sampler::Auto, 50, 8);
    for (std::int32_t id = 0; id < 50; ++id) {
        forward.insert(id);
        backward.insert(49 - id);
    }
    for (std::int64_t t = 0; t < 20; ++t) {
        EXPECT_EQ(forward.draw(t, false), backward.draw(t, false));
        EXPECT_EQ(forward.draw(t, true), backward.draw(t, true));
    }
}

TEST(BatchSamplerTest, APermutationDealsEverySampleOnceAnEpoch) {
    BatchSampler sampler = make(Sampler::Auto, 50, 8);
    for (std::int32_t id = 0; id < 50; ++id) sampler.insert(id);
    for (int epoch = 0; epoch < 3; ++epoch) {
        std::multiset<std::int32_t> dealt;
        for (std::int64_t batch = 0; batch < 7; ++batch) {
            const auto ids = sampler.draw(7 * epoch + batch, true);
            EXPECT_EQ(ids.size(), batch < 6 ? 8U : 2U);
            EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
            dealt.insert(ids.begin(), ids.end());
        }
        const auto all = range(0, 50);
        EXPECT_EQ(dealt, std::multiset<std::int32_t>(all.begin(), all.end()));
    }
}

TEST(BatchSamplerTest, UniformBatchesAreDistinctAndFair) {
    BatchSampler sampler = make(Sampler::Uniform, 20, 5);
    for (std::int32_t id = 0; id < 20; ++id) sampler.insert(id);
    std::map<std::int32_t, int> counts;
    constexpr int draws = 4000;
    for (std::int64_t t = 0; t < draws; ++t) {
        const auto ids = sampler.draw(t, true);
        EXPECT_EQ(std::set<std::int32_t>(ids.begin(), ids.end()).size(), 5U);
        for (const auto id : ids) ++counts[id];
    }
    for (const auto& [id, count] : counts)
        EXPECT_NEAR(count, draws / 4, 5 * std::sqrt(draws * 0.25 * 0.75)) << id;
}

TEST(BatchSamplerTest, AnInboxSmallerThanABatchIsTakenWhole) {
    BatchSampler sampler = make(Sampler::Uniform, 20, 32);
    sampler.insert(4);
    sampler.insert(11);
    EXPECT_EQ(sampler.draw(0, false), (std::vector<std::int32_t>{4, 11}));
}

TEST(BatchSamplerTest, BalanceGivesSmallStrataTheSameShare) {
    ServerParameters parameters;
    parameters.balance = Balance::Backbone;
    parameters.batch = 10;
    BatchSampler sampler(parameters, 3, 0, {{range(0, 20)}, {range(20, 200)}});
    for (std::int32_t id = 0; id < 200; ++id) sampler.insert(id);
    for (const bool complete : {false, true}) {
        int small = 0;
        for (std::int64_t t = 0; t < 20; ++t)
            for (const auto id : sampler.draw(t, complete)) small += id < 20 ? 1 : 0;
        EXPECT_EQ(small, 100) << complete;
    }
}

// Late samples catch up, and from then on all stay within one of each other.
TEST(BatchSamplerTest, BalancedPassesEndWithinOne) {
    for (const Sampler kind : {Sampler::Auto, Sampler::Uniform})
        for (const int batch : {1, 7, 32}) {
            ServerParameters parameters;
            parameters.sampler = kind;
            parameters.balance = Balance::Passes;
            parameters.batch = batch;
            BatchSampler sampler(parameters, 3, 0, {{range(0, 60)}});
            std::map<std::int32_t, int> passes;
            bool within_one = false;
            for (std::int64_t t = 0; t < 800; ++t) {
                const auto there = static_cast<std::int32_t>(std::min<std::int64_t>(t + 5, 60));
                for (std::int32_t id = 0; id < there; ++id)
                    if (sampler.insert(id)) passes[id] = 0;
                const bool complete = there == 60;
                for (const std::int32_t id : sampler.draw(t, complete)) ++passes[id];
                const auto [least, most] = std::minmax_element(
                    passes.begin(), passes.end(),
                    [](const auto& a, const auto& b) { return a.second < b.second; });
                const bool now = most->second - least->second <= 1;
                EXPECT_TRUE(now || !within_one) << "they were, and are no more";
                within_one = complete && now;
            }
            EXPECT_TRUE(within_one) << batch;
        }
}

TEST(BatchSamplerTest, BalancedPassesCountWhatElseASampleWasUsedFor) {
    ServerParameters parameters;
    parameters.balance = Balance::Passes;
    parameters.batch = 2;
    BatchSampler sampler(parameters, 3, 0, {{range(0, 4)}});
    for (std::int32_t id = 0; id < 4; ++id) sampler.insert(id);
    sampler.count(range(0, 2), 2);
    EXPECT_EQ(sampler.draw(0, true), range(2, 4));
    EXPECT_EQ(sampler.draw(1, true), range(2, 4));
    EXPECT_EQ(sampler.draw(2, true).size(), 2U);  // any of the four
}

}  // namespace
}  // namespace mobi::test
