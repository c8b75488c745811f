// SPDX-License-Identifier: Apache-2.0
#include "weights/weight_rounding.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "model/relative_bias.hpp"

namespace mobi {
namespace {

double relative_error(Precision precision) {
    at::manual_seed(1);
    const at::Tensor weight = at::randn({30, 200});
    return ((round_matrix(weight, precision) - weight).norm() / weight.norm()).item<double>();
}

TEST(WeightRoundingTest, TheErrorIsThatOfTheFormat) {
    EXPECT_EQ(relative_error(Precision::Fp32), 0);
    EXPECT_LT(relative_error(Precision::Fp16), 3e-4);
    EXPECT_LT(relative_error(Precision::Bf16), 2.5e-3);
    // a step s gives an error of s / sqrt 12; the largest of 200 normal numbers is about 2.8
    EXPECT_NEAR(relative_error(Precision::Int8), 2.8 / 127 / 3.46, 1e-3);
    EXPECT_NEAR(relative_error(Precision::Int4), 2.4 / 7 / 3.46, 2e-2);
}

TEST(WeightRoundingTest, Int8HasOneScaleARowAndTiesGoToEven) {
    const at::Tensor weight =
        at::tensor({127.0F, 1.5F, 2.5F, -0.4F, 0.0F, 0.0F, 0.0F, 0.0F, -12.7F, 0.11F, 0.26F, 1.0F})
            .reshape({3, 4});
    const at::Tensor rounded = round_matrix(weight, Precision::Int8);
    const at::Tensor expected =
        at::tensor({127.0F, 2.0F, 2.0F, 0.0F, 0.0F, 0.0F, 0.0F, 0.0F, -12.7F, 0.1F, 0.3F, 1.0F})
            .reshape({3, 4});
    EXPECT_TRUE(at::allclose(rounded, expected, 1e-6, 1e-7)) << rounded;
}

TEST(WeightRoundingTest, Int4HasOneScaleForSixtyFourNumbers) {
    at::Tensor weight = at::zeros({1, 130});
    weight[0][0] = 7;
    weight[0][1] = 3.4;
    weight[0][64] = 0.7;
    weight[0][65] = 0.04;
    weight[0][129] = -0.001;
    const at::Tensor rounded = round_matrix(weight, Precision::Int4);
    EXPECT_FLOAT_EQ(rounded[0][1].item<float>(), 3);
    EXPECT_FLOAT_EQ(rounded[0][65].item<float>(), 0);
    EXPECT_FLOAT_EQ(rounded[0][129].item<float>(), -0.001F);  // alone in its group
}

TEST(WeightRoundingTest, RoundingTwiceIsRoundingOnce) {
    at::manual_seed(2);
    const at::Tensor weight = at::randn({7, 100});
    for (const Precision precision :
         {Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4}) {
        const at::Tensor once = round_matrix(weight, precision);
        EXPECT_TRUE(at::allclose(round_matrix(once, precision), once, 1e-6, 1e-9));
    }
}

TEST(WeightRoundingTest, Fp16ClampsToItsLargestNumber) {
    EXPECT_EQ(round_vector(at::tensor({1e6F}), Precision::Int8).item<float>(), 65504);
}

TEST(RelativeBucketTest, DistancesFallIntoTheirBuckets) {
    EXPECT_EQ(relative_bucket(0, 32), 0);
    EXPECT_EQ(relative_bucket(-1, 32), 1);
    EXPECT_EQ(relative_bucket(1, 32), 17);
    EXPECT_EQ(relative_bucket(-7, 32), 7);
    EXPECT_EQ(relative_bucket(-8, 32), 8);
    EXPECT_EQ(relative_bucket(-16, 32), 10);
    EXPECT_EQ(relative_bucket(-32, 32), 12);
    EXPECT_EQ(relative_bucket(-64, 32), 14);
    EXPECT_EQ(relative_bucket(64, 32), 30);
    EXPECT_EQ(relative_bucket(-100000, 32), 15);
    EXPECT_EQ(relative_bucket(100000, 32), 31);
}

TEST(RelativeBiasTest, AQueryFindsItsBiasesSideBySide) {
    const at::Tensor table = at::arange(64, at::kFloat).reshape({32, 2});
    const RelativeBias bias(table, 20);
    for (std::int32_t head = 0; head < 2; ++head)
        for (std::int32_t distance = -19; distance <= 19; ++distance)
            EXPECT_EQ(bias.centre()[head * static_cast<std::int32_t>(bias.stride()) + distance],
                      static_cast<float>(2 * relative_bucket(distance, 32) + head));
    EXPECT_EQ(RelativeBias().centre(), nullptr);
}

}  // namespace
}  // namespace mobi
