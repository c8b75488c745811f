// SPDX-License-Identifier: Apache-2.0
#include "method/side/fewest_passes.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

std::vector<std::int32_t> ids_up_to(std::int32_t n, std::int32_t stride) {
    std::vector<std::int32_t> ids(static_cast<std::size_t>(n));
    for (std::int32_t i = 0; i < n; ++i) ids[static_cast<std::size_t>(i)] = stride * i + 2;
    return ids;
}

// Against a sort of everything: a draw takes ids whose passes are the smallest there are.
TEST(FewestPassesTest, EveryDrawIsOfThoseThatASortPutsFirst) {
    for (std::uint64_t round = 0; round < 60; ++round) {
        RandomStream random(3, Purpose::Test, round);
        const auto n = static_cast<std::int32_t>(1 + random.below(70));
        const auto universe = ids_up_to(n, round % 2 == 0 ? 1 : 3);
        FewestPasses fewest(universe);
        std::map<std::int32_t, int> passes;  // of those that are there
        std::map<std::int32_t, int> before;  // counted before they came
        std::size_t next = 0;
        for (int t = 0; t < 60; ++t) {
            if (next < universe.size() && (random.below(2) == 0 || passes.empty())) {
                const std::int32_t id = universe[next++];
                if (random.below(3) == 0) {
                    fewest.add(std::vector{id}, 2);
                    before[id] += 2;
                }
                EXPECT_TRUE(fewest.insert(id));
                EXPECT_FALSE(fewest.insert(id));
                passes[id] = before[id];
                continue;
            }
            const auto count = 1 + static_cast<std::int64_t>(random.below(passes.size()));
            RandomStream stream(4, Purpose::Test, round, static_cast<std::uint32_t>(t));
            const auto batch = fewest.draw(stream, count);
            const std::set<std::int32_t> drawn(batch.begin(), batch.end());
            ASSERT_EQ(static_cast<std::int64_t>(drawn.size()), count) << "distinct";
            int most_drawn = 0;
            for (const std::int32_t id : drawn) most_drawn = std::max(most_drawn, passes.at(id));
            for (const auto& [id, count_of_it] : passes)
                if (!drawn.contains(id)) {
                    EXPECT_GE(count_of_it, most_drawn) << id;
                }
            for (const std::int32_t id : drawn) ++passes[id];
        }
        EXPECT_EQ(fewest.size(), static_cast<std::int64_t>(passes.size()));
    }
}

TEST(FewestPassesTest, TheOrderOfArrivalHasNoEffect) {
    const auto universe = ids_up_to(40, 3);
    FewestPasses forward(universe);
    FewestPasses backward(universe);
    for (std::size_t i = 0; i < universe.size(); ++i) {
        forward.insert(universe[i]);
        backward.insert(universe[universe.size() - 1 - i]);
    }
    for (std::uint64_t t = 0; t < 30; ++t) {
        RandomStream one(7, Purpose::Test, t);
        RandomStream other(7, Purpose::Test, t);
        EXPECT_EQ(forward.draw(one, 7), backward.draw(other, 7));
    }
}

TEST(FewestPassesTest, TiesAreDrawnEvenly) {
    std::map<std::int32_t, int> first;  // how often an id was the first of all
    constexpr int rounds = 3000;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        FewestPasses fewest(ids_up_to(5, 1));
        for (const std::int32_t id : ids_up_to(5, 1)) fewest.insert(id);
        RandomStream stream(9, Purpose::Test, round);
        ++first[fewest.draw(stream, 3).front()];
    }
    for (const auto& [id, count] : first) EXPECT_NEAR(count, rounds / 5, 5 * 22) << id;
}

TEST(FewestPassesTest, WhatWasNotPlannedIsABug) {
    FewestPasses fewest(ids_up_to(5, 3));
    EXPECT_THROW(fewest.insert(3), Bug);
    EXPECT_THROW(fewest.add(std::vector<std::int32_t>{100}, 1), Bug);
    RandomStream stream(1, Purpose::Test);
    EXPECT_THROW(fewest.draw(stream, 1), Bug);
    EXPECT_EQ(FewestPasses({}).size(), 0);
}

}  // namespace
}  // namespace mobi::test
