// SPDX-License-Identifier: Apache-2.0
#include "server/past_run.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "schema/table.hpp"
#include "server/logged_packets.hpp"
#include "server/logged_plan.hpp"

namespace mobi {
namespace {

/// The first rows of a table, which the checkpoint builds on.
template <typename Row>
std::vector<Row> rows_of(const record::RunReader& reader, std::int64_t count) {
    std::vector<Row> rows = reader.rows<Row>();
    if (static_cast<std::int64_t>(rows.size()) < count)
        throw DataError(fmt::format(
            "{}: {} rows, its checkpoint builds on {}; start the run over with --overwrite",
            record::table_of<Row>().path, rows.size(), count));
    rows.resize(static_cast<std::size_t>(count));
    return rows;
}

}  // namespace

PastRun::PastRun(const record::RunReader& reader,
                 const record::StoredCheckpoint& checkpoint,
                 const FleetPlan& plan)
    : plan_(plan), label_of_sample_(plan.samples.size(), 0) {
    Archive archive(checkpoint.state);
    checkpoint_.archive(archive);
    archive.finish();
    const auto count = [&](std::string_view table) {
        const auto found = checkpoint.rows.find(std::string(table));
        return found == checkpoint.rows.end() ? 0 : found->second;
    };
    training_ = rows_of<record::TrainingRow>(reader, count("/training"));
    diagnostics_ = rows_of<record::DiagnosticRow>(reader, count("/diagnostics"));
    scores_ = rows_of<record::EvaluationRow>(reader, count("/evaluations"));
    for (const record::VerdictRow& row : rows_of<record::VerdictRow>(reader, count("/verdicts")))
        verdicts_[row.update].push_back(row.value);
    uploads_ = rows_of<record::UploadRow>(reader, count("/uploads"));
    for (const record::UploadRow& row : uploads_)
        arrivals_[{TaskId(row.task), row.packet}] =
            VirtualClock::time_point(VirtualClock::duration(row.arrival_ns));
    for (const record::UpdateRow& row : rows_of<record::UpdateRow>(reader, count("/updates")))
        overruns_.emplace_back(row.overrun_ns);
    mixup_ = rows_of<record::MixupRow>(reader, count("/mixup"));
    host_ = reader.rows<record::HostRow>();
    const record::RunLayout& layout = reader.layout();
    if (layout.blocks > 0) {
        gates_per_row_ = static_cast<std::size_t>(layout.blocks);
        gates_ = reader.training_gates();
        gates_.resize(static_cast<std::size_t>(count("/training_gates")) * gates_per_row_);
    }
    if (layout.test_samples > 0 && !scores_.empty())
        for (std::int32_t k = 0; k < static_cast<std::int32_t>(layout.backbones.size()); ++k)
            confusions_.push_back(reader.confusion(k));
    if (!layout.activations) return;
    for (const record::SampleRow& row : reader.rows<record::SampleRow>())
        label_of_sample_[static_cast<std::size_t>(row.sample)] = row.label;
    for (std::int32_t k = 0; k < static_cast<std::int32_t>(layout.backbones.size()); ++k)
        activations_.push_back(reader.activations(k));
    taken_.resize(activations_.size(), 0);
    if (layout.test_samples > 0) evaluation_ = logged_evaluation(reader, plan);
}

Packet PastRun::take(const Delivery& delivery) {
    const auto backbone = static_cast<std::size_t>(delivery.backbone);
    const record::Activations& log = activations_.at(backbone);
    const std::size_t first = taken_[backbone];
    const std::size_t end = first + delivery.samples.size();
    const bool same = end <= log.samples.size() &&
                      std::equal(delivery.samples.begin(), delivery.samples.end(),
                                 log.samples.begin() + static_cast<std::ptrdiff_t>(first));
    if (!same)
        throw DataError(fmt::format(
            "the run file does not hold packet {} of device {}, which its checkpoint builds on; "
            "start the run over with --overwrite",
            delivery.packet, delivery.device));
    taken_[backbone] = end;
    return logged_packet(
        delivery, plan_.backbones[backbone].layout, log,
        [&](std::size_t i) { return static_cast<std::int64_t>(first + i); },
        [&](std::int32_t id) { return label_of_sample_[static_cast<std::size_t>(id)]; });
}

std::vector<Delivery> PastRun::arrived(std::span<const Delivery> planned) const {
    std::map<std::pair<std::int32_t, std::int32_t>, const Delivery*> by_packet;
    for (const Delivery& one : planned) by_packet[{one.device, one.packet}] = &one;
    std::vector<Delivery> arrived;
    for (const record::UploadRow& row : uploads_) {
        const auto found = by_packet.find({row.device, row.packet});
        if (found == by_packet.end())
            throw DataError(
                fmt::format("/uploads: packet {} of device {} is none of the run; "
                            "start the run over with --overwrite",
                            row.packet, row.device));
        arrived.push_back(as_logged(*found->second, row));
    }
    return arrived;
}

std::optional<VirtualClock::time_point> PastRun::arrival(TaskId task, std::int32_t part) const {
    const auto found = arrivals_.find({task, part});
    if (found == arrivals_.end()) return std::nullopt;
    return found->second;
}

std::vector<double> PastRun::verdict(std::int64_t step) const {
    const auto found = verdicts_.find(step);
    return found == verdicts_.end() ? std::vector<double>() : found->second;
}

std::vector<EvaluationResult> PastRun::evaluations() const {
    std::vector<EvaluationResult> results;
    for (const record::EvaluationRow& row : scores_) {
        const VirtualClock::time_point time{VirtualClock::duration(row.time_ns)};
        const bool ended = !results.empty() && results.back().rows.back().backbone < 0;
        if (results.empty() || ended) {
            results.emplace_back();
            results.back().updates = row.update;
            results.back().time = time;
        }
        results.back().rows.push_back({row.backbone, row.metric, row.f1, row.loss});
    }
    return results;
}

std::int64_t PastRun::skipped_updates() const {
    return std::count_if(training_.begin(), training_.end(), [](const record::TrainingRow& row) {
        return !std::isfinite(row.loss) || !std::isfinite(row.gradient_norm);
    });
}

void PastRun::write_results(record::Writer& writer) const {
    if (!training_.empty()) writer.submit(training_);
    if (!diagnostics_.empty()) writer.submit(diagnostics_);
    if (!mixup_.empty()) writer.submit(mixup_);
    for (std::size_t first = 0; first < gates_.size(); first += gates_per_row_) {
        const auto begin = gates_.begin() + static_cast<std::ptrdiff_t>(first);
        writer.submit(
            record::TrainingGates{{begin, begin + static_cast<std::ptrdiff_t>(gates_per_row_)}});
    }
    if (!scores_.empty()) writer.submit(scores_);
    for (const record::Confusion& one : confusions_)
        if (!one.counts.empty()) writer.submit(one);
    if (!host_.empty()) writer.submit(host_);
}

}  // namespace mobi
