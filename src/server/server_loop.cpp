// SPDX-License-Identifier: Apache-2.0
#include "server/server_loop.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "core/blocking_queue.hpp"
#include "core/check.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "server/downloads.hpp"
#include "server/journal.hpp"
#include "server/trainer_thread.hpp"
#include "transport/silent_rank.hpp"

namespace mobi {
namespace {

constexpr std::chrono::milliseconds kPatience(20);

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
              record::Writer& writer,
              const Resumption& resumption)
        : settings_(settings),
          plan_(plan),
          fleet_(fleet),
          leftovers_(leftovers),
          method_(method),
          source_(source),
          pace_(pace),
          writer_(writer),
          resumption_(resumption),
          past_(resumption.past),
          journal_(writer, method.uploads(), settings.record_activations),
          protocol_(method.protocol(plan)) {}

    /// The source outlives the trainer.
    ~ServerRun() {
        if (source_ != nullptr) source_->set_briefs({}, {});
    }
    ServerRun(const ServerRun&) = delete;
    ServerRun& operator=(const ServerRun&) = delete;

    ServerResult run(const std::function<void(const ServerProgress&)>& on_progress) try {
        result_.passes = SamplePasses(plan_.samples.size());
        result_.updates_planned = protocol_->steps_planned();
        if (source_ != nullptr) begin_training();
        if (past_ != nullptr) {
            result_.evaluations = past_->evaluations();
            result_.skipped_updates = past_->skipped_updates();
        }
        if (caught_up()) go_on();
        ServerProgress progress{0, protocol_->steps_planned(), {}};
        const auto show = [&] {
            progress.updates = steps_done();
            on_progress(progress);
        };
        while (std::optional<Step> step = protocol_->next(fleet_)) {
            if (!step->inputs.empty()) deliver_up_to(fleet_.delivered_by(step->inputs.back()));
            const bool decides = step->decides;
            const std::int64_t number = step->number;
            progress.now = take_step(std::move(*step));
            log_tasks();
            if (decides && trainer_) decide(number, show);
            log::set_virtual_time(progress.now);
            if (caught_up()) go_on();
            if (can_resume() && checkpoint_is_due()) write_checkpoint();
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
        if (caught_up()) go_on();
        MOBI_CHECK(!catching_up_, "a checkpoint of {} steps and {} deliveries; there are {} and {}",
                   past_->checkpoint().steps, past_->checkpoint().deliveries, result_.updates,
                   delivered_);
        if (trainer_) end_training(show);
        return std::move(result_);
    } catch (const Interrupted&) {
        leave_checkpoint();
        throw;
    } catch (const SilentRank&) {
        leave_checkpoint();
        throw;
    }

  private:
    void begin_training() {
        const std::shared_ptr<const EvaluationData> evaluation = source_->evaluation();
        if (evaluation) journal_.test_taps(*evaluation);
        if (!settings_.train) return;
        learner_ = method_.learner(plan_, evaluation,
                                   {[this](const StepResult& result) { step_done(result); },
                                    [this](const EvaluationResult& result) {
                                        journal_.evaluated(result);
                                        result_.evaluations.push_back(result);
                                    },
                                    {},
                                    [this](const TestResult& result) {
                                        journal_.tested(result);
                                        result_.tests.push_back(result);
                                    }});
        result_.kept_bytes = learner_->kept_bytes();
        journal_.state(record::WeightState::Initial, learner_->state());
        if (past_ != nullptr) {
            Archive archive(past_->checkpoint().learner);
            learner_->archive(archive);
            archive.finish();
            past_->write_results(writer_);
        }
        trainer_ = std::make_unique<TrainerThread>(
            *learner_, pace_ != nullptr, past_ != nullptr ? past_->checkpoint().steps : 0);
        source_->set_briefs(
            [this](const DeviceTask& task, std::function<void(Brief)> reply) {
                trainer_->ask(task, std::move(reply));
            },
            [this] { trainer_->rethrow(); });
        if (pace_ != nullptr && !catching_up_) pace_->begin({});
    }

    bool was_done(std::int64_t step) const {
        return past_ != nullptr && step < past_->checkpoint().steps;
    }

    /// Whether the fleet and the protocol have come to where the checkpoint was made.
    bool caught_up() const {
        return catching_up_ && result_.updates >= past_->checkpoint().steps &&
               delivered_ >= past_->checkpoint().deliveries;
    }

    void go_on() {
        catching_up_ = false;
        if (source_ != nullptr) {
            Archive archive(past_->checkpoint().source);
            source_->archive(archive);
            source_->go_on();
        }
        if (pace_ != nullptr) pace_->begin(past_->checkpoint().time);
        writer_.submit(record::Publish{});
        checkpointed_ = WallClock::now();
    }

    /// Not while the last steps are done, where the learner says when.  The past of real time
    /// cannot be computed: packets that were not kept are lost with it.
    bool can_resume() const {
        const bool lost = pace_ != nullptr && method_.settles() && !settings_.record_activations;
        return source_ != nullptr && !ending_ && !lost;
    }

    bool checkpoint_is_due() const {
        return resumption_.period_s > 0 && !catching_up_ &&
               WallClock::now() - checkpointed_ >= WallClock::duration(resumption_.period_s);
    }

    /// Of a run that ends early, unless it has hardly begun.
    void leave_checkpoint() {
        const bool began = trainer_ != nullptr || !settings_.train;
        if (began && !catching_up_ && can_resume()) write_checkpoint();
    }

    void write_checkpoint() {
        if (pace_ != nullptr) log_told();
        submit_checkpoint(trainer_ ? trainer_->archive() : Bytes());
    }

    void submit_checkpoint(Bytes learner) {
        RunCheckpoint checkpoint;
        checkpoint.steps = result_.updates;
        checkpoint.deliveries = delivered_;
        checkpoint.learner = std::move(learner);
        checkpoint.time = result_.training_end;
        for (std::size_t i = 0; i < waiting_.size(); ++i) {
            const std::int64_t index = delivered_ + static_cast<std::int64_t>(i);
            checkpoint.time = std::max(checkpoint.time, fleet_.delivery(index).times.arrival);
            const auto* const bytes = std::get_if<Bytes>(&waiting_[i]);
            checkpoint.waiting.push_back(bytes != nullptr ? *bytes : Bytes());
        }
        Archive source;
        source_->archive(source);
        checkpoint.source = source.take();
        Archive archive;
        checkpoint.archive(archive);
        writer_.submit(record::Checkpoint{archive.take()});
        checkpointed_ = WallClock::now();
    }

    /// Called by the thread that trains, while the main thread waits for it.
    void between_last_steps() {
        if (!checkpoint_is_due()) return;
        Archive archive;
        learner_->archive(archive);
        submit_checkpoint(archive.take());
    }

    /// Logs and trains; with a pace, waits for the step's end.
    /// \return  when that really was.
    VirtualClock::time_point take_step(Step step) {
        ++result_.updates;
        result_.passes.used(step.samples);
        result_.server_busy_s += std::chrono::duration<double>(step.end - step.start).count();
        const VirtualClock::time_point planned = step.end;
        VirtualClock::time_point end = planned;
        const std::int64_t number = step.number;
        if (pace_ != nullptr) {
            end = was_done(number) ? planned + past_->overrun(number) : paced_end(step);
            protocol_->delay_to(end);
            step.end = end;
            journal_.placed(step, end - planned, fleet_.assigned());
        } else {
            journal_.placed(step, {}, fleet_.assigned());
            if (trainer_ && !was_done(number)) trainer_->submit(std::move(step));
        }
        result_.training_end = std::max(result_.training_end, end);
        return end;
    }

    /// Trains, and waits for the step's end.
    VirtualClock::time_point paced_end(const Step& step) {
        if (trainer_) trainer_->submit(step);
        const bool waits = trainer_ != nullptr && !learner_->keeps_steps();
        return pace_->finish(step.number, step.end,
                             [&] { return !waits || trainer_->has_done(step.number); });
    }

    /// Called by the thread that trains.
    void step_done(const StepResult& result) {
        journal_.step_done(result);
        if (result.skipped) ++result_.skipped_updates;
        if (!result.verdict.empty()) verdicts_.push({result.step, result.verdict});
    }

    /// Waits for what a step has come to and tells the protocol.
    void decide(std::int64_t step, const std::function<void()>& on_wait) {
        std::optional<Verdict> verdict;
        if (was_done(step)) verdict = {step, past_->verdict(step)};
        while (!verdict && !(verdict = verdicts_.pop_for(kPatience))) {
            on_wait();
            MOBI_CHECK(!trainer_->has_done(step) || verdicts_.size() > 0,
                       "step {} decides and has no verdict", step);
        }
        MOBI_CHECK(verdict->step == step, "a verdict of step {} for step {}", verdict->step, step);
        journal_.decided(*verdict);
        protocol_->tell(*verdict);
    }

    std::int64_t steps_done() const {
        if (!trainer_) return result_.updates;
        return learner_->keeps_steps() ? learner_->kept_steps_done() : trainer_->steps_done();
    }

    void end_training(const std::function<void()>& on_wait) {
        ending_ = true;
        trainer_->finish(result_.training_end, on_wait);
        journal_.state(record::WeightState::Final, learner_->state());
        journal_.state(record::WeightState::Best, learner_->best_state());
        result_.training_wall_s = learner_->training_s();
        result_.evaluation_wall_s = learner_->evaluation_s();
    }

    void deliver_up_to(std::int64_t end) {
        for (; delivered_ < end; ++delivered_) {
            const Delivery& delivery = fleet_.delivery(delivered_);
            result_.training_end = std::max(result_.training_end, delivery.times.arrival);
            result_.passes.arrived(delivery.samples);
            if (method_.uploads()) {
                result_.charged_upload_bytes += delivery.charged_bytes;
                result_.charged_flop += delivery.charged_flop;
            }
            if (source_ != nullptr && !was_taken(delivered_) && caught_up()) go_on();
            std::optional<Payload> payload;
            if (waiting_.empty()) {
                payload = arrive(delivered_);
            } else {
                payload = std::move(waiting_.front());
                waiting_.pop_front();
            }
            if (payload && trainer_)
                trainer_->take({delivery.task, DeviceId(delivery.device), delivery.packet,
                                *std::move(payload)});
        }
    }

    /// Logs what the protocol has heard of, so that the past is in the file.
    void log_told() {
        for (std::int64_t index = delivered_ + static_cast<std::int64_t>(waiting_.size());
             index < fleet_.delivered(); ++index)
            waiting_.push_back(arrive(index).value_or(Payload()));
    }

    /// Logs a delivery.  \return  what it brings, if the learner has yet to take it.
    std::optional<Payload> arrive(std::int64_t index) {
        const Delivery& delivery = fleet_.delivery(index);
        if (source_ == nullptr) {
            journal_.arrived(delivery, index, nullptr);
            return std::nullopt;
        }
        if (was_taken(index)) return arrive_again(delivery, index);
        Payload payload = source_->take(index);
        journal_.arrived(delivery, index, &payload);
        return payload;
    }

    bool was_taken(std::int64_t index) const {
        return past_ != nullptr && index < resumption_.taken;
    }

    /// The same with one that was logged before the checkpoint.
    std::optional<Payload> arrive_again(const Delivery& delivery, std::int64_t index) {
        source_->skip(index);
        const std::int64_t waits = index - past_->checkpoint().deliveries;
        const bool wanted = waits >= 0 || (learner_ && learner_->keeps_inputs());
        if (past_->has_packets() && delivery.content == ContentKind::Taps) {
            Payload payload = past_->take(delivery);
            journal_.arrived(delivery, index, &payload);
            return wanted ? std::optional(std::move(payload)) : std::nullopt;
        }
        journal_.arrived(delivery, index, nullptr);
        if (waits < 0) return std::nullopt;
        return past_->checkpoint().waiting[static_cast<std::size_t>(waits)];
    }

    void log_tasks() {
        for (const Download& one : journal_.tasks(fleet_))
            result_.charged_download_bytes += one.charged_bytes;
    }

    /// Those that devices began before they heard that training had ended.
    void log_late_uploads() {
        std::vector<LostWork> begun;
        for (const LostWork& upload : leftovers_.late)
            if (upload.start < result_.training_end) begun.push_back(upload);
        journal_.lost(begun);
    }

    /// What every device fetches, once, when training has ended (docs/method.md 1.8).
    void log_downloads() {
        const std::vector<std::int64_t> bytes = method_.download_bytes(plan_);
        if (bytes.empty()) return;
        const Downloads downloads =
            downloads_at(result_.training_end, plan_, bytes, leftovers_, settings_.fleet);
        journal_.fetched(downloads.arrived);
        journal_.lost(downloads.lost);
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
    const Resumption& resumption_;
    PastRun* past_;
    Journal journal_;
    std::unique_ptr<Protocol> protocol_;
    std::unique_ptr<Learner> learner_;
    BlockingQueue<Verdict> verdicts_;
    std::int64_t delivered_ = 0;
    std::deque<Payload> waiting_;  // logged, and behind `delivered_`
    bool catching_up_ = past_ != nullptr;
    bool ending_ = false;
    WallClock::time_point checkpointed_ = WallClock::now();
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
                        const Resumption& resumption,
                        const std::function<void(const ServerProgress&)>& on_progress) {
    return ServerRun(settings, plan, fleet, leftovers, method, source, pace, writer, resumption)
        .run(on_progress);
}

}  // namespace mobi
