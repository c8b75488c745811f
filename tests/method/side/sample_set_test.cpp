// SPDX-License-Identifier: Apache-2.0
#include "method/side/sample_set.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

TEST(SampleSetTest, SelectsByRankLikeASortedVectorAfterEveryInsertion) {
    std::vector<std::int32_t> universe;
    for (std::int32_t id = 0; id < 97; ++id) universe.push_back(3 * id + 1);
    std::vector<std::int32_t> order = universe;
    RandomStream stream(1, Purpose::Test);
    stream.shuffle(std::span(order));
    SampleSet set(universe);
    std::vector<std::int32_t> reference;
    for (const std::int32_t id : order) {
        EXPECT_TRUE(set.insert(id));
        EXPECT_FALSE(set.insert(id));
        reference.push_back(id);
        std::sort(reference.begin(), reference.end());
        ASSERT_EQ(set.sorted(), reference);
        for (std::size_t rank = 0; rank < reference.size(); ++rank)
            ASSERT_EQ(set.select(static_cast<std::int64_t>(rank)), reference[rank]);
    }
}

TEST(SampleSetTest, RanksAreTheSameWheneverTheFirstIsAskedFor) {
    for (const std::int32_t gap : {1, 2}) {  // 1: a place is a difference
        std::vector<std::int32_t> universe;
        for (std::int32_t i = 0; i < 100; ++i) universe.push_back(50 + gap * i);
        std::vector<std::int32_t> order = universe;
        RandomStream stream(2, Purpose::Test);
        stream.shuffle(std::span(order));
        for (const std::size_t asked_after : std::vector<std::size_t>{1, 7, 64, 100}) {
            SampleSet set(universe);
            for (std::size_t i = 0; i < order.size(); ++i) {
                set.insert(order[i]);
                if (i + 1 == asked_after) set.select(0);
            }
            for (std::size_t rank = 0; rank < universe.size(); ++rank)
                ASSERT_EQ(set.select(static_cast<std::int64_t>(rank)), universe[rank]);
            EXPECT_FALSE(set.plans(49));
            EXPECT_FALSE(set.plans(universe.back() + 1));
            EXPECT_EQ(set.plans(51), gap == 1);
        }
    }
}

TEST(SampleSetTest, RefusesWhatWasNotPlanned) {
    SampleSet set({5, 9});
    EXPECT_FALSE(set.plans(6));
    EXPECT_THROW(set.insert(6), Bug);
    EXPECT_THROW(set.select(0), Bug);
}

}  // namespace
}  // namespace mobi::test
