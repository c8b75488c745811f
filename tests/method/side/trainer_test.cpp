// SPDX-License-Identifier: Apache-2.0
#include "method/side/trainer.hpp"

#include <algorithm>
#include <set>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "server/trainer_thread.hpp"
#include "wire/codec.hpp"

namespace mobi::test {
namespace {

constexpr std::int32_t kClasses = 3;
constexpr std::int32_t kDevices = 4;
constexpr std::int32_t kShard = 12;

/// Four devices of two backbone types; a sample's taps are noise around a place of its class.
class TrainerTest : public ::testing::Test {
  protected:
    TrainerTest() {
        at::set_num_threads(1);
        for (const std::int32_t width : {6, 10}) {
            BackbonePlan backbone;
            backbone.name = width == 6 ? "a" : "b";
            backbone.tap_layers = {1, 2};
            backbone.layout = {Precision::Fp32, 2, width, kClasses, false};
            backbone.devices = 2;
            plan.backbones.push_back(backbone);
        }
        plan.samples.resize(kDevices * kShard);
        for (std::int32_t id = 0; id < kDevices; ++id) {
            DevicePlan device;
            device.id = id;
            device.backbone = id % 2;
            device.admitted = true;
            for (std::int32_t i = 0; i < kShard; ++i) {
                device.samples.push_back(id * kShard + i);
                plan.samples[static_cast<std::size_t>(id * kShard + i)].device = id;
            }
            plan.devices.push_back(device);
        }
        settings.classes = kClasses;
        settings.side.width = 8;
        settings.side.bottleneck = 4;
        settings.optimizer.lr = 1e-2;
        settings.eval.every = 20;
        auto data = std::make_shared<EvaluationData>();
        data->classes = kClasses;
        for (std::int32_t i = 0; i < 30; ++i) data->labels.push_back(i % kClasses);
        for (std::size_t k = 0; k < 2; ++k) {
            std::vector<float> taps;
            for (std::int32_t tap = 0; tap < 2; ++tap)
                for (std::int32_t i = 0; i < 30; ++i)
                    add_vector(taps, static_cast<std::int32_t>(k), i % kClasses,
                               static_cast<std::uint64_t>(1000 + i));
            EvaluationData::Backbone backbone;
            backbone.taps = std::move(taps);
            backbone.output.resize(30 * kClasses);
            backbone.width = plan.backbones[k].layout.width;
            data->backbones.push_back(backbone);
        }
        evaluation = data;
        sink.update = [this](const UpdateResult& update) { updates.push_back(update); };
        sink.evaluation = [this](const EvaluationResult& one) { evaluations.push_back(one); };
    }

    void add_vector(std::vector<float>& taps,
                    std::int32_t backbone,
                    std::int32_t label,
                    std::uint64_t sample) const {
        RandomStream noise(1, Purpose::Test, sample);
        RandomStream place(2, Purpose::Test, static_cast<std::uint64_t>(10 * backbone + label));
        const std::int32_t width = plan.backbones[static_cast<std::size_t>(backbone)].layout.width;
        for (std::int32_t c = 0; c < width; ++c)
            taps.push_back(static_cast<float>(2 * place.normal() + 0.3 * noise.normal()));
    }

    void fill(Inbox& inbox) const {
        for (const DevicePlan& device : plan.devices) {
            Packet packet;
            packet.device = device.id;
            packet.backbone = device.backbone;
            packet.samples = device.samples;
            std::vector<float> taps;
            for (std::int32_t tap = 0; tap < 2; ++tap)
                for (const std::int32_t id : device.samples)
                    add_vector(taps, device.backbone, id % kClasses,
                               static_cast<std::uint64_t>(id));
            const auto bytes = std::as_bytes(std::span(taps));
            packet.taps.assign(bytes.begin(), bytes.end());
            for (const std::int32_t id : device.samples)
                for (std::int32_t c = 0; c < kClasses; ++c)
                    packet.residual.push_back(c == id % kClasses ? -1.0F : 0.0F);
            inbox.insert(packet);
        }
    }

