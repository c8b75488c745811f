// SPDX-License-Identifier: Apache-2.0
#include "method/side/class_counts.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.hpp"
#include "method/side/loss.hpp"

namespace mobi::test {
namespace {

void add(ClassCounts& counts, std::int32_t backbone, std::vector<int> by_class) {
    for (std::size_t c = 0; c < by_class.size(); ++c)
        for (int i = 0; i < by_class[c]; ++i) counts.add(backbone, static_cast<std::int32_t>(c));
}

TEST(ClassCountsTest, IsZeroBeforeTheFirstSample) {
    EXPECT_TRUE(ClassCounts(2, 3).adjustment().equal(torch::zeros({2, 3})));
}

TEST(ClassCountsTest, AgreesWithTheHandDerivedCase) {
    ClassCounts counts(3, 2);
    add(counts, 0, {3, 1});
    add(counts, 1, {1, 3});
    // a = (½, ½); p_0 = (3 + 2·½) / (4 + 2) = 2/3, 1/3; type 2 has nothing: p = a
    const at::Tensor& found = counts.adjustment();
    const double more = std::log((2.0 / 3 + 1e-6) / (0.5 + 1e-6));
    const double less = std::log((1.0 / 3 + 1e-6) / (0.5 + 1e-6));
    const std::vector<double> expected{more, less, less, more, 0, 0};
    for (std::int64_t i = 0; i < 6; ++i)
        EXPECT_NEAR(found.flatten()[i].item<double>(), expected[static_cast<std::size_t>(i)], 1e-6);
}

TEST(ClassCountsTest, FollowsEachSample) {
    ClassCounts counts(2, 2);
    add(counts, 0, {1, 0});
    add(counts, 1, {0, 1});
    const double before = counts.adjustment()[0][0].item<double>();
    EXPECT_NEAR(before, std::log(4.0 / 3), 1e-5);  // p = (1 + 2·½) / (1 + 2) = 2/3
    add(counts, 0, {7, 0});
    EXPECT_GT(counts.adjustment()[0][0].item<double>(), 0);
    EXPECT_LT(counts.adjustment()[0][0].item<double>(), before);  // now a_0 = 8/9 as well
}

TEST(ClassCountsTest, AClassThatNobodyHasStaysFinite) {
    ClassCounts counts(2, 3);
    add(counts, 0, {5, 1, 0});
    add(counts, 1, {1, 5, 0});
    EXPECT_TRUE(counts.adjustment().isfinite().all().item<bool>());
    EXPECT_EQ(counts.adjustment()[0][2].item<float>(), 0);
}

TEST(ClassCountsTest, TypesOfEqualFrequenciesHaveThePlainLoss) {
    ClassCounts counts(2, 3);
    add(counts, 0, {2, 4, 6});
    add(counts, 1, {3, 6, 9});
    const at::Tensor residual = torch::tensor({{-0.5F, 0.2F, 0.3F}, {0.1F, 0.1F, -0.2F}});
    const at::Tensor side = torch::tensor({{0.4F, -1.0F, 0.0F}, {0.3F, 0.5F, 2.0F}});
    EXPECT_NEAR(
        side_loss(LossKind::CeResidual, side, residual, {}, counts.adjustment()).item<double>(),
        side_loss(LossKind::CeResidual, side, residual, {}).item<double>(), 1e-6);
}

TEST(ClassCountsTest, RefusesAClassOutOfRange) {
    ClassCounts counts(2, 3);
    EXPECT_THROW(counts.add(0, 3), Bug);
    EXPECT_THROW(counts.add(2, 0), Bug);
}

}  // namespace
}  // namespace mobi::test
