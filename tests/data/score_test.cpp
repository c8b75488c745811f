// SPDX-License-Identifier: Apache-2.0
#include "data/score.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Classes = std::vector<std::int32_t>;

TEST(ScoreTest, TwoClassesGiveTheF1OfClassOne) {
    // TP 2, FP 1, FN 1, TN 1
    const Score score = score_classes(Classes{1, 1, 1, 0, 0}, Classes{1, 1, 0, 1, 0}, 2);
    EXPECT_DOUBLE_EQ(score.metric, 60);
    EXPECT_DOUBLE_EQ(score.f1, 100.0 * 4 / 6);
    EXPECT_EQ(score.confusion, (Classes{1, 1, 1, 2}));
}

TEST(ScoreTest, MoreClassesGiveTheMeanF1OfThoseThatOccur) {
    // class 0: 2/2 and one false positive; class 1: 0; class 2: 1/1; class 3 never occurs
    const Score score = score_classes(Classes{0, 0, 1, 2}, Classes{0, 0, 0, 2}, 4);
    EXPECT_DOUBLE_EQ(score.metric, 75);
    EXPECT_DOUBLE_EQ(score.f1, (80.0 + 0 + 100) / 3);
}

TEST(ScoreTest, NothingPredictedIsZeroNotNan) {
    EXPECT_DOUBLE_EQ(score_classes(Classes{0, 0}, Classes{0, 0}, 2).f1, 0);
    EXPECT_DOUBLE_EQ(score_classes(Classes{1}, Classes{0}, 2).f1, 0);
    EXPECT_DOUBLE_EQ(score_classes(Classes{0, 0}, Classes{0, 0}, 3).f1, 100);
}

TEST(ScoreTest, TheConfusionMatrixAddsUp) {
    RandomStream stream(1, Purpose::Test);
    Classes truth(500);
    Classes predicted(500);
    for (std::size_t i = 0; i < truth.size(); ++i) {
        truth[i] = static_cast<std::int32_t>(stream.below(7));
        predicted[i] = static_cast<std::int32_t>(stream.below(7));
    }
    const Score score = score_classes(truth, predicted, 7);
    Classes counted(49);
    int right = 0;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        ++counted[static_cast<std::size_t>(truth[i] * 7 + predicted[i])];
        right += truth[i] == predicted[i] ? 1 : 0;
    }
    EXPECT_EQ(score.confusion, counted);
    EXPECT_DOUBLE_EQ(score.metric, right / 5.0);
}

TEST(ScoreTest, PearsonIgnoresScaleAndShift) {
    const std::vector<float> truth{1, 2, 3, 4};
    EXPECT_NEAR(score_regression(truth, std::vector<float>{10, 30, 50, 70}).metric, 100, 1e-12);
    EXPECT_NEAR(score_regression(truth, std::vector<float>{-1, -2, -3, -4}).metric, -100, 1e-12);
    // by hand: cov 1, variances 1.25 and 1.25
    EXPECT_NEAR(score_regression(truth, std::vector<float>{2, 1, 4, 3}).metric, 60, 1e-12);
}

TEST(ScoreTest, PearsonOfAConstantIsNan) {
    const std::vector<float> truth{1, 2};
    EXPECT_TRUE(std::isnan(score_regression(truth, std::vector<float>{3, 3}).metric));
    EXPECT_TRUE(std::isnan(score_regression(truth, truth).f1));
}

TEST(ScoreTest, AClassOutsideIsABug) {
    EXPECT_THROW(score_classes(Classes{2}, Classes{0}, 2), Bug);
    EXPECT_THROW(score_classes(Classes{0}, Classes{-1}, 2), Bug);
    EXPECT_THROW(score_classes(Classes{0}, Classes{}, 2), Bug);
}

}  // namespace
}  // namespace mobi::test
