// SPDX-License-Identifier: Apache-2.0
#include "weights/weight_rounding.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
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

/// The nearest number with `bits` bits of mantissa, ties to even, at least 2^lowest apart.
double naive_nearest(double value, int bits, int lowest) {
    if (value == 0) return value;
    const int exponent = std::max(std::ilogb(value) - bits, lowest);
    return std::ldexp(std::nearbyint(std::ldexp(value, -exponent)), exponent);
}

double naive_half(double value) {
    return naive_nearest(std::clamp(value, -65504.0, 65504.0), 10, -24);
}

double naive_brain(double value) {
    return naive_nearest(value, 7, -133);
}

/// Numbers of every magnitude that matters, ties among them.
at::Tensor all_magnitudes() {
    RandomStream random(1, Purpose::Test);
    std::vector<float> values{0.0F, -0.0F, 65504, 65519, 65520, 1e30F, -1e30F, 6e-8F, 2e-8F, 3e-8F};
    for (int i = 0; i < 4000; ++i) {
        const double value =
            std::ldexp(random.uniform() - 0.5, static_cast<int>(random.below(60)) - 40);
        values.push_back(static_cast<float>(value));
        values.push_back(static_cast<float>(naive_nearest(value, 11, -25)));  // ties of fp16
        values.push_back(static_cast<float>(naive_nearest(value, 8, -134)));  // of bf16
    }
    return at::tensor(values);
}

TEST(WeightRoundingTest, HalvesAreTheNearest) {
    const at::Tensor values = all_magnitudes();
    for (const auto& [precision, naive] :
         {std::pair{Precision::Fp16, &naive_half}, std::pair{Precision::Bf16, &naive_brain},
          std::pair{Precision::Int8, &naive_half}, std::pair{Precision::Int4, &naive_half}}) {
        const at::Tensor rounded = round_vector(values, precision);
        ASSERT_EQ(rounded.scalar_type(), at::kFloat);
        for (std::int64_t i = 0; i < values.size(0); ++i)
            ASSERT_EQ(rounded.data_ptr<float>()[i],
                      static_cast<float>(naive(values.data_ptr<float>()[i])))
                << values.data_ptr<float>()[i];
    }
    EXPECT_TRUE(round_vector(values, Precision::Fp32).is_same(values));
}

TEST(WeightRoundingTest, AMatrixOfHalvesIsAVectorOfHalves) {
    const at::Tensor values = all_magnitudes().slice(0, 0, 4000).reshape({50, 80}).contiguous();
    for (const Precision precision : {Precision::Fp16, Precision::Bf16})
        EXPECT_TRUE(at::equal(round_matrix(values, precision), round_vector(values, precision)));
    EXPECT_TRUE(round_matrix(values, Precision::Fp32).is_same(values));
}

/// One number of a group, in double precision; NaN where fp32 may round either way.
double naive_code(double value, double largest, double largest_code) {
    const double code = value / (largest / largest_code);
    if (std::abs(std::abs(code - std::floor(code)) - 0.5) < 1e-4)
        return std::numeric_limits<double>::quiet_NaN();
    return std::nearbyint(code) * largest / largest_code;
}

TEST(WeightRoundingTest, CodesAreThoseOfTheFormula) {
    for (const std::int64_t columns : {1, 2, 63, 64, 65, 127, 128, 200})
        for (const auto& [precision, group, codes] :
             {std::tuple{Precision::Int8, columns, 127.0},
              std::tuple{Precision::Int4, std::int64_t{kInt4Group}, 7.0}}) {
            at::manual_seed(static_cast<std::uint64_t>(columns));
            const at::Tensor weight = at::randn({5, columns});
            const at::Tensor rounded = round_matrix(weight, precision);
            for (std::int64_t row = 0; row < 5; ++row)
                for (std::int64_t first = 0; first < columns; first += group) {
                    const std::int64_t end = std::min(first + group, columns);
                    const double largest =
                        weight[row].slice(0, first, end).abs().max().item<double>();
                    for (std::int64_t c = first; c < end; ++c) {
                        const double expected =
                            naive_code(weight[row][c].item<double>(), largest, codes);
                        if (!std::isnan(expected)) {
                            EXPECT_NEAR(rounded[row][c].item<double>(), expected, 1e-6 * largest);
                        }
                    }
                }
        }
}

TEST(WeightRoundingTest, RoundingKeepsSignsAndScales) {
    at::manual_seed(3);
    const at::Tensor weight = at::randn({6, 150});
    for (const Precision precision : {Precision::Int8, Precision::Int4}) {
        const at::Tensor rounded = round_matrix(weight, precision);
        EXPECT_TRUE(at::equal(round_matrix(-weight, precision), -rounded));
        EXPECT_TRUE(at::equal(round_matrix(weight * 4, precision), rounded * 4));
        // the largest of a group is kept
        EXPECT_NEAR(rounded.abs().max().item<double>(), weight.abs().max().item<double>(), 1e-6);
    }
}

TEST(WeightRoundingTest, ARowDoesNotFeelItsNeighbours) {
    at::manual_seed(4);
    const at::Tensor weight = at::randn({4, 70});
    for (const Precision precision : {Precision::Int8, Precision::Int4})
        for (std::int64_t row = 0; row < 4; ++row) {
            at::Tensor others = weight * 1000;
            others[row].copy_(weight[row]);
            EXPECT_TRUE(at::equal(round_matrix(others, precision)[row],
                                  round_matrix(weight, precision)[row]));
        }
}

TEST(WeightRoundingTest, WhatIsRoundedIsNotTouched) {
    const at::Tensor weight = at::rand({3, 70});
    const at::Tensor before = weight.clone();
    for (const Precision precision :
         {Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4})
        round_matrix(weight, precision);
    EXPECT_TRUE(at::equal(weight, before));
}

TEST(WeightRoundingTest, NoColumnsAndNoRowsAreFine) {
    for (const Precision precision :
         {Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4}) {
        EXPECT_EQ(round_matrix(at::empty({0, 5}), precision).numel(), 0);
        EXPECT_EQ(round_matrix(at::empty({5, 0}), precision).numel(), 0);
    }
}

TEST(WeightRoundingTest, OnlyContiguousMatricesOfFloatsAreTaken) {
    EXPECT_THROW(round_matrix(at::rand({3, 4}).t(), Precision::Int8), Bug);
    EXPECT_THROW(round_matrix(at::rand({4}), Precision::Int8), Bug);
    EXPECT_THROW(round_matrix(at::rand({3, 4}, at::kDouble), Precision::Fp16), Bug);
}

}  // namespace
}  // namespace mobi
