// SPDX-License-Identifier: Apache-2.0
#include "method/device_selector.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

std::vector<DeviceId> random_devices(RandomStream& random, std::int32_t most) {
    std::vector<DeviceId> devices;
    for (std::int32_t id = 0; id < most; ++id)
        if (random.below(2) == 0) devices.emplace_back(id);
    return devices;
}

TEST(UniformSelectorTest, TakesSomeOfThoseThatMayBeAskedInOrder) {
    RandomStream random(1, Purpose::Test);
    UniformSelector selector(5);
    for (std::int64_t draw = 0; draw < 2000; ++draw) {
        const std::vector<DeviceId> from = random_devices(random, 20);
        const std::size_t count = random.below(24);
        const std::vector<DeviceId> chosen = selector.select(draw, from, count);
        EXPECT_EQ(chosen.size(), std::min(count, from.size()));
        EXPECT_TRUE(std::is_sorted(chosen.begin(), chosen.end()));
        EXPECT_EQ(std::adjacent_find(chosen.begin(), chosen.end()), chosen.end()) << "a repeat";
        EXPECT_TRUE(std::includes(from.begin(), from.end(), chosen.begin(), chosen.end()));
    }
}

TEST(UniformSelectorTest, EveryPairIsEquallyLikely) {
    std::vector<DeviceId> from;
    for (std::int32_t id = 0; id < 4; ++id) from.emplace_back(3 * id);
    UniformSelector selector(11);
    std::map<std::vector<DeviceId>, int> counts;
    constexpr int kDraws = 12'000;
    for (std::int64_t draw = 0; draw < kDraws; ++draw) ++counts[selector.select(draw, from, 2)];
    ASSERT_EQ(counts.size(), 6U);
    for (const auto& [pair, count] : counts) EXPECT_NEAR(count, kDraws / 6, 165);  // 4 sigma
}

TEST(UniformSelectorTest, IsAFunctionOfSeedAndDraw) {
    std::vector<DeviceId> from;
    for (std::int32_t id = 0; id < 30; ++id) from.emplace_back(id);
    UniformSelector one(1), same(1), other(2);
    int equal = 0;
    for (std::int64_t draw = 50; draw > 0; --draw) {
        EXPECT_EQ(one.select(draw, from, 7), same.select(draw, from, 7));
        equal += one.select(draw, from, 7) == other.select(draw, from, 7);
        equal += one.select(draw, from, 7) == one.select(draw + 1, from, 7);
    }
    EXPECT_LT(equal, 3);
}

// Against a queue that turns: whoever is asked goes to its end, with all before him.
TEST(CyclicSelectorTest, GoesOnBehindTheOneThatWasAskedLast) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<DeviceId> queue = random_devices(random, 12);
        random.shuffle(std::span(queue));
        CyclicSelector selector(queue);
        for (std::int64_t draw = 0; draw < 30; ++draw) {
            const std::vector<DeviceId> from = random_devices(random, 12);
            const std::size_t count = random.below(6);
            std::vector<DeviceId> expected;
            std::size_t turn = 0;
            for (std::size_t i = 0; i < queue.size() && expected.size() < count; ++i)
                if (std::find(from.begin(), from.end(), queue[i]) != from.end()) {
                    expected.push_back(queue[i]);
                    turn = i + 1;
                }
            ASSERT_EQ(selector.select(draw, from, count), expected) << seed << ", draw " << draw;
            std::rotate(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(turn),
                        queue.end());
        }
    }
}

TEST(CyclicSelectorTest, NobodyIsAskedTwiceAtOnce) {
    std::vector<DeviceId> order{DeviceId(2), DeviceId(0), DeviceId(1)};
    CyclicSelector selector(order);
    const std::vector<DeviceId> all{DeviceId(0), DeviceId(1), DeviceId(2)};
    EXPECT_EQ(selector.select(0, all, 9), order);
    EXPECT_EQ(selector.select(1, all, 2), (std::vector{DeviceId(2), DeviceId(0)}));
    EXPECT_EQ(selector.select(2, all, 2), (std::vector{DeviceId(1), DeviceId(2)}));
    EXPECT_TRUE(selector.select(3, {}, 2).empty());
    EXPECT_TRUE(CyclicSelector({}).select(0, all, 2).empty());
}

}  // namespace
}  // namespace mobi::test
