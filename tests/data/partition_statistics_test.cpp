// SPDX-License-Identifier: Apache-2.0
// The label statistics of the reference data, every case of the form of `partition`: means over
// seeds within four standard errors.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "data/partition.hpp"
#include "support/reference_cases.hpp"

namespace mobi::test {
namespace {

constexpr int kSeeds = 50;

std::map<std::string, double> statistics(const std::vector<std::int32_t>& shard,
                                         const std::vector<std::int32_t>& labels,
                                         std::size_t classes) {
    std::vector<double> counts(classes);
    for (const std::int32_t id : shard)
        ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(id)])];
    double entropy = 0;
    double squares = 0;
    double present = 0;
    double largest = 0;
    for (const double count : counts) {
        const double p = count / static_cast<double>(shard.size());
        if (p > 0) entropy -= p * std::log(p);
        squares += p * p;
        present += count > 0 ? 1 : 0;
        largest = std::max(largest, p);
    }
    return {{"entropy_nats", entropy},
            {"effective_classes", std::exp(entropy)},
            {"inverse_simpson", 1 / squares},
            {"classes_present", present},
            {"largest_share", largest}};
}

/// \param sizes  how many devices the reference has, and over how many seeds its mean is.
void expect_reference(const Json& row, const Json& class_counts, const Json& sizes) {
    const int devices = sizes.at("devices");
    const std::string mean = fmt::format("mean_{}_seeds", sizes.at("long_run").get<int>());
    const auto counts = class_counts.get<std::vector<int>>();
    std::vector<std::int32_t> labels;
    for (std::size_t c = 0; c < counts.size(); ++c)
        labels.insert(labels.end(), static_cast<std::size_t>(counts[c]),
                      static_cast<std::int32_t>(c));
    DataParameters parameters;
    parameters.remainder = Remainder::Last;  // as the reference was made
    parameters.alpha = row.at("alpha").get<double>();
    parameters.concentration =
        row.at("kind") == "dirichlet_prior" ? Concentration::Total : Concentration::PerClass;
    std::map<std::string, double> sums;
    for (int seed = 0; seed < kSeeds; ++seed) {
        const Partition result = partition(parameters, labels, static_cast<int>(counts.size()),
                                           devices, static_cast<std::uint64_t>(seed));
        for (const auto& shard : result.shards)
            for (const auto& [name, value] : statistics(shard, labels, counts.size()))
                sums[name] += value;
    }
    for (const auto& [name, sum] : sums) {
        const Json& expected = row.at(name);
        const double allowed = 4 * expected.at("std_of_the_mean_of_one_seed").get<double>() *
                               std::sqrt(1.0 / kSeeds + 1.0 / sizes.at("long_run").get<double>());
        EXPECT_NEAR(sum / (kSeeds * devices), expected.at(mean).get<double>(), allowed)
            << row.at("kind") << " " << row.at("data") << " alpha " << parameters.alpha << " "
            << name;
    }
}

class PartitionStatisticsTest : public ::testing::TestWithParam<std::string> {};

TEST_P(PartitionStatisticsTest, LieWithinFourStandardErrorsOfTheReference) {
    MOBI_NEEDS_SHARED(GetParam());
    const Json reference = read_case(GetParam());
    const Json& settings = reference.at("settings");
    int rows = 0;
    for (const Json& row : reference.at("table")) {
        if (row.at("kind") != "dirichlet_prior" && row.at("kind") != "dirichlet_per_class")
            continue;
        ++rows;
        expect_reference(row, settings.at("data").at(row.at("data").get<std::string>()),
                         settings.at("sizes"));
    }
    EXPECT_GT(rows, 0);
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         PartitionStatisticsTest,
                         ::testing::ValuesIn(reference_cases([](const Json& facts) {
                             return facts.contains("table") && has_path(facts, "/settings/data") &&
                                    has_path(facts, "/settings/sizes/devices");
                         })),
                         [](const auto& test) { return case_name(test); });

}  // namespace
}  // namespace mobi::test
