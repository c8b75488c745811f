// SPDX-License-Identifier: Apache-2.0
#include "method/side/loss.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

constexpr LossKind kCe = LossKind::CeResidual;

at::Tensor indices(std::vector<std::int64_t> labels) {
    return torch::tensor(labels, torch::kInt64);
}

/// Δy of random softmax outputs and these labels.
at::Tensor residual_of(const at::Tensor& labels, std::int64_t classes, at::ScalarType type) {
    torch::manual_seed(1);
    const at::Tensor output = torch::softmax(3 * torch::randn({labels.size(0), classes}, type), 1);
    return output - torch::one_hot(labels, classes);
}

TEST(ResidualLabelsTest, ReadsTheLabelOffASoftmaxOrAZeroOutput) {
    const at::Tensor labels = torch::arange(26).repeat({4});
    EXPECT_TRUE(residual_labels(residual_of(labels, 26, torch::kFloat32)).equal(labels));
    EXPECT_TRUE(residual_labels(-torch::one_hot(labels, 26).to(torch::kFloat32)).equal(labels));
}

TEST(SideLossTest, CrossEntropyOfTwoEvenClassesIsLogTwo) {
    // o = (½, ½), y = 0: Δy = (-½, ½), logits o + f_s = (½, ½), gradient softmax - y = (-½, ½)
    const at::Tensor side = torch::zeros({1, 2}).requires_grad_(true);
    const at::Tensor residual = torch::tensor({{-0.5F, 0.5F}});
    const at::Tensor loss = side_loss(kCe, side, residual, {});
    EXPECT_NEAR(loss.item<double>(), std::log(2), 1e-6);
    loss.backward();
    EXPECT_NEAR(side.grad()[0][0].item<double>(), -0.5, 1e-6);
    EXPECT_NEAR(side.grad()[0][1].item<double>(), 0.5, 1e-6);
}

TEST(SideLossTest, AnAdjustmentOfLogThreeMakesTheClassThreeTimesAsLikely) {
    const at::Tensor side = torch::zeros({1, 2}).requires_grad_(true);
    const at::Tensor residual = torch::tensor({{-0.5F, 0.5F}});
    const at::Tensor adjustment = torch::tensor({{std::log(3.0F), 0.0F}});
    const at::Tensor loss = side_loss(kCe, side, residual, {}, adjustment);
    EXPECT_NEAR(loss.item<double>(), std::log(4.0 / 3), 1e-6);
    loss.backward();
    EXPECT_NEAR(side.grad()[0][0].item<double>(), -0.25, 1e-6);
    EXPECT_NEAR(side.grad()[0][1].item<double>(), 0.25, 1e-6);
}

TEST(SideLossTest, LabelsOfTheResidualAndOfThePacketGiveTheSameLoss) {
    const at::Tensor labels = indices({2, 0, 1, 2});
    const at::Tensor residual = residual_of(labels, 3, torch::kFloat32);
    const at::Tensor side = torch::randn({4, 3});
    EXPECT_TRUE(side_loss(kCe, side, residual, {})
                    .equal(side_loss(LossKind::CeWithLabel, side, residual, labels)));
    EXPECT_THROW(side_loss(LossKind::CeWithLabel, side, residual, {}), Bug);
}

TEST(SideLossTest, SharesOfClassesWeighTheirLogarithms) {
    // One sample of ¾ class 0 and ¼ class 1; o = (½, ½): Δy = (-¼, ¼), logits f_s + o
    const at::Tensor side = torch::tensor({{0.3F, -0.2F}});
    const at::Tensor residual = torch::tensor({{-0.25F, 0.25F}});
    const double normal = std::log(std::exp(0.8) + std::exp(0.3));
    EXPECT_NEAR(side_loss(kCe, side, residual, torch::tensor({{0.75F, 0.25F}})).item<double>(),
                0.75 * (normal - 0.8) + 0.25 * (normal - 0.3), 1e-6);
}

TEST(SideLossTest, WholeSharesAreClassIndices) {
    const at::Tensor labels = indices({2, 0, 1, 2});
    const at::Tensor residual = residual_of(labels, 3, torch::kFloat64);
    const at::Tensor side = torch::randn({4, 3}, torch::kFloat64);
    const at::Tensor shares = torch::one_hot(labels, 3).to(torch::kFloat64);
    EXPECT_NEAR(side_loss(kCe, side, residual, labels).item<double>(),
                side_loss(kCe, side, residual, shares).item<double>(), 1e-14);
}

TEST(SideLossTest, AnAdjustmentOfZeroChangesNothingAndErrorsIgnoreAny) {
    const at::Tensor residual = residual_of(indices({2, 0, 1, 2}), 3, torch::kFloat32);
    const at::Tensor side = torch::randn({4, 3});
    EXPECT_TRUE(side_loss(kCe, side, residual, {})
                    .equal(side_loss(kCe, side, residual, {}, torch::zeros({4, 3}))));
    for (const LossKind kind : {LossKind::MseResidual, LossKind::HuberResidual})
        EXPECT_TRUE(side_loss(kind, side, residual, {})
                        .equal(side_loss(kind, side, residual, {}, torch::randn({4, 3}))));
}

TEST(SideLossTest, GradientsAgreeWithCentralDifferences) {
    const at::Tensor hard = indices({2, 0, 1, 2, 3});
    const at::Tensor soft = torch::softmax(torch::randn({5, 4}, torch::kFloat64), 1);
    const at::Tensor residual = residual_of(hard, 4, torch::kFloat64);
    const at::Tensor adjustment = torch::randn({5, 4}, torch::kFloat64);
    for (const at::Tensor& labels : {at::Tensor(), hard, soft}) {
        const at::Tensor side = torch::randn({5, 4}, torch::kFloat64).requires_grad_(true);
        side_loss(kCe, side, residual, labels, adjustment).backward();
        const torch::NoGradGuard no_grad;
        for (std::int64_t i = 0; i < side.numel(); ++i) {
            // Truncation h²/6 of a third derivative below 1, rounding 1e-16 / h.
            constexpr double h = 1e-5;
            const at::Tensor step = torch::zeros({20}, torch::kFloat64);
            step[i] = h;
            const at::Tensor by = step.reshape({5, 4});
            const double up =
                side_loss(kCe, side + by, residual, labels, adjustment).item<double>();
            const double down =
                side_loss(kCe, side - by, residual, labels, adjustment).item<double>();
            EXPECT_NEAR((up - down) / (2 * h), side.grad().flatten()[i].item<double>(), 1e-9);
        }
    }
}

}  // namespace
}  // namespace mobi::test
