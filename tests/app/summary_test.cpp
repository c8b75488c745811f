// SPDX-License-Identifier: Apache-2.0
#include "app/summary.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "method/registry/registry.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

ServerResult result_of(const std::vector<double>& metrics) {
    ServerResult result;
    for (std::size_t i = 0; i < metrics.size(); ++i) {
        EvaluationResult evaluation;
        evaluation.time = VirtualClock::time_point(std::chrono::seconds(i + 1));
        evaluation.rows.push_back({-1, metrics[i], 0, 0});
        result.evaluations.push_back(evaluation);
    }
    return result;
}

TEST(TimeToTargetTest, IsWhatASearchOfEveryWindowFinds) {
    RandomStream random(1, Purpose::Test, 51);
    for (int round = 0; round < 200; ++round) {
        std::vector<double> metrics(random.below(12));
        for (double& metric : metrics) metric = 60 + static_cast<double>(random.below(40));
        EvalParameters eval;
        eval.target = 60 + static_cast<double>(random.below(40));
        eval.consecutive = 1 + static_cast<int>(random.below(4));
        const auto wanted = static_cast<std::size_t>(eval.consecutive);
        double expected = std::nan("");
        for (std::size_t first = metrics.size(); first-- > 0;)
            if (first + wanted <= metrics.size() &&
                std::all_of(metrics.begin() + static_cast<std::ptrdiff_t>(first),
                            metrics.begin() + static_cast<std::ptrdiff_t>(first + wanted),
                            [&](double metric) { return metric >= eval.target; }))
                expected = static_cast<double>(first + 1);
        const double found = time_to_target_s(eval, result_of(metrics));
        EXPECT_TRUE(found == expected || (std::isnan(found) && std::isnan(expected)))
            << found << " for " << expected;
    }
}

TEST(TimeToTargetTest, TheWholeFleetsMetricCounts) {
    EvalParameters eval;
    eval.target = 80;
    eval.consecutive = 1;
    ServerResult result = result_of({70, 70});
    result.evaluations[0].rows.insert(result.evaluations[0].rows.begin(), {0, 99, 0, 0});
    EXPECT_TRUE(std::isnan(time_to_target_s(eval, result)));
    result.evaluations[1].rows = {{0, 10, 0, 0}, {-1, 80, 0, 0}};
    EXPECT_EQ(time_to_target_s(eval, result), 2);
}

TEST(TimeToTargetTest, IsTheFirstOfEnoughEvaluationsInARow) {
    EvalParameters eval;
    eval.target = 80;
    eval.consecutive = 2;
    EXPECT_EQ(time_to_target_s(eval, result_of({70, 81, 79, 80, 85, 60})), 4);
    EXPECT_TRUE(std::isnan(time_to_target_s(eval, result_of({70, 81, 79, 85}))));
    EXPECT_TRUE(std::isnan(time_to_target_s(eval, result_of({}))));
    eval.target = 0;
    EXPECT_TRUE(std::isnan(time_to_target_s(eval, result_of({90, 90}))));
}

