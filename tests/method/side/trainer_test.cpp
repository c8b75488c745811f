// SPDX-License-Identifier: Apache-2.0
#include "method/side/trainer.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "method/side/small_fleet.hpp"

namespace mobi::test {
namespace {

using TrainerTest = SmallFleet;

TEST_F(TrainerTest, LearnsAndEvaluatesOnSchedule) {
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, shape, inbox, evaluation, sink);
    for (std::int64_t t = 0; t < 50; ++t) trainer.run(step_on(t, every_sample(), 50));
    trainer.finish(VirtualClock::time_point(std::chrono::seconds(1)));
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
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    for (const EvalWeights weights : {EvalWeights::Devices, EvalWeights::Equal}) {
        evaluations.clear();
        settings.eval.weights = weights;
        Trainer trainer(settings, plan, shape, inbox, evaluation, sink);
        for (std::int64_t t = 0; t < 3; ++t) trainer.run(step_on(t, {0, 1, 2, 12}, 3));
        trainer.finish({});
        const auto& rows = evaluations.back().rows;
        const double share = weights == EvalWeights::Equal ? 0.5 : 0.75;
        EXPECT_NEAR(rows[2].metric, share * rows[0].metric + (1 - share) * rows[1].metric, 1e-9);
    }
}

TEST_F(TrainerTest, PerDeviceTrainsOneNetworkAfterAnother) {
    settings.server.mode = ServerMode::PerDevice;
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, shape, inbox, evaluation, sink);
    for (const DevicePlan& device : plan.devices)
        for (std::int64_t t = 0; t < 30; ++t)
            trainer.run(step_on(t, device.samples, 30, device.id));
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
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, shape, inbox, evaluation, sink);
    for (std::int64_t t = 0; t < 20; ++t) trainer.run(step_on(t, every_sample(), 20));
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
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    Trainer trainer(settings, plan, shape, inbox, evaluation, sink);
    trainer.count(std::vector<std::int32_t>{12, 0, 3, 4});  // classes 0 of b; 0, 0, 1 of a
    trainer.run(step_on(0, {0, 3, 4, 12}, 1));
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
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    std::map<double, std::vector<double>> last;  // by mixup: the last losses of two runs
    for (const double mixup : {0.0, 0.4, 0.0, 0.4}) {
        settings.server.mixup = mixup;
        Trainer trainer(settings, plan, shape, inbox, evaluation, sink);
        for (std::int64_t t = 0; t < 50; ++t) {
            if (t == 0) trainer.count(every_sample());
            trainer.run(step_on(t, every_sample(), 50));
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
        const FleetShape shape(plan, settings);
        Inbox inbox(plan, shape.sources, kClasses);
        fill(inbox);
        Trainer trainer(settings, plan, shape, inbox, nullptr, sink);
        const std::vector<std::int32_t> samples{0, 1, 12, 24, 36};
        trainer.count(samples);
        trainer.run(step_on(0, samples, 1));
        losses.push_back(updates.back().loss);
    }
    EXPECT_NEAR(losses[0], losses[1], 1e-6);
}

/// The evaluation data with its first rows for validation.
std::shared_ptr<const EvaluationData> split(const EvaluationData& data, std::int64_t validation) {
    auto copy = std::make_shared<EvaluationData>(data);
    copy->validation = validation;
    return copy;
}

TEST_F(TrainerTest, CurvesAreOfTheValidationSetAndTheTestIsMadeOnce) {
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    std::vector<TestResult> tests;
    sink.test = [&](const TestResult& one) { tests.push_back(one); };
    Trainer trainer(settings, plan, shape, inbox, split(*evaluation, 12), sink);
    for (std::int64_t t = 0; t < 50; ++t) trainer.run(step_on(t, every_sample(), 50));
    trainer.finish(VirtualClock::time_point(std::chrono::seconds(1)));
    ASSERT_EQ(evaluations.size(), 3U);
    const auto samples = [](const EvaluationResult& one) {
        int count = 0;
        for (const std::int32_t cell : one.confusion.at(0)) count += cell;
        return count;
    };
    for (const EvaluationResult& one : evaluations) EXPECT_EQ(samples(one), 12);
    ASSERT_EQ(tests.size(), 2U);
    EXPECT_EQ(tests[0].weights, TestedWeights::Last);
    EXPECT_EQ(tests[0].scores.updates, 50);
    EXPECT_EQ(tests[1].weights, TestedWeights::Best);
    for (const TestResult& one : tests) EXPECT_EQ(samples(one.scores), 18);
    // the first evaluation with the largest metric is where the best weights come from
    const EvaluationResult* best = &evaluations[0];
    for (const EvaluationResult& one : evaluations)
        if (one.rows.back().metric > best->rows.back().metric) best = &one;
    EXPECT_EQ(tests[1].scores.updates, best->updates);
}

