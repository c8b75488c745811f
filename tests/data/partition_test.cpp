// SPDX-License-Identifier: Apache-2.0
#include "data/partition.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Labels = std::vector<std::int32_t>;

/// Labels of 0 ... classes - 1; class c is (c + 1) times as frequent as class 0, in a mixed order.
Labels skewed(std::size_t samples, int classes) {
    Labels labels(samples);
    const auto weights = static_cast<std::uint64_t>(classes * (classes + 1) / 2);
    RandomStream stream(9, Purpose::Test);
    for (auto& label : labels) {
        auto draw = stream.below(weights);
        label = 0;
        while (draw > static_cast<std::uint64_t>(label))
            draw -= static_cast<std::uint64_t>(++label);
    }
    return labels;
}

DataParameters dirichlet_of(double alpha, Concentration concentration = Concentration::Total) {
    DataParameters parameters;
    parameters.alpha = alpha;
    parameters.concentration = concentration;
    return parameters;
}

DataParameters kind_of(PartitionKind kind) {
    DataParameters parameters;
    parameters.partition = kind;
    return parameters;
}

void expect_every_sample_once(const Partition& result, std::size_t samples) {
    std::vector<int> seen(samples);
    for (const auto& shard : result.shards)
        for (const std::int32_t id : shard) ++seen.at(static_cast<std::size_t>(id));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(samples));
}

void expect_equal_sizes(const Partition& result, std::size_t samples, std::size_t devices) {
    ASSERT_EQ(result.shards.size(), devices);
    std::size_t dealt = 0;
    for (std::size_t device = 0; device < devices; ++device) {
        const std::size_t size = result.shards[device].size();
        EXPECT_GE(size, samples / devices);
        EXPECT_LE(size, (samples + devices - 1) / devices);
        dealt += size;
        // No stretch of the fleet has more than its share, and one.
        EXPECT_LE(dealt * devices, samples * (device + 1));
        EXPECT_GT((dealt + 1) * devices, samples * (device + 1));
    }
}

void expect_the_rest_on_the_last(const Partition& result, std::size_t samples) {
    const std::size_t devices = result.shards.size();
    for (std::size_t device = 0; device + 1 < devices; ++device)
        EXPECT_EQ(result.shards[device].size(), samples / devices);
    EXPECT_EQ(result.shards.back().size(), samples - samples / devices * (devices - 1));
}

TEST(PartitionTest, DealsEverySampleOnceInExactSizes) {
    for (const std::size_t samples : {7U, 100U, 3668U})
        for (const int devices : {1, 2, 7, 100})
            for (const double alpha : {1e-6, 0.1, 1.0, 1e6}) {
                if (samples < static_cast<std::size_t>(devices)) continue;
                const Labels labels = skewed(samples, 5);
                for (const auto concentration : {Concentration::Total, Concentration::PerClass}) {
                    const Partition result =
                        partition(dirichlet_of(alpha, concentration), labels, 5, devices, 3);
                    expect_every_sample_once(result, samples);
                    expect_equal_sizes(result, samples, static_cast<std::size_t>(devices));
                }
                const Partition result =
                    partition(kind_of(PartitionKind::Uniform), labels, 5, devices, 3);
                expect_every_sample_once(result, samples);
                expect_equal_sizes(result, samples, static_cast<std::size_t>(devices));
            }
}

TEST(PartitionTest, OneDeviceMoreChangesNoShardByMoreThanOne) {
    const Labels labels = skewed(500, 4);
    for (const auto kind : {PartitionKind::Uniform, PartitionKind::Dirichlet}) {
        const Partition result = partition(kind_of(kind), labels, 4, 251, 1);
        expect_every_sample_once(result, 500);
        expect_equal_sizes(result, 500, 251);
    }
}

TEST(PartitionTest, TheLastDeviceTakesTheRestIfAskedTo) {
    const Labels labels = skewed(500, 4);
    for (const auto kind : {PartitionKind::Uniform, PartitionKind::Dirichlet}) {
        DataParameters parameters = kind_of(kind);
        parameters.remainder = Remainder::Last;
        const Partition result = partition(parameters, labels, 4, 251, 1);
        expect_every_sample_once(result, 500);
        expect_the_rest_on_the_last(result, 500);
    }
}

