// SPDX-License-Identifier: Apache-2.0
#include "server/server_loop.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "core/log.hpp"
#include "method/side/side_costs.hpp"
#include "server/downloads.hpp"
#include "server/record_rows.hpp"
#include "server/trainer_thread.hpp"

namespace mobi {
namespace {

TimelineSettings timeline_settings(const ServerSettings& settings,
                                   const Method& method,
                                   const FleetPlan& plan,
                                   const SideShape& shape,
                                   const SourceMap& sources) {
    TimelineSettings timeline;
    timeline.server = settings.server;
    timeline.seed = settings.seed;
    timeline.train_after_all =
        method.trains_after_all() || settings.server.mode == ServerMode::ReplayAfterAll;
    timeline.update_time =
        update_time_of(plan, shape, sources, settings.trainer.side, settings.server);
    return timeline;
}

/// One run of the server; what run_server() does, in parts.
class ServerRun {
  public:
    ServerRun(const ServerSettings& settings,
              const FleetPlan& plan,
              Arrivals& arrivals,
              const Leftovers& leftovers,
              const Method& method,
              PacketSource* source,
              ServerPace* pace,
              record::Writer& writer)
        : settings_(settings),
          plan_(plan),
          arrivals_(arrivals),
          leftovers_(leftovers),
          method_(method),
          source_(source),
          pace_(pace),
          writer_(writer),
          sources_(plan, settings.trainer.align.projection),
          shape_(side_shape(plan,
                            sources_,
                            settings.trainer.side,
                            settings.trainer.align,
                            settings.trainer.classes)),
          timeline_(plan, arrivals, timeline_settings(settings, method, plan, shape_, sources_)) {}

    ServerResult run(const std::function<void(const ServerProgress&)>& on_progress) {
        if (source_ != nullptr) begin_training();
        ServerProgress progress{0, timeline_.updates_planned(), {}};
        while (std::optional<Update> step = timeline_.next()) {
            deliver_up_to(step->deliveries_used);
            const VirtualClock::time_point end = take_step(std::move(*step));
            progress.now = end;
            log::set_virtual_time(end);
            progress.updates = trainer_ ? trainer_->updates_done() : result_.updates;
            on_progress(progress);
        }
        deliver_up_to(std::numeric_limits<std::int64_t>::max());
        result_.training_end = result_.run_end = timeline_.now();
        log_late_uploads();
        if (method_.downloads()) log_downloads();
        if (pace_ != nullptr) pace_->wait_until(result_.run_end);
        end_training(on_progress, progress);
        return std::move(result_);
    }

  private:
    bool per_device() const { return settings_.server.mode == ServerMode::PerDevice; }

    void begin_training() {
        const std::shared_ptr<const EvaluationData> evaluation = source_->evaluation();
        if (evaluation) log_evaluation_data(*evaluation);
        if (!settings_.train) return;
        inbox_.emplace(plan_, sources_, settings_.trainer.classes);
        result_.inbox_bytes = inbox_->allocated_bytes();
        const SideNetwork initial(shape_, settings_.trainer.side, settings_.trainer.align,
                                  settings_.trainer.seed);
        log_weights(initial, record::SideState::Initial);
        TrainingSink sink;
        sink.update = [this](const UpdateResult& update) {
            if (per_device())
                held_results_.push_back(update);
            else
                log_result(update);
        };
        sink.evaluation = [this](const EvaluationResult& evaluation_result) {
            log_evaluation(evaluation_result);
        };
        network_trainer_ = std::make_unique<Trainer>(settings_.trainer, plan_, sources_, *inbox_,
                                                     evaluation, std::move(sink));
        trainer_ = std::make_unique<TrainerThread>(*network_trainer_, pace_ != nullptr);
        if (pace_ != nullptr) pace_->begin();
    }

    /// Logs and trains; with a pace, waits for the step's end.
    /// \return  when that really was.
    VirtualClock::time_point take_step(Update step) {
        ++result_.updates;
        result_.server_busy_s += std::chrono::duration<double>(step.end - step.start).count();
        if (pace_ == nullptr) {
            const VirtualClock::time_point end = step.end;
            log_update(step, {});
            if (trainer_) train(std::move(step));
            return end;
        }
        const VirtualClock::time_point planned = step.end;
        const std::int64_t update = step.update;
        if (trainer_) train(step);
        const bool trains_now = trainer_ != nullptr && !per_device();
        const VirtualClock::time_point end = pace_->finish(
            update, planned, [&] { return !trains_now || trainer_->has_done(update); });
        timeline_.delay_to(end);
        step.end = end;
        log_update(step, end - planned);
        return end;
    }