// Whoever takes the weights and the data from the log gets the figures of the test.
TEST_F(TrainerTest, TheBestWeightsGiveTheirOwnFigures) {
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    settings.eval.every = 1;
    settings.optimizer.lr = 0.1;  // restless: the best is not the last
    const auto data = split(*evaluation, 12);
    for (const bool later : {false, true}) {
        settings.evaluate_later = later;
        evaluations.clear();
        std::vector<TestResult> tests;
        sink.test = [&](const TestResult& one) { tests.push_back(one); };
        Trainer trainer(settings, plan, shape, inbox, data, sink);
        for (std::int64_t t = 0; t < 12; ++t) trainer.run(step_on(t, {0, 13, 25, 38}, 12));
        trainer.finish({});
        ASSERT_EQ(tests.size(), 2U);
        const SideNetwork* const best = trainer.best_network();
        ASSERT_NE(best, nullptr);
        const auto own = [&](EvaluationPart part) {
            return evaluate(*best, *data, 1, 1, settings.loss.kind, part);
        };
        const auto on_validation = std::find_if(
            evaluations.begin(), evaluations.end(),
            [&](const EvaluationResult& one) { return one.updates == tests[1].scores.updates; });
        ASSERT_NE(on_validation, evaluations.end());
        EXPECT_EQ(own(data->curve_part()).loss, on_validation->rows[1].loss);
        EXPECT_EQ(own(data->test_part()).loss, tests[1].scores.rows[1].loss);
        EXPECT_EQ(own(data->test_part()).score.metric, tests[1].scores.rows[1].metric);
    }
}

TEST_F(TrainerTest, ATrainerGoesOnWithTheBestWeightsOfItsArchive) {
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    settings.eval.every = 2;
    settings.optimizer.lr = 0.1;
    const auto data = split(*evaluation, 12);
    std::vector<std::vector<TestResult>> tests;
    sink.test = [&](const TestResult& one) { tests.back().push_back(one); };
    for (const std::int64_t cut : {0, 3, 8, 15}) {
        tests.emplace_back();
        auto trainer = std::make_unique<Trainer>(settings, plan, shape, inbox, data, sink);
        for (std::int64_t t = 0; t < 16; ++t) {
            if (t == cut) {
                Archive out;
                trainer->archive(out);
                const Bytes bytes = out.take();
                trainer = std::make_unique<Trainer>(settings, plan, shape, inbox, data, sink);
                Archive in(bytes);
                trainer->archive(in);
                in.finish();
            }
            trainer->run(step_on(t, {0, 13, 25, 38}, 16));
        }
        trainer->finish({});
        for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_EQ(tests.back()[i].scores.updates, tests[0][i].scores.updates) << cut;
            EXPECT_EQ(tests.back()[i].scores.rows.back().loss, tests[0][i].scores.rows.back().loss)
                << cut;
        }
    }
}

TEST_F(TrainerTest, AStepThatDecidesTellsItsValidationMetric) {
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    settings.eval.every = 5;
    Trainer trainer(settings, plan, shape, inbox, split(*evaluation, 12), sink);
    for (std::int64_t t = 0; t < 10; ++t) {
        Step step = step_on(t, every_sample(), 10);
        step.decides = t == 9;
        trainer.run(step);
    }
    EXPECT_TRUE(updates[4].verdict.empty());
    EXPECT_EQ(updates[9].verdict, std::vector{evaluations[1].rows.back().metric});
    Step off = step_on(10, every_sample(), 10);
    off.decides = true;
    EXPECT_THROW(trainer.run(off), Bug);
}

TEST_F(TrainerTest, NetworksOfDevicesAreTestedOnceEach) {
    settings.server.mode = ServerMode::PerDevice;
    const FleetShape shape(plan, settings);
    Inbox inbox(plan, shape.sources, kClasses);
    fill(inbox);
    std::vector<TestResult> tests;
    sink.test = [&](const TestResult& one) { tests.push_back(one); };
    Trainer trainer(settings, plan, shape, inbox, split(*evaluation, 12), sink);
    for (const DevicePlan& device : plan.devices)
        for (std::int64_t t = 0; t < 5; ++t) trainer.run(step_on(t, device.samples, 5, device.id));
    trainer.finish({});
    ASSERT_EQ(tests.size(), 2U);
    int count = 0;
    for (const std::int32_t cell : tests[0].scores.confusion.at(0)) count += cell;
    EXPECT_EQ(count, 36) << "18 test samples for each of two devices";
    EXPECT_EQ(tests[0].scores.rows.back().loss, tests[1].scores.rows.back().loss);
}

}  // namespace
}  // namespace mobi::test