TEST(PartitionTest, WhatDividesIsDealtAlike) {
    const Labels labels = skewed(500, 4);
    for (const auto kind : {PartitionKind::Uniform, PartitionKind::Dirichlet}) {
        DataParameters last = kind_of(kind);
        last.remainder = Remainder::Last;
        EXPECT_EQ(partition(last, labels, 4, 50, 1).shards,
                  partition(kind_of(kind), labels, 4, 50, 1).shards);
    }
}

TEST(PartitionTest, IsAFunctionOfTheSeed) {
    const Labels labels = skewed(1000, 4);
    for (const auto kind :
         {PartitionKind::Dirichlet, PartitionKind::Uniform, PartitionKind::OneClass}) {
        const auto first = partition(kind_of(kind), labels, 4, 10, 5).shards;
        EXPECT_EQ(first, partition(kind_of(kind), labels, 4, 10, 5).shards);
        EXPECT_NE(first, partition(kind_of(kind), labels, 4, 10, 6).shards);
    }
}

TEST(PartitionTest, GoldenShardsStayWhatTheyAre) {
    // A change here changes every result of a run: say so in CHANGELOG.md.
    const Labels labels{0, 1, 0, 1, 2, 2, 0, 1, 2, 0};
    EXPECT_EQ(partition(dirichlet_of(1), labels, 3, 3, 1).shards,
              (std::vector<Labels>{{3, 7, 4}, {1, 9, 8}, {2, 0, 6, 5}}));
    EXPECT_EQ(partition(kind_of(PartitionKind::Uniform), labels, 3, 3, 1).shards,
              (std::vector<Labels>{{1, 0, 8}, {4, 9, 2}, {3, 5, 6, 7}}));
    EXPECT_EQ(partition(kind_of(PartitionKind::OneClass), labels, 3, 4, 1).shards,
              (std::vector<Labels>{{6, 2}, {4, 5, 8}, {0, 9}, {3, 7, 1}}));
}

TEST(PartitionTest, ALargeAlphaGivesEveryDeviceThePrior) {
    const Labels labels = skewed(10000, 4);
    const Partition result = partition(dirichlet_of(1e9), labels, 4, 10, 1);
    for (const auto& shard : result.shards) {
        std::vector<int> counts(4);
        for (const std::int32_t id : shard)
            ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(id)])];
        for (int c = 0; c < 4; ++c)
            EXPECT_NEAR(counts[static_cast<std::size_t>(c)], 100 * (c + 1), 25);
    }
}

TEST(PartitionTest, ATinyAlphaGivesMostDevicesOneClass) {
    Labels labels(10000);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);
    const Partition result = partition(dirichlet_of(1e-4), labels, 10, 100, 1);
    int pure = 0;
    for (const auto& shard : result.shards) {
        std::set<std::int32_t> classes;
        for (const std::int32_t id : shard) classes.insert(labels[static_cast<std::size_t>(id)]);
        pure += classes.size() == 1 ? 1 : 0;
    }
    EXPECT_GT(pure, 80);
}

TEST(PartitionTest, AShardIsNotSortedByClass) {
    Labels labels(1000);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i < 500 ? 0 : 1;
    const auto shard = partition(dirichlet_of(1e6), labels, 2, 2, 1).shards[0];
    int changes = 0;
    for (std::size_t i = 1; i < shard.size(); ++i)
        changes += (shard[i] < 500) != (shard[i - 1] < 500) ? 1 : 0;
    EXPECT_GT(changes, 200);
}

TEST(PartitionTest, ClassesThatNeverOccurAreAllowed) {
    const Labels labels{0, 2, 2, 0, 2, 2};
    for (const auto concentration : {Concentration::Total, Concentration::PerClass})
        expect_every_sample_once(partition(dirichlet_of(1, concentration), labels, 4, 2, 1), 6);
    expect_every_sample_once(partition(kind_of(PartitionKind::OneClass), labels, 4, 2, 1), 6);
}

