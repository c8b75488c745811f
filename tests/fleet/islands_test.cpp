// SPDX-License-Identifier: Apache-2.0
#include "fleet/islands.hpp"

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Group = std::vector<std::int32_t>;

Islands islands_of(std::size_t devices, const std::vector<Group>& groups) {
    std::vector<const Group*> pointers;
    for (const Group& group : groups) pointers.push_back(&group);
    return {devices, pointers};
}

/// Numbers by spreading labels until nothing changes.
std::vector<std::int32_t> plain_islands(std::size_t devices, const std::vector<Group>& groups) {
    std::vector<std::int32_t> label(devices);
    for (std::size_t i = 0; i < devices; ++i) label[i] = static_cast<std::int32_t>(i);
    for (bool changed = true; changed;) {
        changed = false;
        for (const Group& group : groups)
            for (const std::int32_t a : group)
                for (const std::int32_t b : group)
                    if (auto& one = label[static_cast<std::size_t>(a)];
                        label[static_cast<std::size_t>(b)] < one) {
                        one = label[static_cast<std::size_t>(b)];
                        changed = true;
                    }
    }
    std::vector<std::int32_t> number(devices, -1), island;
    std::int32_t next = 0;
    for (const std::int32_t first : label) {
        std::int32_t& its = number[static_cast<std::size_t>(first)];
        if (its < 0) its = next++;
        island.push_back(its);
    }
    return island;
}

TEST(IslandsTest, AreWhatSharesSomethingDirectlyOrThroughOthers) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        RandomStream random(seed, Purpose::Test);
        const std::size_t devices = 1 + random.below(40);
        std::vector<Group> groups(1 + random.below(12));
        for (Group& group : groups) {
            group.resize(1 + random.below(5));
            for (std::int32_t& device : group)
                device = static_cast<std::int32_t>(random.below(devices));
        }
        const Islands islands = islands_of(devices, groups);
        const std::vector<std::int32_t> expected = plain_islands(devices, groups);
        std::int32_t count = 0;
        for (std::size_t i = 0; i < devices; ++i) {
            EXPECT_EQ(islands.of(static_cast<std::int32_t>(i)), expected[i]) << seed;
            count = std::max(count, expected[i] + 1);
        }
        EXPECT_EQ(islands.count(), count) << seed;
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(IslandsTest, WithoutGroupsEachDeviceIsOne) {
    const Islands islands = islands_of(5, {});
    EXPECT_EQ(islands.count(), 5);
    for (std::int32_t device = 0; device < 5; ++device) EXPECT_EQ(islands.of(device), device);
    EXPECT_EQ(Islands().count(), 0);
}

TEST(IslandsTest, AChainIsOneIslandInWhateverOrder) {
    const std::vector<Group> chain{{4, 5}, {0, 1}, {2, 3}, {3, 4}, {1, 2}};
    const Islands islands = islands_of(7, chain);
    EXPECT_EQ(islands.count(), 2);
    for (std::int32_t device = 0; device < 6; ++device) EXPECT_EQ(islands.of(device), 0);
    EXPECT_EQ(islands.of(6), 1);
}

}  // namespace
}  // namespace mobi::test