class SummaryTest : public ::testing::Test {
  protected:
    SummaryTest() {
        plan.backbones.resize(2);
        plan.backbones[0].name = "small";
        plan.backbones[1].name = "large";
        for (const std::size_t samples : {3U, 4U, 5U}) {
            plan.devices.emplace_back().samples.resize(samples);
            plan.devices.back().admitted = samples != 4;
        }
        result.training_end = VirtualClock::time_point(std::chrono::milliseconds(20'000));
        result.run_end = VirtualClock::time_point(std::chrono::milliseconds(90'000));
        result.updates = 321;
        result.server_busy_s = 5;
        result.charged_upload_bytes = 1'234'567;
        result.charged_download_bytes = 999;
        result.charged_flop = 2.5e12;
        facts.output = "results/run.h5";
        facts.wall_s = 0.25;
    }

    std::string text() const {
        return summary_text(plan, *find_method("fed_mobillm").method({}), eval, result, facts);
    }

    FleetPlan plan;
    EvalParameters eval;
    ServerResult result;
    SummaryFacts facts;
};

TEST_F(SummaryTest, SaysHowARunWent) {
    EXPECT_EQ(text(),
              "method             fed_mobillm\n"
              "fleet              2 of 3 devices admitted, 8 samples\n"
              "virtual time       20 s to the last of 321 updates, 1 min 30 s with downloads\n"
              "server             busy 5 s (25.0 % of the virtual time)\n"
              "charged            1.23 MB up, 999 B down, 2.5 TFLOP on the devices\n"
              "accuracy           not evaluated\n"
              "wall time          250 ms\n"
              "run file           results/run.h5\n");
}

TEST_F(SummaryTest, ScoresAreThoseOfTheLastEvaluation) {
    EvaluationResult first;
    first.rows = {{0, 1, 0, 1}, {1, 2, 0, 1}, {-1, 3, 0, 1}};
    EvaluationResult last;
    last.rows = {{0, 71.239, 0, 0.51239}, {1, 80, 0, 0.25}, {-1, 75.5, 0, 0.3}};
    result.evaluations = {first, last};
    EXPECT_TRUE(contains(text(),
                         "at the end         small          71.24   loss 0.5124\n"
                         "                   large          80.00   loss 0.2500\n"
                         "                   whole fleet    75.50   loss 0.3000\n"
                         "wall time"));
}

TEST_F(SummaryTest, WhatNeverCameIsSaidAndElseNot) {
    EXPECT_FALSE(contains(text(), "never"));
    result.missing_packets = 7;
    EXPECT_TRUE(contains(text(), "\nnever arrived      7 packets, or too late\n"));
    EXPECT_FALSE(contains(text(), "without download"));
    result.missing_downloads = 2;
    EXPECT_TRUE(contains(text(), "\nwithout download   2 devices, which never come back for it\n"));
}

TEST_F(SummaryTest, ATargetIsReachedOrNot) {
    result.evaluations = result_of({70, 81, 82}).evaluations;
    EXPECT_FALSE(contains(text(), "time to"));
    eval.target = 80;
    EXPECT_TRUE(contains(text(), "\ntime to 80.0 %     2 s\n"));
    eval.target = 82.5;
    EXPECT_TRUE(contains(text(), "\ntime to 82.5 %     never\n"));
}

TEST_F(SummaryTest, APacedRunSaysHowItKeptItsPace) {
    EXPECT_FALSE(contains(text(), "wall clock"));
    facts.paced = true;
    facts.paced_s = 61;
    EXPECT_TRUE(
        contains(text(), "\nwall clock         paced for 1 min 01 s, 0 deadlines missed\n"));
    facts.overruns = 3;
    facts.worst_overrun_s = 0.02;
    EXPECT_TRUE(contains(text(),
                         "\nwall clock         paced for 1 min 01 s, 3 deadlines missed, the worst "
                         "by 20 ms\n"));
}

TEST_F(SummaryTest, SpeedsOfTheHostAreSaidWhereTheyAreKnown) {
    facts.forward_tokens_per_s = 12'345.6;
    EXPECT_TRUE(
        contains(text(), "\nwall time          250 ms, forward passes 12346 tokens/s a thread\n"));
    facts.forward_peak_share = 0.634;
    EXPECT_TRUE(contains(text(), "12346 tokens/s a thread (63 % of the GEMM peak)\n"));
}

TEST_F(SummaryTest, ARunWithoutVirtualTimeHasNoShareOfIt) {
    result.training_end = {};
    result.server_busy_s = 0;
    EXPECT_TRUE(contains(text(), "busy 0 ms (0.0 % of the virtual time)"));
}

TEST_F(SummaryTest, HasAtMostThirtyLinesAndNamesTheFile) {
    plan.backbones.resize(12);
    eval.target = 80;
    result.missing_packets = 1;
    result.missing_downloads = 1;
    facts.paced = true;
    EvaluationResult evaluation;
    for (std::int32_t k = 0; k < 12; ++k) evaluation.rows.push_back({k, 50, 50, 1});
    evaluation.rows.push_back({-1, 50, 50, 1});
    result.evaluations = {evaluation};
    const std::string all = text();
    EXPECT_LE(std::count(all.begin(), all.end(), '\n'), 30);
    EXPECT_TRUE(all.ends_with("\nrun file           results/run.h5\n"));
}

TEST_F(SummaryTest, BothFiguresOfTheTestAreNamed) {
    result.evaluations = result_of({70, 75.5}).evaluations;
    EvaluationResult scores;
    scores.updates = 321;
    scores.rows = {{0, 71.239, 0, 0.51239}, {-1, 75.25, 0, 0.3}};
    result.tests.push_back({TestedWeights::Last, scores});
    scores.updates = 200;
    scores.rows = {{0, 72, 0, 0.5}, {-1, 76, 0, 0.25}};
    result.tests.push_back({TestedWeights::Best, scores});
    EXPECT_TRUE(contains(text(),
                         "validation, last   whole fleet    75.50   loss 0.0000\n"
                         "test, last         small          71.24   loss 0.5124\n"
                         "                   whole fleet    75.25   loss 0.3000\n"
                         "test, best weights small          72.00   loss 0.5000\n"
                         "                   whole fleet    76.00   loss 0.2500\n"
                         "                   best on validation after 200 of 321 updates\n"
                         "wall time"));
}

TEST_F(SummaryTest, SaysWhetherTrainingStoppedEarly) {
    result.updates_planned = 400;
    EXPECT_FALSE(contains(text(), "stopped early"));
    eval.patience = 5;
    EXPECT_TRUE(contains(text(),
                         "stopped early      after 321 of 400 updates: 5 evaluations on validation "
                         "without a better one\n"));
    result.updates_planned = 321;
    EXPECT_TRUE(contains(text(), "stopped early      no: all 321 updates\n"));
}

}  // namespace
}  // namespace mobi::test