TEST(PartitionTest, OneClassADeviceFollowsTheClassSizes) {
    const Labels labels = skewed(6000, 3);  // 1 : 2 : 3
    const Partition result = partition(kind_of(PartitionKind::OneClass), labels, 3, 60, 2);
    expect_every_sample_once(result, 6000);
    std::vector<int> owners(3);
    for (const auto& shard : result.shards) {
        ASSERT_FALSE(shard.empty());
        const std::int32_t label = labels[static_cast<std::size_t>(shard[0])];
        for (const std::int32_t id : shard) EXPECT_EQ(labels[static_cast<std::size_t>(id)], label);
        EXPECT_NEAR(static_cast<double>(shard.size()), 100, 15);
        ++owners[static_cast<std::size_t>(label)];
    }
    EXPECT_NEAR(owners[0], 10, 1);
    EXPECT_NEAR(owners[1], 20, 1);
    EXPECT_NEAR(owners[2], 30, 1);
}

std::string complaint(const DataParameters& parameters, const Labels& labels, int devices) {
    try {
        partition(parameters, labels, 3, devices, 1);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "";
}

TEST(PartitionTest, WhatCannotBeDealtIsAConfigurationError) {
    const Labels labels{0, 1, 2};
    EXPECT_EQ(complaint(dirichlet_of(1), labels, 0), "0 devices; one or more are needed");
    EXPECT_EQ(complaint(dirichlet_of(1), labels, 4),
              "3 training samples cannot be dealt to 4 devices, one each at least; see fleet.mix, "
              "fleet.devices and data.train_samples");
    EXPECT_EQ(complaint(dirichlet_of(0), labels, 2), "data.alpha = 0; a finite number above 0");
    EXPECT_EQ(complaint(kind_of(PartitionKind::OneClass), labels, 2),
              "data.partition = one_class: 2 devices cannot hold 3 classes, one each");
}

TEST(ApportionTest, LargestRemainderWithTiesToTheLowest) {
    const std::vector<std::int64_t> open(3, 1000);
    const auto parts = [&](std::int64_t amount, std::vector<double> shares) {
        return internal::apportion(amount, shares, open);
    };
    using Parts = std::vector<std::int64_t>;
    EXPECT_EQ(parts(10, {0.5, 0.3, 0.2}), (Parts{5, 3, 2}));
    EXPECT_EQ(parts(10, {1, 1, 1}), (Parts{4, 3, 3}));
    EXPECT_EQ(parts(2, {1, 1, 1}), (Parts{1, 1, 0}));
    EXPECT_EQ(parts(7, {0.46, 0.27, 0.27}), (Parts{3, 2, 2}));
    EXPECT_EQ(parts(0, {1, 0, 0}), (Parts{0, 0, 0}));
}

TEST(ApportionTest, LimitsHoldAndNothingIsLost) {
    RandomStream stream(4, Purpose::Test);
    for (int round = 0; round < 500; ++round) {
        std::vector<double> shares(6);
        std::vector<std::int64_t> limits(6);
        for (std::size_t c = 0; c < 6; ++c) {
            shares[c] = stream.uniform() + 1e-9;
            limits[c] = static_cast<std::int64_t>(stream.below(20));
        }
        const auto room = std::accumulate(limits.begin(), limits.end(), std::int64_t{0});
        const auto amount =
            static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(room) + 1));
        const auto given = internal::apportion(amount, shares, limits);
        EXPECT_EQ(std::accumulate(given.begin(), given.end(), std::int64_t{0}), amount);
        for (std::size_t c = 0; c < 6; ++c) EXPECT_LE(given[c], limits[c]);
    }
}

TEST(PartitionTest, OneClassInTheGivenOrderDealsClassAfterClassToDeviceAfterDevice) {
    DataParameters parameters = kind_of(PartitionKind::OneClass);
    const Labels labels = skewed(600, 3);
    const auto drawn = partition(parameters, labels, 3, 30, 2).shards;
    parameters.device_order = DeviceOrder::Given;
    auto given = partition(parameters, labels, 3, 30, 2).shards;
    Labels classes;
    for (const auto& shard : given) classes.push_back(labels[static_cast<std::size_t>(shard[0])]);
    EXPECT_TRUE(std::is_sorted(classes.begin(), classes.end()));
    EXPECT_NE(given, drawn);
    const auto sizes_of = [](const auto& shards) {
        std::multiset<std::size_t> sizes;
        for (const auto& shard : shards) sizes.insert(shard.size());
        return sizes;
    };
    EXPECT_EQ(sizes_of(given), sizes_of(drawn));
}

}  // namespace
}  // namespace mobi::test
