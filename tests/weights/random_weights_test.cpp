// SPDX-License-Identifier: Apache-2.0
#include "weights/random_weights.hpp"

#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace mobi {
namespace {

TEST(RandomWeightsTest, AMatrixIsUniformWithDeviationTwoHundredths) {
    const at::Tensor values = RandomWeights(1).weight({"a.weight", {400, 500}}).to(at::kDouble);
    const double bound = 0.02 * std::sqrt(3.0);
    EXPECT_LT(values.abs().max().item<double>(), bound * (1 + 1e-6));
    EXPECT_GT(values.max().item<double>(), 0.999 * bound);
    EXPECT_LT(values.min().item<double>(), -0.999 * bound);
    // of 200,000 draws: the mean's deviation is 0.02 / 447, the deviation's 0.02 / 1000
    EXPECT_NEAR(values.mean().item<double>(), 0, 5 * 0.02 / 447);
    EXPECT_NEAR(values.std().item<double>(), 0.02, 5 * 0.02 / 1000);
    // each tenth of the range is drawn alike: 20,000 times, with a deviation of 134
    for (int tenth = 0; tenth < 10; ++tenth) {
        const double low = bound * (tenth / 5.0 - 1);
        const auto inside = at::logical_and(values >= low, values < low + bound / 5);
        EXPECT_NEAR(inside.sum().item<double>(), 20'000, 5 * 134) << tenth;
    }
}

TEST(RandomWeightsTest, NeighboursAreNotCorrelated) {
    const at::Tensor values = RandomWeights(2).weight({"a.weight", {300, 300}}).to(at::kDouble);
    const auto correlation = [](const at::Tensor& a, const at::Tensor& b) {
        return (a * b).mean().item<double>() / (0.02 * 0.02);
    };
    EXPECT_NEAR(correlation(values.slice(0, 1), values.slice(0, 0, 299)), 0, 5.0 / 300);
    EXPECT_NEAR(correlation(values.slice(1, 1), values.slice(1, 0, 299)), 0, 5.0 / 300);
}

TEST(RandomWeightsTest, ARowIsAFunctionOfSeedNameAndRow) {
    const TensorSource source{"a.weight", {9, 5}};
    const RandomWeights weights(3);
    const at::Tensor whole = weights.weight(source);
    for (std::int64_t first = 0; first < 9; ++first)
        for (std::int64_t count = 0; first + count <= 9; ++count)
            EXPECT_TRUE(
                at::equal(weights.rows(source, first, count), whole.narrow(0, first, count)));
    EXPECT_TRUE(at::equal(RandomWeights(3).weight(source), whole));
    EXPECT_FALSE(at::equal(RandomWeights(4).weight(source), whole));
    EXPECT_FALSE(at::equal(weights.weight({"b.weight", {9, 5}}), whole));
    // a model with more rows has the same first ones
    EXPECT_TRUE(at::equal(weights.weight({"a.weight", {20, 5}}).narrow(0, 0, 9), whole));
}

TEST(RandomWeightsTest, NormsAreOnesAndBiasesZeros) {
    const RandomWeights weights(5);
    EXPECT_TRUE(at::equal(weights.weight({"norm.weight", {7}}), at::ones({7})));
    EXPECT_TRUE(at::equal(weights.weight({"norm.bias", {7}}), at::zeros({7})));
    EXPECT_TRUE(at::equal(weights.rows({"norm.weight", {7}}, 2, 3), at::ones({3})));
}

TEST(RandomWeightsTest, TheFingerprintIsTheSeed) {
    EXPECT_EQ(RandomWeights(6).fingerprint(), RandomWeights(6).fingerprint());
    EXPECT_NE(RandomWeights(6).fingerprint(), RandomWeights(7).fingerprint());
    EXPECT_EQ(RandomWeights(6).shape("a.weight"), std::nullopt);
    EXPECT_TRUE(RandomWeights(6).notes().empty());
    EXPECT_NO_THROW(RandomWeights(6).require({"anything", {1}}));
}

}  // namespace
}  // namespace mobi
