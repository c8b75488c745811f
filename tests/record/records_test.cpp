// SPDX-License-Identifier: Apache-2.0
#include "record/records.hpp"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "record/random_rows.hpp"
#include "record/sample_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using namespace record;

/// What check_record() says of it; empty: nothing.
std::string objection(const RunLayout& layout, const Record& record) {
    try {
        check_record(layout, record);
    } catch (const Bug& bug) {
        return bug.what();
    }
    return "";
}

TEST(BytesOfTest, ARowIsItsRecord) {
    EXPECT_EQ(bytes_of(UpdateRow{}), sizeof(Record));
    EXPECT_EQ(bytes_of(HostRow{}), sizeof(Record));
}

TEST(BytesOfTest, RowsCountWithTheirPadding) {
    RandomStream stream(1, Purpose::Test);
    for_each_table(random_tables(stream, 20), [](const auto& rows) {
        using Row = typename std::decay_t<decltype(rows)>::value_type;
        EXPECT_EQ(bytes_of(rows), sizeof(Record) + rows.size() * sizeof(Row))
            << table_of<Row>().path;
    });
}

TEST(BytesOfTest, EveryArrayOfARecordCounts) {
    const auto payload = [](const Record& record) { return bytes_of(record) - sizeof(Record); };
    EXPECT_EQ(payload(UpdateSamples{{1, 2, 3}}), 12U);
    EXPECT_EQ(payload(TrainingGates{{1, 2}}), 8U);
    EXPECT_EQ(payload(ActivationRows{0, 0, {1, 2}, Bytes(5), {1, 2, 3}, {1}}), 8U + 5 + 12 + 4);
    EXPECT_EQ(payload(EvaluationTaps{0, {1}, Bytes(3), {1, 2}}), 4U + 3 + 8);
    EXPECT_EQ(payload(Truth{1, {1, 2}, {1}}), 12U);
    EXPECT_EQ(payload(Weights{WeightState::Final, "a long name that is not counted", {1, 2}}), 8U);
    EXPECT_EQ(payload(Confusion{0, {1, 2, 3, 4}}), 16U);
}

TEST(CheckRecordTest, TheSampleRunFits) {
    for (const Record& record : sample_records()) EXPECT_EQ(objection(sample_layout(), record), "");
}

TEST(CheckRecordTest, RowsAreNotLookedInto) {
    RandomStream stream(2, Purpose::Test);
    for_each_table(random_tables(stream, 5),
                   [](const auto& rows) { EXPECT_EQ(objection(RunLayout{}, rows), ""); });
}

// One element too many or too few in any array of any record of the run is found.
TEST(CheckRecordTest, EveryArrayHasTheLengthOfTheLayout) {
    const RunLayout layout = sample_layout();
    const auto expect_both = [&](const auto& record, auto&& array, const char* words) {
        auto longer = record;
        array(longer).emplace_back();
        EXPECT_TRUE(contains(objection(layout, longer), words));
        auto shorter = record;
        if (array(shorter).empty()) return;
        array(shorter).pop_back();
        EXPECT_TRUE(contains(objection(layout, shorter), words));
    };
    for (std::int32_t b = 0; b < 5; ++b) {
        SCOPED_TRACE(b);
        const ActivationRows packet = sample_activations(b)[0];
        expect_both(
            packet, [](auto& r) -> auto& { return r.taps; }, "taps of a packet");
        expect_both(
            packet, [](auto& r) -> auto& { return r.scales; }, "scales of a packet");
        expect_both(
            packet, [](auto& r) -> auto& { return r.residual; }, "residual of a packet");
        expect_both(
            packet, [](auto& r) -> auto& { return r.samples; }, "of a packet");
        const EvaluationTaps taps = sample_evaluation(b)[0];
        expect_both(
            taps, [](auto& r) -> auto& { return r.taps; }, "test taps");
        expect_both(
            taps, [](auto& r) -> auto& { return r.output; }, "test outputs");
        expect_both(
            sample_confusion(b), [](auto& r) -> auto& { return r.counts; }, "confusion matrix");
    }
    expect_both(
        sample_truth(), [](auto& r) -> auto& { return r.labels; }, "test labels");
    expect_both(
        Truth{1, sample_truth().labels, std::vector<float>(7)},
        [](auto& r) -> auto& { return r.targets; }, "test targets");
    for (const auto& [name, shape] : layout.weights)
        expect_both(
            sample_weights(WeightState::Final, name), [](auto& r) -> auto& { return r.values; },
            name.c_str());
    expect_both(
        TrainingGates{{1, 2, 3, 4}}, [](auto& r) -> auto& { return r.gates; },
        "gate values for 2 blocks");
}

TEST(CheckRecordTest, AScalarIsOneValue) {
    EXPECT_EQ(objection(sample_layout(), Weights{WeightState::Initial, "alpha.1", {1}}), "");
    EXPECT_TRUE(contains(objection(sample_layout(), Weights{WeightState::Initial, "alpha.2", {1}}),
                         "no tensor 'alpha.2'"));
}

TEST(CheckRecordTest, ABackboneThatIsNotThereIsNamed) {
    for (const std::int32_t backbone : {-1, 5, 1 << 30}) {
        ActivationRows packet = sample_activations(0)[0];
        packet.backbone = backbone;
        EvaluationTaps taps = sample_evaluation(0)[0];
        taps.backbone = backbone;
        Confusion confusion = sample_confusion(0);
        confusion.backbone = backbone;
        const std::string words = "backbone " + std::to_string(backbone) + " of 5";
        EXPECT_TRUE(contains(objection(sample_layout(), packet), words));
        EXPECT_TRUE(contains(objection(sample_layout(), taps), words));
        EXPECT_TRUE(contains(objection(sample_layout(), confusion), words));
    }
}

TEST(CheckRecordTest, TestSamplesAreRowsOfTheTestSet) {
    for (const std::int32_t sample : {-1, 7}) {
        EvaluationTaps taps = sample_evaluation(2)[1];
        taps.samples.back() = sample;
        EXPECT_TRUE(contains(objection(sample_layout(), taps),
                             "test sample " + std::to_string(sample) + " of 7"));
    }
}

TEST(CheckRecordTest, ARunWithoutGatesTakesNone) {
    RunLayout layout = sample_layout();
    layout.blocks = 0;
    EXPECT_NE(objection(layout, TrainingGates{{1, 2}}), "");
}

}  // namespace
}  // namespace mobi::test
