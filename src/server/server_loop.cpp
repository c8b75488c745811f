// SPDX-License-Identifier: Apache-2.0
#include "server/server_loop.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "core/log.hpp"
#include "server/downloads.hpp"
#include "server/record_rows.hpp"
#include "server/trainer_thread.hpp"

namespace mobi {
namespace {

/// One run of the server; what run_server() does, in parts.
class ServerRun {
  public:
    ServerRun(const ServerSettings& settings,
              const FleetPlan& plan,
              RunFleet& fleet,
              const Leftovers& leftovers,
              const Method& method,
              PacketSource* source,
              ServerPace* pace,
              record::Writer& writer)
        : settings_(settings),
          plan_(plan),
          fleet_(fleet),
          leftovers_(leftovers),
          method_(method),
          source_(source),
          pace_(pace),
          writer_(writer),
          protocol_(method.protocol(plan)) {}

    ServerResult run(const std::function<void(const ServerProgress&)>& on_progress) {
        if (source_ != nullptr) begin_training();
        ServerProgress progress{0, protocol_->steps_planned(), {}};
        const auto show = [&] {
            progress.updates = steps_done();
            on_progress(progress);
        };
        while (std::optional<Step> step = protocol_->next(fleet_)) {
            if (!step->inputs.empty()) deliver_up_to(fleet_.delivered_by(step->inputs.back()));
            progress.now = take_step(std::move(*step));
            log_tasks();
            log::set_virtual_time(progress.now);
            show();
        }
        while (fleet_.next(VirtualClock::time_point::max()) != nullptr) {
        }
        deliver_up_to(fleet_.delivered());
        log_tasks();
        if (method_.uploads() && fleet_.settled())
            result_.missing_packets = plan_.packets_planned() - delivered_;
        result_.run_end = result_.training_end;
        log_late_uploads();
        log_downloads();
        if (pace_ != nullptr) pace_->wait_until(result_.run_end);
        if (trainer_) end_training(show);
        return std::move(result_);
    }

  private:
    void begin_training() {
        const std::shared_ptr<const EvaluationData> evaluation = source_->evaluation();
        if (evaluation) log_evaluation_data(*evaluation);
        if (!settings_.train) return;
        learner_ =
            method_.learner(plan_, evaluation,
                            {[this](const StepResult& result) { log_result(result); },
                             [this](const EvaluationResult& result) { log_evaluation(result); }});
        result_.kept_bytes = learner_->kept_bytes();
        log_state(record::WeightState::Initial);
        trainer_ = std::make_unique<TrainerThread>(*learner_, pace_ != nullptr);
        source_->set_briefs([this](const DeviceTask& task, std::function<void(Brief)> reply) {
            trainer_->ask(task, std::move(reply));
        });
        if (pace_ != nullptr) pace_->begin();
    }

    /// Logs and trains; with a pace, waits for the step's end.
    /// \return  when that really was.
    VirtualClock::time_point take_step(Step step) {
        ++result_.updates;
        result_.server_busy_s += std::chrono::duration<double>(step.end - step.start).count();
        const VirtualClock::time_point planned = step.end;
        VirtualClock::time_point end = planned;
        const std::int64_t number = step.number;
        if (pace_ != nullptr) {
            if (trainer_) trainer_->submit(step);
            const bool waits = trainer_ != nullptr && !learner_->keeps_steps();
            end = pace_->finish(number, planned,
                                [&] { return !waits || trainer_->has_done(number); });
            protocol_->delay_to(end);
            step.end = end;
            log_update(step, end - planned);
        } else {
            log_update(step, {});
            if (trainer_) trainer_->submit(std::move(step));
        }
        result_.training_end = std::max(result_.training_end, end);
        return end;
    }

    std::int64_t steps_done() const {
        if (!trainer_) return result_.updates;
        return learner_->keeps_steps() ? learner_->kept_steps_done() : trainer_->steps_done();
    }

    void end_training(const std::function<void()>& on_wait) {
        trainer_->finish(result_.training_end, on_wait);
        log_state(record::WeightState::Final);
        result_.training_wall_s = learner_->training_s();
        result_.evaluation_wall_s = learner_->evaluation_s();
    }

    void deliver_up_to(std::int64_t end) {
        for (; delivered_ < end; ++delivered_) {
            const Delivery& delivery = fleet_.delivery(delivered_);
            result_.training_end = std::max(result_.training_end, delivery.times.arrival);
            if (method_.uploads()) {
                writer_.submit(upload_row(delivery, delivered_));
                result_.charged_upload_bytes += delivery.charged_bytes;
                result_.charged_flop += delivery.charged_flop;
            }
            if (source_ == nullptr) continue;
            Payload payload = source_->take(delivered_);
            if (settings_.record_activations)
                if (const auto* const packet = std::get_if<Packet>(&payload))
                    log_activations(*packet);
            if (trainer_)
                trainer_->take({delivery.task, DeviceId(delivery.device), delivery.packet,
                                std::move(payload)});
        }
    }

