// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "method/evaluation_data.hpp"
#include "method/fleet_plan.hpp"
#include "method/learner.hpp"
#include "record/checkpoint_file.hpp"
#include "record/run_reader.hpp"
#include "record/writer.hpp"
#include "server/checkpoint.hpp"
#include "wire/packet.hpp"

namespace mobi {

/// What an unfinished run had come to at its checkpoint, in memory: the new file is written when
/// the old one is no longer read.
class PastRun {
  public:
    /// \throws DataError  when the file has less than its checkpoint builds on.
    PastRun(const record::RunReader& reader,
            const record::StoredCheckpoint& checkpoint,
            const FleetPlan& plan);

    const RunCheckpoint& checkpoint() const noexcept { return checkpoint_; }

    /// Whether the file kept what arrived.
    bool has_packets() const noexcept { return !activations_.empty(); }
    /// What arrived with a delivery: of all before the checkpoint, in their order, each once.
    Packet take(const Delivery& delivery);

    /// What had been logged of the deliveries, with their times, which real time decided.
    /// \param planned  all of them.
    /// \throws DataError  when one is not of these.
    std::vector<Delivery> arrived(std::span<const Delivery> planned) const;
    /// When what a part of a task brings was there; nothing: not by then.
    std::optional<VirtualClock::time_point> arrival(TaskId task, std::int32_t part) const;
    /// By how much a step before the checkpoint was late.
    VirtualClock::duration overrun(std::int64_t step) const {
        return overruns_.at(static_cast<std::size_t>(step));
    }

    /// Null: the file has none.
    const std::shared_ptr<const EvaluationData>& evaluation() const noexcept { return evaluation_; }

    /// The verdict of a step before the checkpoint; empty: it gave none.
    std::vector<double> verdict(std::int64_t step) const;

    /// The scores so far, for the summary.
    std::vector<EvaluationResult> evaluations() const;
    std::int64_t skipped_updates() const;

    /// Writes down again what the learner had said.
    void write_results(record::Writer& writer) const;

  private:
    const FleetPlan& plan_;
    RunCheckpoint checkpoint_;
    std::vector<record::Activations> activations_;  // by backbone; empty: not kept
    std::vector<std::size_t> taken_;                // rows of these
    std::vector<std::int32_t> label_of_sample_;
    std::shared_ptr<const EvaluationData> evaluation_;
    std::vector<record::TrainingRow> training_;
    std::vector<float> gates_;  // (rows, B)
    std::size_t gates_per_row_ = 0;
    std::vector<record::DiagnosticRow> diagnostics_;
    std::vector<record::MixupRow> mixup_;
    std::vector<record::EvaluationRow> scores_;
    std::vector<record::Confusion> confusions_;
    std::map<std::int64_t, std::vector<double>> verdicts_;
    std::vector<record::UploadRow> uploads_;
    std::map<std::pair<TaskId, std::int32_t>, VirtualClock::time_point> arrivals_;
    std::vector<VirtualClock::duration> overruns_;  // by step
    std::vector<record::HostRow> host_;
};

}  // namespace mobi
