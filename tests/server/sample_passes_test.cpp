// SPDX-License-Identifier: Apache-2.0
#include "server/sample_passes.hpp"

#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

FleetPlan plan_of(std::int32_t devices, std::int32_t shard) {
    FleetPlan plan;
    for (std::int32_t i = 0; i < devices * shard; ++i) plan.samples.push_back({i / shard, 0, 1});
    return plan;
}

const record::PassRow* row_of(const std::vector<record::PassRow>& rows,
                              record::PassGroup group,
                              std::int32_t number) {
    for (const record::PassRow& row : rows)
        if (row.group == static_cast<std::int8_t>(group) && row.number == number) return &row;
    return nullptr;
}

TEST(SamplePassesTest, AreCountedByDeviceClassAndArrival) {
    const FleetPlan plan = plan_of(2, 5);
    Truth truth{2, {0, 1, 0, 1, 0, 1, 1, 1, 1, 1}, {}};
    SamplePasses passes(10);
    passes.arrived(Ids{5, 6, 7, 8, 9});
    passes.used(Ids{5, 6, 7, 8, 9});
    passes.used(Ids{5, 9});
    passes.arrived(Ids{4, 3, 2, 1, 0});
    passes.arrived(Ids{5, 6});  // a later pass of the device
    passes.used(Ids{4});
    const auto rows = passes.rows(plan, truth);
    ASSERT_EQ(rows.size(), 1U + 2 + 2 + 10);
    const auto* const fleet = row_of(rows, record::PassGroup::Fleet, -1);
    EXPECT_EQ(fleet->samples, 10);
    EXPECT_DOUBLE_EQ(fleet->mean, 0.8);
    EXPECT_EQ(fleet->fewest, 0);
    EXPECT_EQ(fleet->most, 2);
    EXPECT_DOUBLE_EQ(row_of(rows, record::PassGroup::Device, 1)->mean, 1.4);
    EXPECT_EQ(row_of(rows, record::PassGroup::Class, 0)->samples, 3);
    EXPECT_EQ(row_of(rows, record::PassGroup::ArrivalDecile, 0)->most, 2);  // sample 5
    EXPECT_EQ(row_of(rows, record::PassGroup::ArrivalDecile, 5)->most, 0);  // sample 0
    EXPECT_EQ(row_of(rows, record::PassGroup::ArrivalDecile, 9)->most, 1);  // sample 4
}

// Conservation: every grouping has the samples and the passes of the whole.
TEST(SamplePassesTest, EveryGroupingAddsUpToTheFleet) {
    for (std::uint64_t round = 0; round < 30; ++round) {
        RandomStream random(5, Purpose::Test, round);
        const auto devices = static_cast<std::int32_t>(1 + random.below(6));
        const auto shard = static_cast<std::int32_t>(1 + random.below(9));
        const FleetPlan plan = plan_of(devices, shard);
        Truth truth;
        truth.classes = 3;
        Ids there;
        SamplePasses passes(plan.samples.size());
        for (std::int32_t id = 0; id < devices * shard; ++id) {
            truth.labels.push_back(static_cast<std::int32_t>(random.below(3)));
            if (random.below(4) > 0) there.push_back(id);
        }
        if (there.empty()) continue;
        passes.arrived(there);
        passes.used(there);
        const auto rows = passes.rows(plan, truth);
        std::map<int, std::pair<int, double>> sums;
        for (const record::PassRow& row : rows) {
            EXPECT_GT(row.samples, 0);
            EXPECT_LE(row.fewest, row.mean);
            EXPECT_GE(row.most, row.mean);
            sums[row.group].first += row.samples;
            sums[row.group].second += row.samples * row.mean;
        }
        ASSERT_EQ(sums.size(), 4U);
        for (const auto& [group, sum] : sums) {
            EXPECT_EQ(sum.first, static_cast<int>(there.size()));
            EXPECT_NEAR(sum.second, static_cast<double>(there.size()), 1e-9);
        }
    }
}

TEST(SamplePassesTest, ThereAreNoneWhereNoUpdateDrawsSamplesAndNoClassesInARegression) {
    SamplePasses passes(4);
    passes.arrived(Ids{0, 1});
    EXPECT_TRUE(passes.rows(plan_of(1, 4), {}).empty());
    passes.used(Ids{0});
    const auto rows = passes.rows(plan_of(1, 4), Truth{1, {0, 0, 0, 0}, {1, 2, 3, 4}});
    EXPECT_EQ(row_of(rows, record::PassGroup::Class, 0), nullptr);
    EXPECT_NE(row_of(rows, record::PassGroup::Device, 0), nullptr);
}

}  // namespace
}  // namespace mobi::test
