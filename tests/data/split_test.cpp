// SPDX-License-Identifier: Apache-2.0
#include "data/split.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

/// Samples that tell where they were; class 0 is the most frequent one.
TextSet part_of(std::string name, std::size_t samples, int classes, std::uint64_t seed) {
    TextSet part;
    part.file = std::move(name);
    part.truth.classes = classes;
    RandomStream random(seed, Purpose::Test);
    for (std::size_t i = 0; i < samples; ++i) {
        part.lines.push_back(i + 2);
        part.texts.push_back(part.file + std::to_string(i));
        const auto one = random.below(static_cast<std::uint64_t>(classes));
        const auto other = random.below(static_cast<std::uint64_t>(classes));
        part.truth.labels.push_back(static_cast<std::int32_t>(std::min(one, other)));
        if (classes == 1) part.truth.targets.push_back(static_cast<float>(i));
    }
    return part;
}

Task task_of(std::size_t train, std::size_t test, int classes = 4) {
    Task task;
    task.train = part_of("train", train, classes, 1);
    task.test = part_of("test", test, classes, 2);
    return task;
}

DataParameters with(SplitRule rule, double share = 0, TaskForm form = TaskForm::Table) {
    DataParameters parameters;
    parameters.task = form;
    parameters.split = {rule, share};
    return parameters;
}

std::string complaint(const DataParameters& parameters, Task task) {
    try {
        split_off_validation(parameters, task);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "no error";
}

std::vector<int> by_class(const Truth& truth) {
    std::vector<int> counts(static_cast<std::size_t>(truth.classes));
    for (const std::int32_t label : truth.labels) ++counts[static_cast<std::size_t>(label)];
    return counts;
}

// Whatever the rule: every sample is in one part, in the file's order, with all that belongs to it.
TEST(SplitTest, EverySampleIsInOnePartWithItsTextLabelAndLine) {
    for (const auto& [parameters, small] :
         {std::pair(with(SplitRule::Share, 0.2), true), std::pair(with(SplitRule::Lst), true),
          std::pair(with(SplitRule::Lst), false),
          std::pair(with(SplitRule::FedPetuning, 0, TaskForm::Mrpc), true)})
        for (const int classes : {1, 4}) {
            const Task given = task_of(small ? 400 : 10'000, 120, classes);
            Task task = given;
            split_off_validation(parameters, task);
            const bool of_test = parameters.split.rule == SplitRule::Lst && small;
            EXPECT_EQ(task.validation_of_test, of_test);
            const TextSet& source = of_test ? given.test : given.train;
            const TextSet& rest = of_test ? task.test : task.train;
            const TextSet& validation = task.validation;
            EXPECT_EQ(task.validation.size() + rest.size(), source.size());
            std::set<std::int32_t> places;
            for (const TextSet* const part : {&validation, &rest}) {
                EXPECT_TRUE(std::is_sorted(part->places.begin(), part->places.end()));
                ASSERT_EQ(part->places.size(), part->size());
                EXPECT_EQ(part->truth.classes, classes);
                EXPECT_EQ(part->truth.size(), part->size());
                for (std::size_t i = 0; i < part->size(); ++i) {
                    const auto place = static_cast<std::size_t>(part->places[i]);
                    places.insert(part->places[i]);
                    EXPECT_EQ(part->texts[i], source.texts[place]);
                    EXPECT_EQ(part->lines[i], source.lines[place]);
                    EXPECT_EQ(part->truth.labels[i], source.truth.labels[place]);
                    if (classes == 1) {
                        EXPECT_EQ(part->truth.targets[i], source.truth.targets[place]);
                    }
                }
            }
            EXPECT_EQ(places.size(), source.size());
            EXPECT_EQ((of_test ? task.train : task.test).texts,
                      (of_test ? given.train : given.test).texts);
        }
}

TEST(SplitTest, SizesAreThoseOfTheRule) {
    const auto validation = [](const DataParameters& parameters, std::size_t train,
                               std::size_t test) {
        Task task = task_of(train, test);
        split_off_validation(parameters, task);
        return task.validation.size();
    };
    for (const TaskForm form : {TaskForm::Mrpc, TaskForm::Rte, TaskForm::Cola})
        EXPECT_EQ(validation(with(SplitRule::FedPetuning, 0, form), 3668, 408), 367U);
    EXPECT_EQ(validation(with(SplitRule::FedPetuning, 0, TaskForm::Sst2), 67349, 872), 673U);
    EXPECT_EQ(validation(with(SplitRule::Lst), 9'999, 409), 204U);
    EXPECT_EQ(validation(with(SplitRule::Lst), 10'000, 409), 1'000U);
    EXPECT_EQ(validation(with(SplitRule::Share, 0.05), 1'000, 409), 50U);
    EXPECT_EQ(validation(with(SplitRule::None), 1'000, 409), 0U);
}

TEST(SplitTest, EachClassKeepsItsShare) {
    const Task given = task_of(997, 120, 7);
    for (const double share : {0.01, 0.1, 0.37, 0.5}) {
        Task task = given;
        split_off_validation(with(SplitRule::Share, share), task);
        const auto all = by_class(given.train.truth);
        const auto drawn = by_class(task.validation.truth);
        const double exact =
            static_cast<double>(task.validation.size()) / static_cast<double>(given.train.size());
        for (std::size_t c = 0; c < all.size(); ++c)
            EXPECT_LT(std::abs(drawn[c] - exact * all[c]), 1) << "largest remainder";
    }
}

TEST(SplitTest, TheSeedOfTheSplitAloneDecides) {
    const auto drawn = [](std::uint64_t seed) {
        DataParameters parameters = with(SplitRule::Share, 0.3);
        parameters.split_seed = seed;
        Task task = task_of(300, 50);
        split_off_validation(parameters, task);
        return task.validation.places;
    };
    EXPECT_EQ(drawn(42), drawn(42));
    EXPECT_NE(drawn(42), drawn(43));
}

TEST(SplitTest, WhatLeavesAPartEmptyOrHasNoShareIsRefused) {
    EXPECT_EQ(complaint(with(SplitRule::Share, 0.001), task_of(100, 50)),
              "data.split = 0.001: 0 of the 100 training samples would be for validation; both it "
              "and the rest need one at least");
    EXPECT_EQ(complaint(with(SplitRule::Share, 0.999), task_of(100, 50)),
              "data.split = 0.999: 100 of the 100 training samples would be for validation; both "
              "it and the rest need one at least");
    EXPECT_EQ(complaint(with(SplitRule::Lst), task_of(100, 1)),
              "data.split = lst: 0 of the 1 test samples would be for validation; both it and the "
              "rest need one at least");
    EXPECT_EQ(complaint(with(SplitRule::FedPetuning), task_of(100, 50)),
              "data.split = fedpetuning: it has shares for data.task = mrpc, rte, cola and sst2; "
              "accepted with another task: none, lst, or a share of train such as 0.1");
}

}  // namespace
}  // namespace mobi::test
