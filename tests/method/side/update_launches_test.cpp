// SPDX-License-Identifier: Apache-2.0
#include "method/side/update_launches.hpp"

#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <torch/version.h>

#include "core/rng.hpp"
#include "learn/launch_counter.hpp"
#include "method/side/small_fleet.hpp"
#include "method/side/trainer.hpp"

namespace mobi::test {
namespace {

/// The operators of LibTorch 1.13 are what the formula says; other versions may call a few others.
void expect_launches(std::int64_t counted, std::int64_t formula) {
    if (TORCH_VERSION_MAJOR == 1)
        EXPECT_EQ(counted, formula);
    else
        EXPECT_NEAR(static_cast<double>(counted), static_cast<double>(formula),
                    0.03 * static_cast<double>(formula));
}

class UpdateLaunchesTest : public SmallFleet {
  protected:
    UpdateLaunchesTest() {
        settings.eval.every = 1'000'000;
        settings.optimizer.clip = 1e-6;  // so short that every gradient is clipped
    }

    /// Other layers than the fixture's; 0: the embedding.
    void tap(const std::vector<std::int32_t>& layers) {
        for (BackbonePlan& backbone : plan.backbones) {
            backbone.tap_layers = layers;
            backbone.layout.taps = static_cast<std::int32_t>(layers.size());
        }
    }

    /// Devices all of one type.
    void one_type(std::int32_t width) {
        plan.backbones.resize(1);
        plan.backbones[0].devices = kDevices;
        plan.backbones[0].layout.width = width;
        for (DevicePlan& device : plan.devices) device.backbone = 0;
    }

    /// What a real update on `samples` launches; the third of a network, as moments are laid out
    /// by the first.
    std::int64_t counted(const std::vector<std::int32_t>& samples) {
        const FleetShape shape(plan, settings);
        Inbox inbox(plan, shape.sources, kClasses);
        for (const DevicePlan& device : plan.devices) inbox.insert(packet(device));
        Trainer trainer(settings, plan, shape, inbox, nullptr, sink);
        trainer.count(every_sample());
        for (std::int64_t t = 0; t < 2; ++t) trainer.run(step_on(t, samples, 3));
        const LaunchCounter counter;
        trainer.run(step_on(2, samples, 3));
        operators = fmt::format("{}", counter.by_operator());
        return counter.launches();
    }

    UpdateLaunches formula(std::int64_t parts) const {
        return update_launches(FleetShape(plan, settings).side, settings, parts);
    }

    /// Of one device's samples, of both types' and of all devices'.
    void expect_formula(const std::string& what) {
        const bool devices = settings.align.projection == ProjectionScope::DeviceLayer;
        const bool mixed = plan.backbones.size() > 1;
        const std::int64_t parts[] = {1, devices || mixed ? 2 : 1, devices ? 4 : mixed ? 2 : 1};
        const std::vector<std::int32_t> samples[] = {{0, 1, 2}, {0, 1, 12, 13}, every_sample()};
        for (std::size_t i = 0; i < 3; ++i) {
            const std::int64_t launches = counted(samples[i]);
            SCOPED_TRACE(fmt::format("{}, {} parts: {}", what, parts[i], operators));
            expect_launches(launches, formula(parts[i]).total());
        }
    }

    /// Taps of any shape; labels where packets carry them.
    Packet packet(const DevicePlan& device) const {
        const PacketLayout& layout =
            plan.backbones[static_cast<std::size_t>(device.backbone)].layout;
        Packet packet;
        packet.device = device.id;
        packet.backbone = device.backbone;
        packet.samples = device.samples;
        RandomStream stream(3, Purpose::Test, static_cast<std::uint64_t>(device.id));
        std::vector<float> taps(device.samples.size() * static_cast<std::size_t>(layout.taps) *
                                static_cast<std::size_t>(layout.width));
        for (float& number : taps) number = static_cast<float>(stream.normal());
        const auto bytes = std::as_bytes(std::span(taps));
        packet.taps.assign(bytes.begin(), bytes.end());
        for (const std::int32_t id : device.samples) {
            if (layout.labels) packet.labels.push_back(id % kClasses);
            for (std::int32_t c = 0; c < kClasses; ++c)
                packet.residual.push_back(c == id % kClasses ? -1.0F : 0.0F);
        }
        return packet;
    }

