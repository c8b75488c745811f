// SPDX-License-Identifier: Apache-2.0
#include "server/journal.hpp"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "crew/list_fleet.hpp"
#include "server/small_run.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;

class JournalTest : public ::testing::Test {
  protected:
    static constexpr std::int32_t kTest = 5;

    template <typename Row>
    std::vector<Row> rows() {
        return reader().rows<Row>();
    }
    const record::RunReader& reader() {
        if (!reader_) reader_.emplace(run.read());
        return *reader_;
    }

    FleetPlan plan = small_plan();
    std::vector<Delivery> deliveries = small_deliveries(plan);
    SmallRun run{small_layout(plan, kTest)};
    Journal journal{run.writer(), true, true};

  private:
    std::optional<record::RunReader> reader_;
};

TEST_F(JournalTest, TestTapsOfEveryBackboneThatIsThereAreKept) {
    EvaluationData data;
    data.truth = small_truth(kTest);
    data.backbones.resize(2);
    data.backbones[1].width = 6;
    data.backbones[1].taps = random_values(kTest * 6, 1, 1);
    data.backbones[1].output = random_values(kTest * kClasses, 1, 2);
    journal.test_taps(data);
    const record::StoredEvaluation stored = reader().evaluation(1);
    EXPECT_EQ(stored.taps, (std::vector<std::vector<float>>{data.backbones[1].taps}));
    EXPECT_EQ(stored.output, data.backbones[1].output);
    EXPECT_EQ(reader().evaluation_truth().labels, data.truth.labels);
    for (const float value : reader().evaluation(0).output) EXPECT_TRUE(value != value);
}

TEST_F(JournalTest, APacketIsAnUploadAndItsActivations) {
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        const Payload payload = small_packet(plan, deliveries[i]);
        journal.arrived(deliveries[i], static_cast<std::int64_t>(i), &payload);
    }
    EXPECT_EQ(rows<record::UploadRow>().size(), deliveries.size());
    std::vector<std::size_t> row(2);
    const std::vector<record::Activations> logs{reader().activations(0), reader().activations(1)};
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        const auto k = static_cast<std::size_t>(deliveries[i].backbone);
        const PacketLayout& layout = plan.backbones[k].layout;
        const std::size_t size = vector_bytes(layout.dtype, static_cast<std::size_t>(layout.width));
        const Packet packet = small_packet(plan, deliveries[i]);
        const std::size_t count = packet.samples.size();
        for (std::size_t j = 0; j < count; ++j, ++row[k]) {
            EXPECT_EQ(logs[k].samples[row[k]], packet.samples[j]);
            EXPECT_EQ(logs[k].upload[row[k]], static_cast<std::int32_t>(i));
            for (std::size_t tap = 0; tap < static_cast<std::size_t>(layout.taps); ++tap) {
                EXPECT_TRUE(std::equal(
                    packet.taps.begin() + static_cast<std::ptrdiff_t>((tap * count + j) * size),
                    packet.taps.begin() + static_cast<std::ptrdiff_t>((tap * count + j + 1) * size),
                    logs[k].taps[tap].begin() + static_cast<std::ptrdiff_t>(row[k] * size)));
                if (!packet.scales.empty()) {
                    EXPECT_EQ(logs[k].scales[tap][row[k]], packet.scales[tap * count + j]);
                }
            }
        }
    }
}

TEST_F(JournalTest, NothingButAPacketHasActivations) {
    journal.arrived(deliveries[0], 0, nullptr);
    const Payload bytes = Bytes(20);
    journal.arrived(deliveries[1], 1, &bytes);
    EXPECT_EQ(rows<record::UploadRow>().size(), 2U);
    EXPECT_EQ(reader().activation_rows(0) + reader().activation_rows(1), 0);
}

TEST_F(JournalTest, UploadsAndActivationsAreKeptEachWhereAskedFor) {
    const Payload payload = small_packet(plan, deliveries[0]);
    Journal(run.writer(), false, true).arrived(deliveries[0], 3, &payload);
    Journal(run.writer(), true, false).arrived(deliveries[0], 4, &payload);
    Journal(run.writer(), false, false).arrived(deliveries[0], 5, &payload);
    const auto uploads = rows<record::UploadRow>();
    ASSERT_EQ(uploads.size(), 1U);
    EXPECT_EQ(uploads[0].upload, 4);
    const record::Activations log = reader().activations(deliveries[0].backbone);
    ASSERT_EQ(log.samples.size(), deliveries[0].samples.size());
    EXPECT_EQ(log.upload[0], -1);
}

