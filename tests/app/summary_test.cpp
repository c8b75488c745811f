// SPDX-License-Identifier: Apache-2.0
#include "app/summary.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "method/registry/registry.hpp"

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

TEST(SummaryTest, HasAtMostThirtyLinesAndNamesTheFile) {
    FleetPlan plan;
    plan.backbones.resize(3);
    EvalParameters eval;
    eval.target = 80;
    SummaryFacts facts;
    facts.output = "results/run.h5";
    const std::string text = summary_text(plan, *find_method("fed_mobillm").method({}), eval,
                                          result_of({70, 75}), facts);
    EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 30);
    EXPECT_NE(text.find("results/run.h5"), std::string::npos);
    EXPECT_NE(text.find("never"), std::string::npos);
}

}  // namespace
}  // namespace mobi::test