    std::string operators;  // of the update that was counted
};

TEST_F(UpdateLaunchesTest, TheFormulaIsWhatRealUpdatesLaunch) {
    expect_formula("as it is");
    for (const std::vector<std::int32_t>& taps :
         {std::vector<std::int32_t>{1}, {1, 2, 3, 4, 5}, {0, 1, 2}}) {
        tap(taps);
        expect_formula(fmt::format("taps {}", taps));
    }
}

TEST_F(UpdateLaunchesTest, WithEveryGateNormAndActivation) {
    for (const auto& taps : {std::vector<std::int32_t>{1, 2, 3}, {0, 1}})
        for (const SideGate gate : {SideGate::Learned, SideGate::Fixed, SideGate::None})
            for (const bool affine : {true, false}) {
                tap(taps);
                settings.side.gate = gate;
                settings.side.ln_affine = affine;
                settings.side.activation = affine ? SideActivation::Relu : SideActivation::Gelu;
                expect_formula(fmt::format("taps {}, gate {}, affine {}", taps,
                                           static_cast<int>(gate), affine));
            }
}

TEST_F(UpdateLaunchesTest, WithoutProjections) {
    one_type(8);
    for (const auto& taps : {std::vector<std::int32_t>{1, 2, 3}, {0, 1}})
        for (const SideGate gate : {SideGate::Learned, SideGate::Fixed, SideGate::None})
            for (const bool affine : {true, false}) {
                tap(taps);
                settings.side.gate = gate;
                settings.side.ln_affine = affine;
                expect_formula(fmt::format("taps {}, gate {}, affine {}", taps,
                                           static_cast<int>(gate), affine));
            }
}

TEST_F(UpdateLaunchesTest, WithEveryScopeOfProjections) {
    for (const auto& taps : {std::vector<std::int32_t>{1, 2, 3}, {0, 1}})
        for (const auto scope :
             {ProjectionScope::TypeLayer, ProjectionScope::Type, ProjectionScope::DeviceLayer}) {
            tap(taps);
            settings.align.projection = scope;
            expect_formula(fmt::format("taps {}, scope {}", taps, static_cast<int>(scope)));
        }
}

TEST_F(UpdateLaunchesTest, WithEveryLossAndMixup) {
    for (const LossKind kind : {LossKind::MseResidual, LossKind::HuberResidual,
                                LossKind::CeResidual, LossKind::CeWithLabel})
        for (const LogitAdjustment adjustment : {LogitAdjustment::None, LogitAdjustment::Type})
            for (const double mixup : {0.0, 0.4}) {
                settings.loss = {kind, adjustment};
                settings.server.mixup = mixup;
                for (BackbonePlan& backbone : plan.backbones)
                    backbone.layout.labels = kind == LossKind::CeWithLabel;
                expect_formula(fmt::format("loss {}, adjustment {}, mixup {}",
                                           static_cast<int>(kind), static_cast<int>(adjustment),
                                           mixup));
            }
}

TEST_F(UpdateLaunchesTest, WithoutDecay) {
    settings.optimizer.weight_decay = 0;
    expect_formula("no decay");
}

// The numbers decide whether a gradient is clipped, and virtual time must not ask them.
TEST_F(UpdateLaunchesTest, AGradientThatIsNotClippedSavesALaunchATensor) {
    settings.optimizer.clip = 1e9;
    const UpdateLaunches launches = formula(2);
    expect_launches(counted({0, 1, 12, 13}), launches.total() - launches.clip);
    EXPECT_EQ(launches.norm, 2 * launches.clip);
    settings.optimizer.clip = 0;
    EXPECT_EQ(formula(2).clip, 0);
    expect_launches(counted({0, 1, 12, 13}), formula(2).total());
}

TEST_F(UpdateLaunchesTest, PerDeviceNetworksTakeNoAdjustment) {
    settings.loss = {LossKind::CeResidual, LogitAdjustment::Type};
    settings.server.mode = ServerMode::PerDevice;
    expect_launches(counted({0, 1, 2}), formula(1).total());
}

TEST_F(UpdateLaunchesTest, ABatchesSizeDoesNotMatter) {
    EXPECT_EQ(counted({0}), counted(plan.devices[0].samples));
}

// docs/method.md 4.3: the shapes of the quick start and of RoBERTa-base.
TEST(UpdateLaunchesOfShapesTest, AreAsDocumented) {
    SideSettings settings;
    SideShape roberta{{{"roberta-base", 768}}, 12, false, 768, 2, false};
    EXPECT_EQ(update_launches(roberta, settings, 1).total(), 1466);
    settings.loss = {LossKind::CeResidual, LogitAdjustment::Type};
    settings.server.mixup = 0.4;
    SideShape quick{
        {{"minilm-3", 384}, {"minilm-6", 384}, {"mpnet-12", 768}}, 3, false, 384, 26, true};
    EXPECT_EQ(update_launches(quick, settings, 1).total(), 526);
    EXPECT_EQ(update_launches(quick, settings, 3).total(), 705);
}

}  // namespace
}  // namespace mobi::test