TEST_F(JournalTest, SamplesOfStepsLieOneAfterAnother) {
    RandomStream random(1, Purpose::Test);
    std::vector<std::int32_t> all;
    std::vector<std::int64_t> firsts;
    for (std::int64_t number = 0; number < 40; ++number) {
        Step step;
        step.number = number;
        step.kind = StepKind::Update;
        for (std::uint64_t i = random.below(5); i > 0; --i)
            step.samples.push_back(static_cast<std::int32_t>(random.below(25)));
        firsts.push_back(std::ssize(all));
        all.insert(all.end(), step.samples.begin(), step.samples.end());
        journal.placed(step, milliseconds(number), 0);
    }
    const auto updates = rows<record::UpdateRow>();
    ASSERT_EQ(updates.size(), firsts.size());
    for (std::size_t i = 0; i < updates.size(); ++i) {
        EXPECT_EQ(updates[i].first_sample, firsts[i]);
        EXPECT_EQ(updates[i].overrun_ns, 1'000'000 * static_cast<std::int64_t>(i));
    }
    EXPECT_EQ(reader().update_samples(), all);
    EXPECT_TRUE(rows<record::RoundRow>().empty());
}

TEST_F(JournalTest, ARoundCountsTheTasksSinceTheAggregationBefore) {
    Step step;
    const auto place = [&](StepKind kind, std::int64_t assigned) {
        step.kind = kind;
        journal.placed(step, {}, assigned);
        ++step.number;
        ++step.round;
    };
    place(StepKind::Aggregate, 5);
    place(StepKind::Exchange, 7);  // the two are of the next round
    step.inputs = {EventId(1), EventId(2)};
    place(StepKind::Aggregate, 8);
    place(StepKind::Aggregate, 8);
    std::vector<std::tuple<int, int, int, int>> found;
    for (const record::RoundRow& row : rows<record::RoundRow>())
        found.emplace_back(row.update, row.round, row.assigned, row.arrived);
    EXPECT_EQ(found, (std::vector<std::tuple<int, int, int, int>>{
                         {0, 0, 5, 0}, {2, 2, 3, 2}, {3, 3, 0, 2}}));
}

TEST_F(JournalTest, AStepHasGatesAndDiagnosticsWhereItsMethodHasThem) {
    StepResult result;
    result.loss = 3;
    journal.step_done(result);
    result.step = 1;
    result.gates = {0.5F, 0.25F};
    result.diagnostics = {7, 8};
    journal.step_done(result);
    EXPECT_EQ(rows<record::TrainingRow>().size(), 2U);
    EXPECT_EQ(reader().training_gates(), result.gates);
    const auto diagnostics = rows<record::DiagnosticRow>();
    ASSERT_EQ(diagnostics.size(), 2U);
    EXPECT_EQ(diagnostics[1].update, 1);
    EXPECT_EQ(diagnostics[1].value, 8);
}

TEST_F(JournalTest, TheConfusionIsThatOfTheLastEvaluation) {
    EvaluationResult result;
    result.rows = {{1, 50, 40, 1}};
    result.confusion[1] = std::vector<std::int32_t>(9, 1);
    journal.evaluated(result);
    result.confusion[1][4] = 77;
    journal.evaluated(result);
    result.confusion[1].clear();  // nothing was counted
    journal.evaluated(result);
    EXPECT_EQ(rows<record::EvaluationRow>().size(), 3U);
    EXPECT_EQ(reader().confusion(1).counts[4], 77);
}

TEST_F(JournalTest, AVerdictIsARowForEachValue) {
    journal.decided({4, {1.5, -2}});
    journal.decided({6, {3}});
    std::vector<std::tuple<int, int, double>> found;
    for (const record::VerdictRow& row : rows<record::VerdictRow>())
        found.emplace_back(row.update, row.place, row.value);
    EXPECT_EQ(found,
              (std::vector<std::tuple<int, int, double>>{{4, 0, 1.5}, {4, 1, -2}, {6, 0, 3}}));
}

