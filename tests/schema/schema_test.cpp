// SPDX-License-Identifier: Apache-2.0
#include "schema/schema.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

#include "record/sample_run.hpp"
#include "schema/table.hpp"

namespace mobi::test {
namespace {

using namespace record;

/// Every table and column of schema version 4, as that version's program wrote them.
const std::map<std::string, std::string> kVersion4{
    {"/status", "status int8, updates_done int32"},
    {"/devices",
     "device int32, profile int32, link int32, backbone int32, samples int32, packets int32, "
     "memory_need_bytes float64, memory_bytes float64, admitted int8, uplink_bytes_per_s float64, "
     "downlink_bytes_per_s float64, downlink_deviation_bytes_per_s float64, latency_s float64, "
     "jitter_s float64, loss float64, emptied_ns int64"},
    {"/backbones",
     "backbone int32, name int32, family int32, layers int32, width int32, heads int32, ffn int32, "
     "vocabulary int32, parameters int64, taps int32, devices int32, pivot int32, weight_dtype "
     "int32"},
    {"/samples",
     "sample int32, device int32, packet int32, label int32, target float32, tokens int32"},
    {"/uploads",
     "upload int32, device int32, packet int32, samples int32, tokens int32, padded_tokens int32, "
     "compute_start_ns int64, compute_end_ns int64, send_start_ns int64, send_end_ns int64, "
     "arrival_ns int64, charged_bytes int64, repeated_bytes int64, charged_flop float64, "
     "compute_energy_j float64, send_energy_j float64, overrun_ns int64, outcome int8"},
    {"/losses",
     "device int32, packet int32, stage int8, start_ns int64, end_ns int64, charged_bytes int64"},
    {"/costs",
     "device int32, tokens int64, charged_flop float64, tap_bytes int64, scale_bytes int64, "
     "residual_bytes int64, label_bytes int64, header_bytes int64, repeated_bytes int64, "
     "vain_bytes int64, compute_ns int64, send_ns int64, both_ns int64, wait_ns int64, off_ns "
     "int64, done_ns int64, compute_energy_j float64, send_energy_j float64, wait_energy_j "
     "float64"},
    {"/downloads",
     "device int32, start_ns int64, end_ns int64, charged_bytes int64, repeated_bytes int64, "
     "energy_j float64"},
    {"/updates",
     "update int32, kind int8, device int32, upload int32, start_ns int64, end_ns int64, "
     "inbox_samples int32, waiting_packets int32, first_sample int64, samples int32, overrun_ns "
     "int64"},
    {"/training", "update int32, loss float64, gradient_norm float64, learning_rate float64"},
    {"/evaluations",
     "update int32, backbone int32, time_ns int64, metric float64, f1 float64, loss float64"},
    {"/host",
     "rank int32, phase int32, backbone int32, wall_s float64, cpu_s float64, done_flop float64, "
     "tokens int64, samples int64, wire_bytes int64, peak_rss_bytes int64, groups int32, "
     "peak_flop_per_s float64, threads int32, queue_waits int64, overruns int64, worst_overrun_s "
     "float64"},
};

std::string_view type_name(ColumnType type) {
    switch (type) {
        case ColumnType::Int8:
            return "int8";
        case ColumnType::Int32:
            return "int32";
        case ColumnType::Int64:
            return "int64";
        case ColumnType::Float32:
            return "float32";
        case ColumnType::Float64:
            return "float64";
    }
    return "";
}

std::vector<const Table*> all_tables() {
    std::vector<const Table*> tables = growing_tables();
    tables.push_back(&table_of<StatusRow>());
    return tables;
}

/// Columns that files of `version` have.
std::string columns_of(const Table& table, std::int32_t version) {
    std::string text;
    for (const Column& column : table.columns) {
        if (column.since > version) continue;
        if (!text.empty()) text += ", ";
        text.append(column.name).append(" ").append(type_name(column.type));
    }
    return text;
}

// A column that is renamed, has another type, or does not say that it is younger makes the files
// unreadable that are there already.
TEST(SchemaTest, ColumnsOfVersion4AreWhatThatVersionWrote) {
    std::map<std::string, std::string> tables;
    for (const Table* table : all_tables())
        if (table->since <= 4) tables.emplace(std::string(table->path), columns_of(*table, 4));
    EXPECT_EQ(tables, kVersion4);
}

TEST(SchemaTest, NothingIsYoungerThanTheSchemaOrOlderThanWhatIsRead) {
    for (const Table* table : all_tables()) {
        EXPECT_GE(table->since, kOldestSchema) << table->path;
        EXPECT_LE(table->since, kYoung) << table->path;
        for (const Column& column : table->columns) {
            EXPECT_GE(column.since, kOldestSchema) << table->path << " " << column.name;
            EXPECT_LE(column.since, kYoung) << table->path << " " << column.name;
        }
    }
}

// Numbers are what analysis compares with, so names may be added at the end only.
TEST(SchemaTest, EnumerationsOfVersion4KeepTheirNumbers) {
    const std::map<Names, std::vector<std::string>> version_4{
        {Names::Admission, {"out_of_memory", "admitted"}},
        {Names::LossStages, {"compute", "upload", "download", "late"}},
        {Names::Outcomes, {"delivered", "lost", "planned"}},
        {Names::Phases,
         {"total", "forward", "evaluation_forward", "training", "evaluation", "recording",
          "waiting", "pacing"}},
        {Names::Pivots, {"first", "last", "mean"}},
        {Names::Precisions, {"fp32", "fp16", "bf16", "int8", "int4"}},
        {Names::Statuses, {"running", "finished", "aborted"}},
        {Names::UpdateKinds, {"arrival", "replay"}}};
    for (const auto& [names, expected] : version_4) {
        const auto now = members(names, sample_layout());
        ASSERT_GE(now.size(), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i)
            EXPECT_EQ(now[i], std::pair(expected[i], static_cast<std::int32_t>(i)));
    }
}

TEST(SchemaTest, EveryEnumeratorHasItsName) {
    const auto name = [](Names names, auto value) {
        for (const auto& [text, number] : members(names, sample_layout()))
            if (number == static_cast<std::int32_t>(value)) return text;
        return std::string("none");
    };
    EXPECT_EQ(name(Names::Statuses, RunStatus::Running), "running");
    EXPECT_EQ(name(Names::Statuses, RunStatus::Finished), "finished");
    EXPECT_EQ(name(Names::Statuses, RunStatus::Aborted), "aborted");
    EXPECT_EQ(name(Names::Outcomes, Outcome::Delivered), "delivered");
    EXPECT_EQ(name(Names::Outcomes, Outcome::Lost), "lost");
    EXPECT_EQ(name(Names::Outcomes, Outcome::Planned), "planned");
    EXPECT_EQ(name(Names::Phases, HostPhase::Total), "total");
    EXPECT_EQ(name(Names::Phases, HostPhase::Forward), "forward");
    EXPECT_EQ(name(Names::Phases, HostPhase::EvaluationForward), "evaluation_forward");
    EXPECT_EQ(name(Names::Phases, HostPhase::Training), "training");
    EXPECT_EQ(name(Names::Phases, HostPhase::Evaluation), "evaluation");
    EXPECT_EQ(name(Names::Phases, HostPhase::Recording), "recording");
    EXPECT_EQ(name(Names::Phases, HostPhase::Waiting), "waiting");
    EXPECT_EQ(name(Names::Phases, HostPhase::Pacing), "pacing");
    EXPECT_EQ(name(Names::Precisions, Precision::Int4), "int4");
}

}  // namespace
}  // namespace mobi::test
