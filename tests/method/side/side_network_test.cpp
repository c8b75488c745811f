// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_network.hpp"

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "core/error.hpp"
#include "learn/optimizer.hpp"
#include "method/side/loss.hpp"

namespace mobi::test {
namespace {

SideShape shape_of(std::int32_t blocks,
                   std::int32_t width,
                   std::int32_t classes,
                   std::vector<std::int32_t> widths) {
    SideShape shape;
    shape.blocks = blocks;
    shape.width = width;
    shape.classes = classes;
    for (std::size_t i = 0; i < widths.size(); ++i)
        shape.sources.push_back({std::string(1, static_cast<char>('a' + i)), widths[i]});
    return shape;
}

std::int64_t numbers_in(const SideNetwork& network) {
    std::int64_t count = 0;
    for (const auto& [name, tensor] : network.parameters()) count += tensor.numel();
    return count;
}

// The counts of docs/method.md 1.4: r = 64, C = 2, B = 12.
TEST(SideNetworkTest, CountsParametersAsTheFormulaDoes) {
    const SideParameters side;
    const AlignParameters align;
    const SideShape base = shape_of(12, 768, 2, {768});
    EXPECT_EQ(shared_parameters(base, side), 1191182 + 19968);
    EXPECT_EQ(projection_parameters(base, 0, align), 7087104);
    const SideShape opt = shape_of(12, 1024, 2, {768, 1024, 2048});
    std::int64_t projections = 0;
    for (std::int32_t source = 0; source < 3; ++source)
        projections += projection_parameters(opt, source, align);
    EXPECT_EQ(projections, 47222784);
    EXPECT_EQ(shared_parameters(opt, side) + projections, 48837390);
    SideShape identity = base;
    identity.projected = false;
    EXPECT_EQ(numbers_in(SideNetwork(identity, side, align, 1)), 1211150);
}

TEST(SideNetworkTest, CountsFlopsAsTheFormulaDoes) {
    const SideParameters side;
    EXPECT_EQ(side_update_flop(shape_of(12, 768, 2, {768}), side, 0), 35398656);
    const SideShape mixed = shape_of(12, 1024, 2, {768, 1024, 2048});
    EXPECT_EQ(side_update_flop(mixed, side, 0), 47198208);
    EXPECT_EQ(side_update_flop(mixed, side, 1), 59781120);
    EXPECT_EQ(side_update_flop(mixed, side, 2), 110112768);
}

TEST(SideNetworkTest, AutoWidthIsTheMedianTheLargerOfTwo) {
    EXPECT_EQ(auto_side_width({768, 1024, 2048}), 1024);
    EXPECT_EQ(auto_side_width({768, 1024}), 1024);
    EXPECT_EQ(auto_side_width({768}), 768);
    EXPECT_EQ(auto_side_width({384, 384, 768}), 384);
}

TEST(SideNetworkTest, StartsAtTheBackbonesOwnPrediction) {
    const SideNetwork network(shape_of(3, 8, 4, {6}), {}, {}, 1);
    const SideInput part{0, torch::randn({3, 5, 6})};
    EXPECT_EQ(network.forward(std::span(&part, 1)).abs().max().item<float>(), 0);
}

TEST(SideNetworkTest, ATensorsStartDoesNotDependOnTheOtherTypes) {
    const SideNetwork one(shape_of(2, 8, 4, {6}), {}, {}, 7);
    const SideNetwork two(shape_of(2, 8, 4, {6, 10}), {}, {}, 7);
    for (const auto& [name, tensor] : one.parameters())
        for (const auto& [other_name, other] : two.parameters())
            if (name == other_name) {
                EXPECT_TRUE(torch::equal(tensor, other)) << name;
            }
}

TEST(SideNetworkTest, AnIdentityStartIsForTheSideWidthAlone) {
    AlignParameters align;
    const SideNetwork uniform(shape_of(2, 8, 4, {8, 6}), {}, align, 7);
    align.start = ProjectionStart::Identity;
    const SideNetwork identity(shape_of(2, 8, 4, {8, 6}), {}, align, 7);
    for (std::size_t i = 0; i < identity.parameters().size(); ++i) {
        const auto& [name, tensor] = identity.parameters()[i];
        if (name.starts_with("P.a"))
            EXPECT_TRUE(torch::equal(tensor, 3 * torch::eye(8))) << name;
        else
            EXPECT_TRUE(torch::equal(tensor, uniform.parameters()[i].second)) << name;
        EXPECT_TRUE(tensor.requires_grad()) << name;
    }
}

TEST(SideNetworkTest, RowsOfAMixedBatchAreThoseOfTheirOwnBatches) {
    SideParameters side;
    side.zero_init = false;
    for (const SideGate gate : {SideGate::Learned, SideGate::Fixed, SideGate::None})
        for (const auto scope : {ProjectionScope::TypeLayer, ProjectionScope::Type}) {
            side.gate = gate;
            AlignParameters align;
            align.projection = scope;
            const SideNetwork network(shape_of(3, 8, 4, {6, 10}), side, align, 1);
            const std::vector<SideInput> parts{{0, torch::randn({3, 2, 6})},
                                               {1, torch::randn({3, 3, 10})}};
            const at::Tensor mixed = network.forward(parts);
            const at::Tensor apart = torch::cat({network.forward(std::span(parts).first(1)),
                                                 network.forward(std::span(parts).last(1))});
            EXPECT_LT((mixed - apart).abs().max().item<float>(), 1e-5);
            EXPECT_GT(mixed.abs().max().item<float>(), 0);
        }
}

TEST(SideNetworkTest, GradientsAgreeWithCentralDifferences) {
    SideParameters side;
    side.zero_init = false;
    side.bottleneck = 4;
    side.activation = SideActivation::Gelu;  // smooth: differences are meaningful in fp32
    SideNetwork network(shape_of(2, 6, 3, {5, 4}), side, {}, 3);
    const std::vector<SideInput> parts{{0, torch::randn({2, 3, 5})}, {1, torch::randn({2, 2, 4})}};
    const at::Tensor residual = torch::randn({5, 3});
    const auto loss = [&] {
        return side_loss(LossKind::MseResidual, network.forward(parts), residual, at::Tensor());
    };
    loss().backward();
    for (const auto& [name, tensor] : network.parameters()) {
        const at::Tensor direction = torch::randn_like(tensor);
        const double predicted = (tensor.grad() * direction).sum().item<double>();
        const torch::NoGradGuard no_grad;
        const at::Tensor kept = tensor.clone();
        constexpr double h = 3e-3;
        network.set(name, kept + h * direction);
        const double up = loss().item<double>();
        network.set(name, kept - h * direction);
        const double down = loss().item<double>();
        network.set(name, kept);
        EXPECT_NEAR((up - down) / (2 * h), predicted, 2e-2 * (1 + std::abs(predicted))) << name;
    }
}

TEST(SideNetworkTest, RefusesAnUnknownTensor) {
    SideNetwork network(shape_of(2, 6, 3, {5}), {}, {}, 3);
    EXPECT_THROW(network.set("W_x", torch::zeros({1})), Bug);
    EXPECT_THROW(network.set("W_o", torch::zeros({1})), Bug);
}

TEST(OptimizerTest, DoesNotTouchTheProjectionsOfAnAbsentType) {
    SideNetwork network(shape_of(2, 6, 3, {5, 4}), {}, {}, 3);
    Optimizer optimizer(network.parameters(), {}, 10);
    const std::vector<SideInput> both{{0, torch::randn({2, 3, 5})}, {1, torch::randn({2, 2, 4})}};
    optimizer.step(
        side_loss(LossKind::MseResidual, network.forward(both), torch::randn({5, 3}), at::Tensor()),
        0);
    std::map<std::string, at::Tensor> before;
    for (const auto& [name, tensor] : network.parameters()) before[name] = tensor.clone();
    optimizer.step(side_loss(LossKind::MseResidual, network.forward(std::span(both).first(1)),
                             torch::randn({3, 3}), at::Tensor()),
                   1);
    for (const auto& [name, tensor] : network.parameters())
        if (name.starts_with("P.b") || name.starts_with("c.b")) {
            EXPECT_TRUE(torch::equal(tensor, before[name])) << name;
        }
}

TEST(ScheduleTest, RisesToOneAndFallsToNearZero) {
    OptimizerParameters parameters;
    parameters.warmup = 0.1;
    EXPECT_DOUBLE_EQ(schedule_factor(parameters, 0, 100), 0.1);
    EXPECT_DOUBLE_EQ(schedule_factor(parameters, 9, 100), 1.0);
    EXPECT_DOUBLE_EQ(schedule_factor(parameters, 55, 100), 0.5);
    EXPECT_DOUBLE_EQ(schedule_factor(parameters, 99, 100), 1.0 / 90);
    parameters.schedule = Schedule::Constant;
    EXPECT_DOUBLE_EQ(schedule_factor(parameters, 99, 100), 1.0);
    EXPECT_DOUBLE_EQ(schedule_factor(parameters, 0, 1), 1.0);
}

}  // namespace
}  // namespace mobi::test