TEST_F(JournalTest, StatesAreKeptByName) {
    journal.state(record::WeightState::Initial, {{"w", {1, 2}}});
    journal.state(record::WeightState::Final, {{"w", {3, 4}}});
    EXPECT_EQ(reader().weights(record::WeightState::Initial, "w"), (std::vector<float>{1, 2}));
    EXPECT_EQ(reader().weights(record::WeightState::Final, "w"), (std::vector<float>{3, 4}));
}

TEST_F(JournalTest, WhatComesOfTasksIsWrittenOnceHoweverOftenItIsLookedAt) {
    ListFleet fleet;
    RandomStream random(2, Purpose::Test);
    std::vector<std::int32_t> downloads, lost, tasks;
    for (std::int32_t i = 0; i < 60; ++i) {
        std::vector<std::int32_t> fresh;
        for (std::uint64_t j = random.below(3); j > 0; --j) {
            fresh.push_back(10 * i + static_cast<std::int32_t>(j));
            fleet.add_download(fresh.back());
        }
        if (random.below(2) == 0) fleet.add_lost(lost.emplace_back(i));
        if (random.below(2) == 0) fleet.add_task(tasks.emplace_back(i));
        downloads.insert(downloads.end(), fresh.begin(), fresh.end());
        std::vector<std::int32_t> told;
        for (const Download& one : journal.tasks(fleet)) told.push_back(one.device);
        EXPECT_EQ(told, fresh);
    }
    std::vector<std::int32_t> found;
    for (const record::DownloadRow& row : rows<record::DownloadRow>()) found.push_back(row.device);
    EXPECT_EQ(found, downloads);
    found.clear();
    for (const record::LossRow& row : rows<record::LossRow>()) found.push_back(row.device);
    EXPECT_EQ(found, lost);
    found.clear();
    for (const record::TaskRow& row : rows<record::TaskRow>())
        found.push_back(static_cast<std::int32_t>(row.task));
    EXPECT_EQ(found, tasks);
}

TEST_F(JournalTest, ResultsMayComeFromAnotherThread) {
    constexpr std::int64_t kSteps = 500;
    {
        const std::jthread trainer([this] {
            for (std::int64_t i = 0; i < kSteps; ++i) {
                StepResult result;
                result.step = i;
                result.gates = {static_cast<float>(i), 0};
                journal.step_done(result);
            }
        });
        for (std::int64_t i = 0; i < kSteps; ++i) {
            Step step;
            step.number = i;
            step.kind = StepKind::Update;
            step.samples = {static_cast<std::int32_t>(i % 25)};
            journal.placed(step, {}, 0);
        }
    }
    const auto updates = rows<record::UpdateRow>();
    const auto training = rows<record::TrainingRow>();
    ASSERT_EQ(std::ssize(updates), kSteps);
    ASSERT_EQ(std::ssize(training), kSteps);
    for (std::size_t i = 0; i < updates.size(); ++i) {
        EXPECT_EQ(updates[i].first_sample, static_cast<std::int64_t>(i));
        EXPECT_EQ(training[i].update, static_cast<std::int32_t>(i));
    }
}

TEST_F(JournalTest, ATestIsRowsAndTheLastWeightsConfusion) {
    EvaluationResult scores;
    scores.updates = 7;
    scores.rows = {{1, 60, 50, 0.5}, {-1, 61, 51, 0.25}};
    scores.confusion[1] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    journal.tested({TestedWeights::Last, scores});
    scores.updates = 4;
    scores.confusion[1].assign(9, 0);
    journal.tested({TestedWeights::Best, scores});
    const auto found = rows<record::TestScoreRow>();
    ASSERT_EQ(found.size(), 4U);
    EXPECT_EQ(found[1].weights, 0);
    EXPECT_EQ(found[1].update, 7);
    EXPECT_EQ(found[1].backbone, -1);
    EXPECT_EQ(found[1].metric, 61);
    EXPECT_EQ(found[2].weights, 1);
    EXPECT_EQ(found[2].update, 4);
    EXPECT_EQ(found[2].f1, 50);
    EXPECT_EQ(found[2].loss, 0.5);
    EXPECT_EQ(reader().confusion(1).counts, (std::vector<std::int32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

}  // namespace
}  // namespace mobi::test
