// SPDX-License-Identifier: Apache-2.0
#include "server/journal.hpp"

#include <numeric>
#include <utility>
#include <variant>

#include "server/record_rows.hpp"

namespace mobi {
namespace {

/// The entries added since there were `seen`.
template <typename T>
std::span<const T> news(std::span<const T> all, std::size_t& seen) {
    return all.subspan(std::exchange(seen, all.size()));
}

}  // namespace

void Journal::test_taps(const EvaluationData& data) {
    for (std::size_t k = 0; k < data.backbones.size(); ++k) {
        const EvaluationData::Backbone& backbone = data.backbones[k];
        if (!backbone.is_there()) continue;
        record::EvaluationTaps taps;
        taps.backbone = static_cast<std::int32_t>(k);
        taps.samples.resize(data.truth.size());
        std::iota(taps.samples.begin(), taps.samples.end(), 0);
        const auto values = std::as_bytes(std::span(backbone.taps));
        taps.taps.assign(values.begin(), values.end());
        taps.output = backbone.output;
        writer_.submit(std::move(taps));
    }
    writer_.submit(data.truth);
}

void Journal::state(record::WeightState state, std::vector<NamedValues> values) {
    for (NamedValues& one : values)
        writer_.submit(record::Weights{state, std::move(one.name), std::move(one.values)});
}

void Journal::arrived(const Delivery& delivery, std::int64_t index, const Payload* payload) {
    if (uploads_) writer_.submit(upload_row(delivery, index));
    if (!activations_ || payload == nullptr) return;
    if (const auto* const packet = std::get_if<Packet>(payload)) activations(*packet, index);
}

void Journal::activations(const Packet& packet, std::int64_t index) {
    record::ActivationRows rows;
    rows.backbone = packet.backbone;
    rows.upload = uploads_ ? static_cast<std::int32_t>(index) : -1;
    rows.samples = packet.samples;
    rows.taps = packet.taps;
    rows.scales = packet.scales;
    rows.residual = packet.residual;
    writer_.submit(std::move(rows));
}

void Journal::placed(const Step& step, VirtualClock::duration overrun, std::int64_t assigned) {
    record::UpdateRow row = update_row(step, update_samples_);
    row.overrun_ns = overrun.count();
    writer_.submit(row);
    writer_.submit(record::UpdateSamples{step.samples});
    update_samples_ += static_cast<std::int64_t>(step.samples.size());
    if (step.kind == StepKind::Aggregate)
        writer_.submit(round_row(step, assigned - std::exchange(assigned_, assigned)));
}

void Journal::step_done(const StepResult& result) {
    writer_.submit(training_row(result));
    if (!result.diagnostics.empty()) writer_.submit(diagnostic_rows(result));
    if (!result.partners.empty()) writer_.submit(mixup_rows(result));
    if (!result.gates.empty()) writer_.submit(record::TrainingGates{result.gates});
}

void Journal::decided(const Verdict& verdict) {
    writer_.submit(verdict_rows(verdict));
}

void Journal::evaluated(const EvaluationResult& result) {
    writer_.submit(evaluation_rows(result));
    confusion(result);
}

void Journal::tested(const TestResult& result) {
    writer_.submit(test_score_rows(result));
    if (result.weights == TestedWeights::Last) confusion(result.scores);
}

void Journal::confusion(const EvaluationResult& result) {
    for (const auto& [backbone, counts] : result.confusion)
        if (!counts.empty()) writer_.submit(record::Confusion{backbone, counts});
}

void Journal::lost(std::span<const LostWork> lost) {
    if (!lost.empty()) writer_.submit(loss_rows(lost));
}

void Journal::fetched(std::span<const Download> downloads) {
    if (!downloads.empty()) writer_.submit(download_rows(downloads));
}

std::span<const Download> Journal::tasks(const RunFleet& fleet) {
    lost(news(fleet.lost(), lost_));
    const std::span<const TaskRecord> ended = news(fleet.tasks(), tasks_);
    if (!ended.empty()) writer_.submit(task_rows(ended));
    const std::span<const Download> downloads = news(fleet.downloads(), downloads_);
    fetched(downloads);
    return downloads;
}

}  // namespace mobi
