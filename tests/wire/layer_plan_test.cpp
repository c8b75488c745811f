// SPDX-License-Identifier: Apache-2.0
#include "wire/layer_plan.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using Layers = std::vector<std::int32_t>;

constexpr PlanRule kAllRules[] = {PlanRule::AverageInterval, PlanRule::First, PlanRule::Last,
                                  PlanRule::Random};

TEST(LayerPlanTest, TheExamplesOfTheMethodsPage) {
    const PlanParameters plan;
    EXPECT_EQ(sampled_layers(plan, 24, 12, 1),
              (Layers{2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24}));
    EXPECT_EQ(sampled_layers(plan, 12, 12, 1), (Layers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}));
    EXPECT_EQ(sampled_layers(plan, 12, 3, 1), (Layers{4, 8, 12}));
    EXPECT_EQ(sampled_layers(plan, 6, 3, 1), (Layers{2, 4, 6}));
    EXPECT_EQ(sampled_layers(plan, 3, 3, 1), (Layers{1, 2, 3}));
}

TEST(LayerPlanTest, AnUnevenIntervalIsFloored) {
    EXPECT_EQ(sampled_layers({}, 7, 3, 1), (Layers{2, 4, 7}));
    EXPECT_EQ(sampled_layers({}, 22, 12, 1), (Layers{1, 3, 5, 7, 9, 11, 12, 14, 16, 18, 20, 22}));
}

TEST(LayerPlanTest, FirstAndLast) {
    EXPECT_EQ(sampled_layers({.rule = PlanRule::First}, 12, 3, 1), (Layers{1, 2, 3}));
    EXPECT_EQ(sampled_layers({.rule = PlanRule::Last}, 12, 3, 1), (Layers{10, 11, 12}));
}

TEST(LayerPlanTest, FewerLayersThanBlocks) {
    EXPECT_EQ(sampled_layers({.layers = 4}, 24, 12, 1), (Layers{6, 12, 18, 24}));
    EXPECT_EQ(sampled_layers({.layers = 1}, 24, 12, 1), (Layers{24}));
    EXPECT_EQ(sampled_layers({.rule = PlanRule::Last, .layers = 2}, 12, 6, 1), (Layers{11, 12}));
}

TEST(LayerPlanTest, TheEmbeddingComesFirst) {
    EXPECT_EQ(sampled_layers({.embedding = true}, 12, 3, 1), (Layers{0, 4, 8, 12}));
}

TEST(LayerPlanTest, EveryPlanIsIncreasingAndInside) {
    for (const PlanRule rule : kAllRules)
        for (int depth = 1; depth <= 40; ++depth)
            for (int blocks = 1; blocks <= depth; ++blocks) {
                const Layers layers = sampled_layers({.rule = rule}, depth, blocks, 7);
                ASSERT_EQ(layers.size(), static_cast<std::size_t>(blocks));
                ASSERT_TRUE(std::is_sorted(layers.begin(), layers.end(), std::less_equal<>()) ||
                            blocks == 1);
                ASSERT_GE(layers.front(), 1);
                ASSERT_LE(layers.back(), depth);
                const bool ends = rule == PlanRule::AverageInterval || rule == PlanRule::Last;
                ASSERT_TRUE(!ends || layers.back() == depth);
            }
}

TEST(LayerPlanTest, RandomDependsOnSeedAndDepthOnly) {
    const PlanParameters plan{.rule = PlanRule::Random};
    EXPECT_EQ(sampled_layers(plan, 24, 6, 3), sampled_layers(plan, 24, 6, 3));
    std::set<Layers> seen;
    for (std::uint64_t seed = 0; seed < 50; ++seed) seen.insert(sampled_layers(plan, 24, 6, seed));
    EXPECT_GT(seen.size(), 45U);
}

TEST(LayerPlanTest, RandomReachesEveryLayer) {
    std::set<std::int32_t> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed)
        for (const std::int32_t layer : sampled_layers({.rule = PlanRule::Random}, 12, 3, seed))
            seen.insert(layer);
    EXPECT_EQ(seen.size(), 12U);
}

TEST(LayerPlanTest, MoreLayersThanBlocksIsTheUsersError) {
    EXPECT_THROW(sampled_layers({.layers = 4}, 12, 3, 1), ConfigError);
    EXPECT_THROW(sampled_layers({.layers = -1}, 12, 3, 1), ConfigError);
    try {
        sampled_layers({.layers = 13}, 24, 12, 1);
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_STREQ(error.what(),
                     "plan.layers = 13: 0 (as many as the shallowest backbone has) or 1 to 12");
    }
}

TEST(LayerPlanTest, MoreBlocksThanLayersIsABug) {
    EXPECT_THROW(sampled_layers({}, 2, 3, 1), Bug);
    EXPECT_THROW(sampled_layers({}, 2, 0, 1), Bug);
}

TEST(LayerPlanTest, EveryRuleIsItsFormula) {
    for (int n = 1; n <= 30; ++n)
        for (int blocks = 1; blocks <= n; ++blocks)
            for (int layers = 0; layers <= blocks; ++layers) {
                const int l = layers == 0 ? blocks : layers;
                Layers average, first, last;
                for (int b = 1; b <= l; ++b) {
                    average.push_back(
                        static_cast<std::int32_t>(std::floor(static_cast<double>(b) * n / l)));
                    first.push_back(b);
                    last.push_back(n - l + b);
                }
                ASSERT_EQ(sampled_layers({.layers = layers}, n, blocks, 1), average);
                ASSERT_EQ(sampled_layers({.rule = PlanRule::First, .layers = layers}, n, blocks, 1),
                          first);
                ASSERT_EQ(sampled_layers({.rule = PlanRule::Last, .layers = layers}, n, blocks, 1),
                          last);
            }
}

TEST(LayerPlanTest, RandomDoesNotDependOnTheRestOfTheFleet) {
    const PlanParameters plan{.rule = PlanRule::Random, .layers = 3};
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const Layers layers = sampled_layers(plan, 24, 3, seed);
        for (const int blocks : {4, 12, 24})
            EXPECT_EQ(sampled_layers(plan, 24, blocks, seed), layers);
        PlanParameters with_embedding = plan;
        with_embedding.embedding = true;
        Layers more = sampled_layers(with_embedding, 24, 12, seed);
        EXPECT_EQ(more.front(), 0);
        more.erase(more.begin());
        EXPECT_EQ(more, layers);
    }
}

}  // namespace
}  // namespace mobi::test