    /// With per_device the steps of one network must come together: they wait for the end.
    void train(Update step) {
        if (per_device())
            held_steps_.push_back(std::move(step));
        else
            trainer_->submit(std::move(step), timeline_.updates_planned(0));
    }

    void end_training(const std::function<void(const ServerProgress&)>& on_progress,
                      ServerProgress progress) {
        if (!trainer_) return;
        std::stable_sort(held_steps_.begin(), held_steps_.end(),
                         [](const Update& a, const Update& b) { return a.network < b.network; });
        for (Update& step : held_steps_) {
            const std::int64_t planned = timeline_.updates_planned(step.network);
            trainer_->submit(std::move(step), planned);
            progress.updates = trainer_->updates_done();
            on_progress(progress);
        }
        trainer_->finish(result_.training_end);
        std::sort(held_results_.begin(), held_results_.end(),
                  [](const UpdateResult& a, const UpdateResult& b) { return a.update < b.update; });
        for (const UpdateResult& result : held_results_) log_result(result);
        if (!per_device() && network_trainer_->network() != nullptr)
            log_weights(*network_trainer_->network(), record::SideState::Final);
        result_.training_wall_s = network_trainer_->training_s();
        result_.evaluation_wall_s = network_trainer_->evaluation_s();
    }

    void deliver_up_to(std::int64_t end) {
        for (; delivered_ < end; ++delivered_) {
            const Delivery* const arrived = arrivals_.get(delivered_);
            if (arrived == nullptr) return;
            const Delivery& delivery = *arrived;
            if (method_.uploads()) {
                writer_.submit(upload_row(delivery, delivered_));
                result_.charged_upload_bytes += delivery.charged_bytes;
                result_.charged_flop += delivery.charged_flop;
            }
            if (source_ == nullptr) continue;
            const Packet packet = source_->take(delivered_);
            if (inbox_) inbox_->insert(packet);
            if (settings_.record_activations) log_activations(packet);
        }
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
    void log_update(const Update& step, VirtualClock::duration overrun) {
        const Delivery* const delivery =
            step.delivery >= 0 ? arrivals_.get(step.delivery) : nullptr;
        record::UpdateRow row = update_row(step, delivery, logged_samples_, per_device());
        row.overrun_ns = overrun.count();
        writer_.submit(row);
        writer_.submit(record::UpdateSamples{step.samples});
        logged_samples_ += static_cast<std::int64_t>(step.samples.size());
    }

    void log_result(const UpdateResult& result) {
        writer_.submit(training_row(result));
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

    void log_weights(const SideNetwork& network, record::SideState state) {
        for (const auto& [name, tensor] : network.parameters()) {
            record::SideWeights weights;
            weights.state = state;
            weights.name = name;
            const float* const values = tensor.data_ptr<float>();
            weights.values.assign(values, values + tensor.numel());
            writer_.submit(std::move(weights));
        }
    }

    /// Those that devices began before they heard that training had ended.
    void log_late_uploads() {
        std::vector<LostWork> begun;
        for (const LostWork& upload : leftovers_.late)
            if (upload.start < result_.training_end) begun.push_back(upload);
        writer_.submit(loss_rows(begun));
    }

    /// θ and its own P for every device, once, when training has ended (docs/method.md 1.8).
    void log_downloads() {
        const std::vector<std::int64_t> bytes = download_bytes(
            plan_, shape_, sources_, settings_.trainer.side, settings_.trainer.align);
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
    Arrivals& arrivals_;
    const Leftovers& leftovers_;
    const Method& method_;
    PacketSource* source_;
    ServerPace* pace_;
    record::Writer& writer_;
    SourceMap sources_;
    SideShape shape_;
    Timeline timeline_;
    std::optional<Inbox> inbox_;
    std::unique_ptr<Trainer> network_trainer_;
    std::unique_ptr<TrainerThread>
        trainer_;  // after the trainer: it stops before that is destroyed
    std::vector<Update> held_steps_;
    std::vector<UpdateResult> held_results_;
    std::int64_t delivered_ = 0;
    std::int64_t logged_samples_ = 0;
    ServerResult result_;
};

}  // namespace

ServerResult run_server(const ServerSettings& settings,
                        const FleetPlan& plan,
                        Arrivals& arrivals,
                        const Leftovers& leftovers,
                        const Method& method,
                        PacketSource* source,
                        ServerPace* pace,
                        record::Writer& writer,
                        const std::function<void(const ServerProgress&)>& on_progress) {
    return ServerRun(settings, plan, arrivals, leftovers, method, source, pace, writer)
        .run(on_progress);
}

}  // namespace mobi