    /// What has come of tasks since the last call.
    void log_tasks() {
        const auto news = [](const auto& all, std::size_t& logged) {
            const auto part = all.subspan(logged);
            logged = all.size();
            return part;
        };
        writer_.submit(loss_rows(news(fleet_.lost(), logged_.lost)));
        writer_.submit(task_rows(news(fleet_.tasks(), logged_.tasks)));
        const auto downloads = news(fleet_.downloads(), logged_.downloads);
        writer_.submit(download_rows(downloads));
        for (const Download& one : downloads) result_.charged_download_bytes += one.charged_bytes;
    }

    void log_activations(const Packet& packet) {
        record::ActivationRows rows;
        rows.backbone = packet.backbone;
        rows.upload = method_.uploads() ? static_cast<std::int32_t>(delivered_) : -1;
        rows.samples = packet.samples;
        rows.taps = packet.taps;
        rows.scales = packet.scales;
        rows.residual = packet.residual;
        writer_.submit(std::move(rows));
    }

    /// \param overrun  by how much the host was too slow.
    void log_update(const Step& step, VirtualClock::duration overrun) {
        record::UpdateRow row = update_row(step, logged_samples_);
        row.overrun_ns = overrun.count();
        writer_.submit(row);
        if (step.kind == StepKind::Aggregate) log_round(step);
        writer_.submit(record::UpdateSamples{step.samples});
        logged_samples_ += static_cast<std::int64_t>(step.samples.size());
    }

    void log_round(const Step& step) {
        writer_.submit(round_row(step, fleet_.assigned() - logged_.assigned));
        logged_.assigned = fleet_.assigned();
    }

    void log_result(const StepResult& result) {
        writer_.submit(training_row(result));
        writer_.submit(diagnostic_rows(result));
        if (!result.gates.empty()) writer_.submit(record::TrainingGates{result.gates});
    }

    void log_evaluation(const EvaluationResult& result) {
        writer_.submit(evaluation_rows(result));
        for (const auto& [backbone, counts] : result.confusion)
            if (!counts.empty()) writer_.submit(record::Confusion{backbone, counts});
        result_.evaluations.push_back(result);
    }

    void log_evaluation_data(const EvaluationData& data) {
        for (std::size_t k = 0; k < data.backbones.size(); ++k) {
            const EvaluationData::Backbone& backbone = data.backbones[k];
            if (!backbone.is_there()) continue;
            record::EvaluationTaps taps;
            taps.backbone = static_cast<std::int32_t>(k);
            taps.samples.resize(data.samples());
            std::iota(taps.samples.begin(), taps.samples.end(), 0);
            const auto values = std::as_bytes(std::span(backbone.taps));
            taps.taps.assign(values.begin(), values.end());
            taps.output = backbone.output;
            writer_.submit(std::move(taps));
        }
        writer_.submit(record::EvaluationTruth{data.labels, data.targets});
    }

    void log_state(record::WeightState state) {
        for (NamedValues& one : learner_->state())
            writer_.submit(record::Weights{state, std::move(one.name), std::move(one.values)});
    }

    /// Those that devices began before they heard that training had ended.
    void log_late_uploads() {
        std::vector<LostWork> begun;
        for (const LostWork& upload : leftovers_.late)
            if (upload.start < result_.training_end) begun.push_back(upload);
        writer_.submit(loss_rows(begun));
    }

    /// What every device fetches, once, when training has ended (docs/method.md 1.8).
    void log_downloads() {
        const std::vector<std::int64_t> bytes = method_.download_bytes(plan_);
        if (bytes.empty()) return;
        const Downloads downloads =
            downloads_at(result_.training_end, plan_, bytes, leftovers_, settings_.fleet);
        writer_.submit(download_rows(downloads.arrived));
        writer_.submit(loss_rows(downloads.lost));
        for (const Download& one : downloads.arrived) {
            result_.run_end = std::max(result_.run_end, one.arrival);
            result_.charged_download_bytes += one.charged_bytes;
        }
        result_.missing_downloads = downloads.missing;
    }

    const ServerSettings& settings_;
    const FleetPlan& plan_;
    RunFleet& fleet_;
    const Leftovers& leftovers_;
    const Method& method_;
    PacketSource* source_;
    ServerPace* pace_;
    record::Writer& writer_;
    std::unique_ptr<Protocol> protocol_;
    std::unique_ptr<Learner> learner_;
    std::int64_t delivered_ = 0;
    std::int64_t logged_samples_ = 0;
    struct {
        std::size_t lost = 0;
        std::size_t tasks = 0;
        std::size_t downloads = 0;
        std::int64_t assigned = 0;
    } logged_;
    ServerResult result_;
    // last: it stops before anything that its thread uses is destroyed
    std::unique_ptr<TrainerThread> trainer_;
};

}  // namespace

ServerResult run_server(const ServerSettings& settings,
                        const FleetPlan& plan,
                        RunFleet& fleet,
                        const Leftovers& leftovers,
                        const Method& method,
                        PacketSource* source,
                        ServerPace* pace,
                        record::Writer& writer,
                        const std::function<void(const ServerProgress&)>& on_progress) {
    return ServerRun(settings, plan, fleet, leftovers, method, source, pace, writer)
        .run(on_progress);
}

}  // namespace mobi