    static Update step_on(std::int64_t update,
                          std::vector<std::int32_t> samples,
                          std::int32_t network = 0) {
        Update step;
        step.update = step.network_update = update;
        step.network = network;
        step.samples = std::move(samples);
        step.end = VirtualClock::time_point(std::chrono::milliseconds(update + 1));
        return step;
    }

    static std::vector<std::int32_t> every_sample() {
        std::vector<std::int32_t> ids;
        for (std::int32_t id = 0; id < kDevices * kShard; ++id) ids.push_back(id);
        return ids;
    }

    FleetPlan plan;
    TrainerSettings settings;
    std::shared_ptr<const EvaluationData> evaluation;
    TrainingSink sink;
    std::vector<UpdateResult> updates;
    std::vector<EvaluationResult> evaluations;
};

TEST_F(TrainerTest, LearnsAndEvaluatesOnSchedule) {
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    Inbox inbox(plan, sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, sources, inbox, evaluation, sink);
    TrainerThread thread(trainer);
    for (std::int64_t t = 0; t < 50; ++t) thread.submit(step_on(t, every_sample()), 50);
    thread.finish(VirtualClock::time_point(std::chrono::seconds(1)));
    ASSERT_EQ(updates.size(), 50U);
    EXPECT_LT(updates.back().loss, 0.2 * updates.front().loss);
    EXPECT_EQ(updates.front().gates.size(), 2U);
    ASSERT_EQ(evaluations.size(), 3U);  // after 20, 40 and the end
    EXPECT_EQ(evaluations[1].updates, 40);
    EXPECT_EQ(evaluations[1].time, VirtualClock::time_point(std::chrono::milliseconds(40)));
    ASSERT_EQ(evaluations[2].rows.size(), 3U);
    EXPECT_GT(evaluations[2].rows[2].metric, 90);
    EXPECT_EQ(evaluations[2].rows[2].backbone, -1);
}

TEST_F(TrainerTest, TheOverallMetricWeighsTypesByDevicesOrEqually) {
    plan.backbones[0].devices = 3;
    plan.backbones[1].devices = 1;
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    Inbox inbox(plan, sources, kClasses);
    fill(inbox);
    for (const EvalWeights weights : {EvalWeights::Devices, EvalWeights::Equal}) {
        evaluations.clear();
        settings.eval.weights = weights;
        Trainer trainer(settings, plan, sources, inbox, evaluation, sink);
        for (std::int64_t t = 0; t < 3; ++t) trainer.run(step_on(t, {0, 1, 2, 12}), 3);
        trainer.finish({});
        const auto& rows = evaluations.back().rows;
        const double share = weights == EvalWeights::Equal ? 0.5 : 0.75;
        EXPECT_NEAR(rows[2].metric, share * rows[0].metric + (1 - share) * rows[1].metric, 1e-9);
    }
}

TEST_F(TrainerTest, PerDeviceTrainsOneNetworkAfterAnother) {
    settings.mode = ServerMode::PerDevice;
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    Inbox inbox(plan, sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, sources, inbox, evaluation, sink);
    for (const DevicePlan& device : plan.devices)
        for (std::int64_t t = 0; t < 30; ++t)
            trainer.run(step_on(t, device.samples, device.id), 30);
    trainer.finish({});
    ASSERT_EQ(evaluations.size(), 1U);  // the mean over the devices, once
    EXPECT_EQ(evaluations[0].rows.size(), 3U);
    // 30 test samples for each of the two devices of a type
    const auto& confusion = evaluations[0].confusion.at(0);
    int count = 0;
    for (const std::int32_t cell : confusion) count += cell;
    EXPECT_EQ(count, 60);
    // All networks start alike: the first losses of two devices with the same residuals agree.
    EXPECT_DOUBLE_EQ(updates[0].loss, updates[30].loss);
}

TEST_F(TrainerTest, AProjectionADeviceIsEvaluatedForEveryDevice) {
    settings.align.projection = ProjectionScope::DeviceLayer;
    const SourceMap sources(plan, ProjectionScope::DeviceLayer);
    Inbox inbox(plan, sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, sources, inbox, evaluation, sink);
    for (std::int64_t t = 0; t < 20; ++t) trainer.run(step_on(t, every_sample()), 20);
    int count = 0;
    for (const std::int32_t cell : evaluations.back().confusion.at(1)) count += cell;
    EXPECT_EQ(count, 60);
    std::set<std::string> names;
    for (const auto& [name, tensor] : trainer.network()->parameters()) names.insert(name);
    EXPECT_TRUE(names.contains("P.device_3.1"));
}

TEST_F(TrainerTest, AnUpdateCountsItsOwnPacketAndNoLaterOne) {
    // o = 0 and f_s = 0 at the start: the first loss is the mean of -log softmax(A)_y.
    settings.loss = {LossKind::CeResidual, LogitAdjustment::Type};
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    Inbox inbox(plan, sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, sources, inbox, evaluation, sink);
    Update step = step_on(0, {0, 3, 4, 12});  // classes 0, 0, 1 of type a and 0 of type b
    step.arrived = {12, 0, 3, 4};
    trainer.run(step, 1);
    ClassCounts counts(2, kClasses);
    for (const std::int32_t label : {0, 0, 1}) counts.add(0, label);
    counts.add(1, 0);
    const at::Tensor log_shares = at::log_softmax(counts.adjustment(), 1);
    EXPECT_NE(log_shares[0][0].item<float>(), log_shares[1][0].item<float>());
    const double sum = (2 * log_shares[0][0] + log_shares[0][1] + log_shares[1][0]).item<double>();
    EXPECT_NEAR(updates[0].loss, -sum / 4, 1e-6);
}

TEST_F(TrainerTest, CrossEntropyWithAdjustmentAndMixupLearnsAndRepeats) {
    settings.loss = {LossKind::CeResidual, LogitAdjustment::Type};
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    Inbox inbox(plan, sources, kClasses);
    fill(inbox);
    std::map<double, std::vector<double>> last;  // by mixup: the last losses of two runs
    for (const double mixup : {0.0, 0.4, 0.0, 0.4}) {
        settings.mixup = mixup;
        Trainer trainer(settings, plan, sources, inbox, evaluation, sink);
        for (std::int64_t t = 0; t < 50; ++t) {
            Update step = step_on(t, every_sample());
            if (t == 0) step.arrived = step.samples;
            trainer.run(step, 50);
        }
        trainer.finish({});
        EXPECT_GT(evaluations.back().rows[2].metric, 90);
        last[mixup].push_back(updates.back().loss);
    }
    EXPECT_EQ(last[0.0][0], last[0.0][1]);
    EXPECT_EQ(last[0.4][0], last[0.4][1]);
    EXPECT_GT(last[0.4][0], last[0.0][0]);  // soft labels keep some entropy
}

TEST_F(TrainerTest, ProjectionsOfDevicesTakeTheAdjustmentOfTheirType) {
    settings.loss = {LossKind::CeResidual, LogitAdjustment::Type};
    std::vector<double> losses;
    for (const auto scope : {ProjectionScope::TypeLayer, ProjectionScope::DeviceLayer}) {
        settings.align.projection = scope;
        const SourceMap sources(plan, scope);
        Inbox inbox(plan, sources, kClasses);
        fill(inbox);
        Trainer trainer(settings, plan, sources, inbox, nullptr, sink);
        Update step = step_on(0, {0, 1, 12, 24, 36});
        step.arrived = step.samples;
        trainer.run(step, 1);
        losses.push_back(updates.back().loss);
    }
    EXPECT_NEAR(losses[0], losses[1], 1e-6);
}

TEST_F(TrainerTest, AFailureInTheThreadReachesTheCaller) {
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    const Inbox inbox(plan, sources, kClasses);
    Trainer trainer(settings, plan, sources, inbox, evaluation, sink);
    TrainerThread thread(trainer);
    thread.submit(step_on(0, {}), 1);  // an empty batch is a bug
    EXPECT_THROW(thread.finish({}), Bug);
}

}  // namespace
}  // namespace mobi::test
