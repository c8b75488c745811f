// SPDX-License-Identifier: Apache-2.0
#include "server/server_loop.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "method/recorded_fleet.hpp"
#include "method/task_fleet.hpp"
#include "server/small_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

/// What happens in a run, in words, from any thread.
class Story {
  public:
    void tell(const std::string& what) {
        const std::lock_guard lock(mutex_);
        told_.push_back(what);
    }
    std::vector<std::string> told() const {
        const std::lock_guard lock(mutex_);
        return told_;
    }
    /// Where something stands; the end when it was not told.
    std::size_t place(const std::string& what) const {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::find(told_.begin(), told_.end(), what) -
                                        told_.begin());
    }
    bool has(const std::string& what) const {
        const std::lock_guard lock(mutex_);
        return std::find(told_.begin(), told_.end(), what) != told_.end();
    }
    std::vector<std::string> beginning_with(const std::string& word) const {
        std::vector<std::string> all = told();
        std::erase_if(all, [&](const std::string& one) { return !one.starts_with(word); });
        return all;
    }

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> told_;
};

std::string with(const char* word, std::int64_t number) {
    return std::string(word) + " " + std::to_string(number);
}

/// What the fakes below do.
struct Script {
    Story story;
    bool settles = true;
    bool uploads = true;
    std::vector<std::int64_t> downloads;  ///< of every device, at the end
    std::shared_ptr<EvaluationData> evaluation;
    std::int64_t decides_every = 0;  ///< each so-manieth step decides; 0: none
    bool gives_verdicts = true;
    bool keeps_steps = false;
    std::int64_t fails_at = -1;              ///< step at which the learner throws
    std::int64_t protocol_fails_at = -1;     ///< step at which the protocol throws
    std::int64_t source_fails_at = -1;       ///< delivery at which the source throws
    milliseconds step_takes{0};              ///< real time of the learner
    std::int64_t waits_at = -1;              ///< step at which the learner waits ...
    std::string waits_for;                   ///< ... until this has been told
    std::optional<std::int64_t> verdict_of;  ///< a step that gives one without being asked
};

constexpr milliseconds kStep(2);  // virtual time of a step

/// Two arrivals make a step, and a replay follows each second of these.
class SettledProtocol final : public Protocol {
  public:
    explicit SettledProtocol(Script& script) : script_(script) {}

    std::optional<Step> next(FleetClock& fleet) override {
        script_.story.tell(with("next", number_));
        if (number_ == script_.protocol_fails_at) throw DataError("the protocol fails");
        const bool replay = number_ % 3 == 2;
        Step step;
        step.kind = replay ? StepKind::Replay : StepKind::Update;
        while (!replay && step.inputs.size() < 2) {
            const FleetEvent* const event = fleet.next(Time::max());
            if (event == nullptr) break;
            step.inputs.push_back(event->id);
            step.device = event->device;
            step.arrival = event->id;
            now_ = std::max(now_, event->at);
        }
        if (!replay && step.inputs.empty()) return std::nullopt;
        step.number = number_++;
        step.start = now_;
        step.end = now_ += kStep;
        step.samples.assign(static_cast<std::size_t>(1 + step.number % 3),
                            static_cast<std::int32_t>(step.number));
        step.decides = script_.decides_every > 0 && number_ % script_.decides_every == 0;
        return step;
    }
    std::int64_t steps_planned() const override { return 1000; }
    void delay_to(Time end) override {
        script_.story.tell(with("delay to", end.time_since_epoch().count()));
        now_ = end;
    }
    void tell(const Verdict& verdict) override {
        script_.story.tell(with("verdict", verdict.step));
        EXPECT_EQ(verdict.values, (std::vector<double>{0.5, static_cast<double>(verdict.step)}));
    }

  private:
    Script& script_;
    Time now_{};
    std::int64_t number_ = 0;
};

/// Rounds of one task for each of two devices, one of which is not waited for.
class RoundProtocol final : public Protocol {
  public:
    explicit RoundProtocol(Script& script) : script_(script) {}

    std::optional<Step> next(FleetClock& fleet) override {
        script_.story.tell(with("next", round_));
        if (round_ == 3) return std::nullopt;
        for (const std::int32_t device : {0, 1}) {
            DeviceTask task;
            task.id = TaskId(2 * round_ + device);
            task.device = DeviceId(device);
            task.ready = now_;
            task.round = static_cast<std::int32_t>(round_);
            task.version = round_;
            Part part;
            part.down_bytes = 1000;
            part.compute.samples = device == 0 ? 1 : 100;  // 10 ms, 1 s
            part.up_bytes = 500;
            task.parts.push_back(part);
            task.samples = {SampleId(device)};
            fleet.assign(task);
        }
        const FleetEvent* event = nullptr;
        do {
            event = fleet.next(Time::max());
        } while (event->outcome != Outcome::Done);
        Step step;
        step.number = round_;
        step.round = static_cast<std::int32_t>(round_);
        step.kind = StepKind::Aggregate;
        step.inputs.push_back(event->id);
        step.start = event->at;
        fleet.recall(TaskId(2 * round_ + 1), event->at);
        step.end = now_ = event->at + kStep;
        ++round_;
        return step;
    }
    std::int64_t steps_planned() const override { return 3; }
    void delay_to(Time end) override { now_ = end; }

  private:
    Script& script_;
    Time now_{};
    std::int64_t round_ = 0;
};

class StoryLearner final : public Learner {
  public:
    StoryLearner(Script& script, LearnerSink sink) : script_(script), sink_(std::move(sink)) {}

    void warm_up() override { script_.story.tell("warm up"); }
    void take(const Input& input) override {
        if (const auto* const packet = std::get_if<Packet>(&input.payload)) {
            EXPECT_EQ(packet->device, input.device.value());
        }
        script_.story.tell(with("take", taken_++));
    }
    void run(const Step& step) override {
        if (step.number == script_.fails_at) throw std::runtime_error("the learner fails");
        std::this_thread::sleep_for(script_.step_takes);
        if (step.number == script_.waits_at) wait();
        script_.story.tell(with("run", step.number));
        StepResult result;
        result.step = step.number;
        result.loss = 1.0 / static_cast<double>(step.number + 1);
        result.gates = {0.25F, 0.75F};
        result.diagnostics = {static_cast<double>(step.number), 7};
        if ((step.decides && script_.gives_verdicts) || script_.verdict_of == step.number)
            result.verdict = {0.5, static_cast<double>(step.number)};
        sink_.step(result);
    }
    void finish(Time end) override {
        script_.story.tell(with("finish", end.time_since_epoch().count()));
        EvaluationResult result;
        result.updates = 4;
        result.time = end;
        result.rows = {{0, 80, 70, 0.5}, {-1, 81, 71, 0.6}};
        result.confusion[1] = std::vector<std::int32_t>(kClasses * kClasses, 5);
        result.confusion[0] = {};  // nothing was counted
        sink_.evaluation(result);
    }
    bool keeps_steps() const noexcept override { return script_.keeps_steps; }
    std::int64_t kept_steps_done() const override { return 42; }
    std::vector<NamedValues> state() const override {
        const auto steps = static_cast<float>(script_.story.beginning_with("run").size());
        return {{"w", {steps, 1}}};
    }
    std::size_t kept_bytes() const override { return 77; }
    double training_s() const override { return 1.5; }
    double evaluation_s() const override { return 2.5; }

  private:
    /// In vain where the server waits for the learner: the test then fails, and does not hang.
    void wait() const {
        for (int i = 0; i < 2000 && !script_.story.has(script_.waits_for); ++i)
            std::this_thread::sleep_for(milliseconds(5));
    }

    Script& script_;
    LearnerSink sink_;
    std::int64_t taken_ = 0;
};

class StoryMethod final : public Method {
  public:
    explicit StoryMethod(Script& script) : script_(script) {}

    std::string_view name() const override { return "story"; }
    bool settles() const override { return script_.settles; }
    bool uploads() const override { return script_.uploads; }
    std::vector<std::int64_t> download_bytes(const FleetPlan&) const override {
        return script_.downloads;
    }
    std::unique_ptr<Protocol> protocol(const FleetPlan&) const override {
        if (script_.settles) return std::make_unique<SettledProtocol>(script_);
        return std::make_unique<RoundProtocol>(script_);
    }
    std::unique_ptr<Learner> learner(const FleetPlan&,
                                     std::shared_ptr<const EvaluationData> evaluation,
                                     LearnerSink sink) const override {
        EXPECT_EQ(evaluation, script_.evaluation);
        return std::make_unique<StoryLearner>(script_, std::move(sink));
    }
    std::map<std::string, std::vector<std::int64_t>> state_shapes(const FleetPlan&) const override {
        return {{"w", {2}}};
    }

  private:
    Script& script_;
};

class StorySource final : public PacketSource {
  public:
    StorySource(Script& script, const FleetPlan& plan, const RunFleet& fleet)
        : script_(script), plan_(plan), fleet_(fleet) {}

    Payload take(std::int64_t index) override {
        script_.story.tell(with("fetch", index));
        if (index == script_.source_fails_at) throw TransportError("the source fails");
        if (!script_.settles) return Bytes(3);
        return small_packet(plan_, fleet_.delivery(index));
    }
    void set_briefs(AskBrief ask, std::function<void()> check) override {
        EXPECT_EQ(ask == nullptr, check == nullptr);
        script_.story.tell(ask ? "briefs" : "no briefs");
    }
    std::shared_ptr<const EvaluationData> evaluation() override { return script_.evaluation; }

  private:
    Script& script_;
    const FleetPlan& plan_;
    const RunFleet& fleet_;
};

/// Is late at each step by its number in milliseconds.
class StoryPace final : public ServerPace {
  public:
    explicit StoryPace(Script& script) : script_(script) {}

    void begin(VirtualClock::time_point) override { script_.story.tell("begin"); }
    Time finish(std::int64_t update, Time planned, const std::function<bool()>& done) override {
        while (!done()) std::this_thread::yield();
        script_.story.tell(with("paced", update));
        return planned + milliseconds(update);
    }
    void wait_until(Time time) override {
        script_.story.tell(with("wait until", time.time_since_epoch().count()));
    }

  private:
    Script& script_;
};

class ServerLoopTest : public ::testing::Test {
  protected:
    /// Runs over all packets of the plan, as they are planned.
    ServerResult run(ServerPace* pace = nullptr,
                     bool computes = true,
                     std::function<void(const ServerProgress&)> on_progress = {}) {
        RecordedFleet fleet(deliveries);
        StorySource source(script, plan, fleet);
        return run_over(fleet, computes ? &source : nullptr, pace, std::move(on_progress));
    }
    /// Runs rounds over the first two devices.
    ServerResult run_rounds(bool computes = true) {
        script.settles = false;
        VirtualFleet clock(admitted_fleet(plan), {});
        TaskFleet fleet(clock, plan, {}, nullptr);
        StorySource source(script, plan, fleet);
        return run_over(fleet, computes ? &source : nullptr, nullptr, {});
    }
    ServerResult run_over(RunFleet& fleet,
                          PacketSource* source,
                          ServerPace* pace,
                          std::function<void(const ServerProgress&)> on_progress) {
        file.emplace(small_layout(plan, script.evaluation ? 4 : 0));
        const StoryMethod method(script);
        return run_server(settings, plan, fleet, leftovers, method, source, pace, file->writer(),
                          {}, [&](const ServerProgress& one) {
                              progress.push_back(one);
                              if (on_progress) on_progress(one);
                          });
    }
    template <typename Row>
    std::vector<Row> rows() {
        if (!reader) reader.emplace(file->read());
        return reader->rows<Row>();
    }
    /// Of 11 packets: steps of two, the last of one, and a replay after each second of them.
    static constexpr std::int64_t kSteps = 9;

    FleetPlan plan = small_plan();
    std::vector<Delivery> deliveries = small_deliveries(plan);
    Leftovers leftovers;
    ServerSettings settings;
    Script script;
    std::vector<ServerProgress> progress;
    std::optional<SmallRun> file;
    std::optional<record::RunReader> reader;
};

std::int64_t ns(Time time) {
    return time.time_since_epoch().count();
}

TEST_F(ServerLoopTest, EveryPacketIsTakenOnceInOrderBeforeTheStepThatNeedsIt) {
    run();
    std::int64_t taken = 0;
    for (const std::string& one : script.story.told())
        if (one.starts_with("take ")) {
            EXPECT_EQ(one, with("take", taken++));
        }
    EXPECT_EQ(taken, std::ssize(deliveries));
    EXPECT_EQ(script.story.beginning_with("fetch").size(), deliveries.size());
    std::int64_t arrivals = 0;
    for (std::int64_t step = 0; step < kSteps; ++step) {
        if (step % 3 != 2) arrivals = std::min(arrivals + 2, std::ssize(deliveries));
        EXPECT_LT(script.story.place(with("take", arrivals - 1)),
                  script.story.place(with("run", step)));
        if (arrivals < std::ssize(deliveries)) {  // and no other has been taken by then
            EXPECT_GT(script.story.place(with("take", arrivals)),
                      script.story.place(with("run", step)));
        }
    }
    EXPECT_LT(script.story.place(with("run", kSteps - 1)),
              script.story.place(script.story.beginning_with("finish").at(0)));
    EXPECT_FALSE(script.story.has("warm up"));  // there is no pace
}

TEST_F(ServerLoopTest, UploadsAreLoggedAsTheyWereDelivered) {
    const ServerResult result = run();
    const auto uploads = rows<record::UploadRow>();
    ASSERT_EQ(uploads.size(), deliveries.size());
    std::int64_t bytes = 0;
    double flop = 0;
    for (std::size_t i = 0; i < uploads.size(); ++i) {
        EXPECT_EQ(uploads[i].upload, static_cast<std::int32_t>(i));
        EXPECT_EQ(uploads[i].device, deliveries[i].device);
        EXPECT_EQ(uploads[i].packet, deliveries[i].packet);
        EXPECT_EQ(uploads[i].arrival_ns, ns(deliveries[i].times.arrival));
        bytes += deliveries[i].charged_bytes;
        flop += deliveries[i].charged_flop;
    }
    EXPECT_EQ(result.charged_upload_bytes, bytes);
    EXPECT_EQ(result.charged_flop, flop);
    EXPECT_EQ(result.missing_packets, 0);
}

TEST_F(ServerLoopTest, ActivationsAreThoseOfThePacketsThatWereTaken) {
    run();
    rows<record::UploadRow>();
    for (std::int32_t k = 0; k < 2; ++k) {
        std::vector<std::int32_t> samples, uploads;
        std::vector<float> residual;
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            if (deliveries[i].backbone != k) continue;
            const Packet packet = small_packet(plan, deliveries[i]);
            samples.insert(samples.end(), packet.samples.begin(), packet.samples.end());
            uploads.insert(uploads.end(), packet.samples.size(), static_cast<std::int32_t>(i));
            residual.insert(residual.end(), packet.residual.begin(), packet.residual.end());
        }
        const record::Activations log = reader->activations(k);
        EXPECT_EQ(log.samples, samples);
        EXPECT_EQ(log.upload, uploads);
        EXPECT_EQ(log.residual, residual);
    }
}

TEST_F(ServerLoopTest, ActivationsAreNotKeptUnlessAskedFor) {
    settings.record_activations = false;
    run();
    EXPECT_FALSE(rows<record::UploadRow>().empty());
    EXPECT_EQ(reader->activation_rows(0), 0);
    EXPECT_EQ(reader->activation_rows(1), 0);
}

TEST_F(ServerLoopTest, EveryStepIsLoggedWithWhatTheLearnerSaid) {
    const ServerResult result = run();
    const auto updates = rows<record::UpdateRow>();
    const auto training = rows<record::TrainingRow>();
    const auto diagnostics = rows<record::DiagnosticRow>();
    EXPECT_EQ(result.updates, kSteps);
    ASSERT_EQ(std::ssize(updates), kSteps);
    ASSERT_EQ(std::ssize(training), kSteps);
    ASSERT_EQ(std::ssize(diagnostics), 2 * kSteps);
    std::vector<std::int32_t> samples;
    double busy_s = 0;
    for (std::size_t i = 0; i < updates.size(); ++i) {
        EXPECT_EQ(updates[i].update, static_cast<std::int32_t>(i));
        EXPECT_EQ(updates[i].kind, i % 3 == 2 ? 1 : 0);
        EXPECT_EQ(updates[i].end_ns - updates[i].start_ns, 2'000'000);
        EXPECT_EQ(updates[i].overrun_ns, 0);
        EXPECT_EQ(updates[i].first_sample, std::ssize(samples));
        EXPECT_EQ(updates[i].samples, static_cast<std::int32_t>(1 + i % 3));
        samples.insert(samples.end(), 1 + i % 3, static_cast<std::int32_t>(i));
        busy_s += 0.002;
        EXPECT_EQ(training[i].update, static_cast<std::int32_t>(i));
        EXPECT_EQ(training[i].loss, 1.0 / static_cast<double>(i + 1));
        EXPECT_EQ(diagnostics[2 * i].value, static_cast<double>(i));
        EXPECT_EQ(diagnostics[2 * i + 1].name, 1);
    }
    EXPECT_EQ(reader->update_samples(), samples);
    EXPECT_EQ(reader->training_gates().size(), 2 * updates.size());
    EXPECT_NEAR(result.server_busy_s, busy_s, 1e-12);
    EXPECT_EQ(ns(result.training_end), updates.back().end_ns);
    EXPECT_TRUE(rows<record::RoundRow>().empty());  // nothing was aggregated
    EXPECT_TRUE(rows<record::VerdictRow>().empty());
}

TEST_F(ServerLoopTest, TheStateIsLoggedBeforeAndAfter) {
    const ServerResult result = run();
    rows<record::UpdateRow>();
    EXPECT_EQ(reader->weights(record::WeightState::Initial, "w"), (std::vector<float>{0, 1}));
    EXPECT_EQ(reader->weights(record::WeightState::Final, "w"),
              (std::vector<float>{float{kSteps}, 1}));
    EXPECT_EQ(result.kept_bytes, 77U);
    EXPECT_EQ(result.training_wall_s, 1.5);
    EXPECT_EQ(result.evaluation_wall_s, 2.5);
}

TEST_F(ServerLoopTest, TestTapsAndEvaluationsAreLogged) {
    script.evaluation = std::make_shared<EvaluationData>();
    script.evaluation->truth = small_truth(4);
    script.evaluation->backbones.resize(2);  // nobody carries the second
    EvaluationData::Backbone& data = script.evaluation->backbones[0];
    data.width = 4;
    data.taps = random_values(2 * 4 * 4, 1, 1);
    data.output = random_values(4 * kClasses, 1, 2);
    const ServerResult result = run();
    const auto evaluations = rows<record::EvaluationRow>();
    ASSERT_EQ(evaluations.size(), 2U);
    EXPECT_EQ(evaluations[0].backbone, 0);
    EXPECT_EQ(evaluations[1].backbone, -1);
    EXPECT_EQ(evaluations[1].metric, 81);
    EXPECT_EQ(evaluations[1].time_ns, ns(result.training_end));
    ASSERT_EQ(result.evaluations.size(), 1U);
    EXPECT_EQ(result.evaluations[0].rows.size(), 2U);
    EXPECT_EQ(reader->confusion(1).counts, std::vector<std::int32_t>(9, 5));
    EXPECT_EQ(reader->evaluation_truth().labels, script.evaluation->truth.labels);
    const record::StoredEvaluation stored = reader->evaluation(0);
    ASSERT_EQ(stored.taps.size(), 2U);
    EXPECT_EQ(stored.taps[1], std::vector<float>(data.taps.begin() + 16, data.taps.end()));
    EXPECT_EQ(stored.output, data.output);
}

TEST_F(ServerLoopTest, WithoutASourceTheTablesOfEventsAreAllThereIs) {
    script.decides_every = 2;  // the protocol goes on without a verdict
    const ServerResult result = run(nullptr, false);
    EXPECT_EQ(rows<record::UploadRow>().size(), deliveries.size());
    EXPECT_EQ(std::ssize(rows<record::UpdateRow>()), kSteps);
    EXPECT_TRUE(rows<record::TrainingRow>().empty());
    EXPECT_EQ(reader->activation_rows(0), 0);
    EXPECT_TRUE(script.story.beginning_with("run").empty());
    EXPECT_TRUE(script.story.beginning_with("verdict").empty());
    EXPECT_EQ(result.updates, kSteps);
    EXPECT_EQ(progress.back().updates, kSteps);
    EXPECT_EQ(result.kept_bytes, 0U);
}

TEST_F(ServerLoopTest, WithoutTrainingPacketsAreTakenAndLogged) {
    settings.train = false;
    script.decides_every = 2;
    const ServerResult result = run();
    EXPECT_EQ(script.story.beginning_with("fetch").size(), deliveries.size());
    EXPECT_GT(rows<record::UploadRow>().size(), 0U);
    EXPECT_GT(reader->activation_rows(0), 0);
    EXPECT_TRUE(rows<record::TrainingRow>().empty());
    EXPECT_FALSE(script.story.has("briefs"));
    EXPECT_EQ(result.updates, kSteps);
}

TEST_F(ServerLoopTest, TheTablesOfEventsDoNotDependOnWhatIsComputed) {
    run();
    const auto computed = rows<record::UpdateRow>();
    reader.reset();
    run(nullptr, false);
    const auto planned = rows<record::UpdateRow>();
    ASSERT_EQ(computed.size(), planned.size());
    for (std::size_t i = 0; i < planned.size(); ++i) {
        EXPECT_EQ(computed[i].start_ns, planned[i].start_ns);
        EXPECT_EQ(computed[i].end_ns, planned[i].end_ns);
        EXPECT_EQ(computed[i].upload, planned[i].upload);
    }
}

TEST_F(ServerLoopTest, WhatIsNoUploadIsNeitherLoggedNorCharged) {
    script.uploads = false;
    deliveries.erase(deliveries.begin());
    const ServerResult result = run();
    EXPECT_TRUE(rows<record::UploadRow>().empty());
    EXPECT_EQ(result.charged_upload_bytes, 0);
    EXPECT_EQ(result.charged_flop, 0);
    EXPECT_EQ(result.missing_packets, 0);
    const record::Activations log = reader->activations(0);
    EXPECT_FALSE(log.upload.empty());
    for (const std::int32_t upload : log.upload) EXPECT_EQ(upload, -1);
}

TEST_F(ServerLoopTest, PacketsThatNeverArriveAreMissing) {
    deliveries.pop_back();
    deliveries.erase(deliveries.begin() + 3);
    EXPECT_EQ(run().missing_packets, 2);
    deliveries.clear();
    reader.reset();
    const ServerResult none = run();
    EXPECT_EQ(none.missing_packets, plan.packets_planned());
    EXPECT_EQ(none.updates, 0);
    EXPECT_EQ(none.training_end, Time{});
}

TEST_F(ServerLoopTest, ProgressIsToldAfterEveryStepWithItsTime) {
    run();
    ASSERT_GE(std::ssize(progress), kSteps);
    for (std::size_t i = 1; i < progress.size(); ++i) {
        EXPECT_GE(progress[i].now, progress[i - 1].now);
        EXPECT_GE(progress[i].updates, progress[i - 1].updates);
        EXPECT_EQ(progress[i].updates_planned, 1000);
        EXPECT_LE(progress[i].updates, kSteps);
    }
    std::vector<std::int64_t> times;
    for (const ServerProgress& one : progress)
        if (times.empty() || times.back() != ns(one.now)) times.push_back(ns(one.now));
    std::vector<std::int64_t> ends;
    for (const record::UpdateRow& row : rows<record::UpdateRow>()) ends.push_back(row.end_ns);
    EXPECT_EQ(times, ends);
}

TEST_F(ServerLoopTest, ALearnerThatKeepsStepsSaysHowManyOfThemAreDone) {
    script.keeps_steps = true;
    run();
    for (const ServerProgress& one : progress) EXPECT_EQ(one.updates, 42);
}

TEST_F(ServerLoopTest, AStepThatDecidesIsWaitedForAndItsVerdictToldBeforeTheNext) {
    script.decides_every = 2;
    script.step_takes = milliseconds(3);
    run();
    std::vector<std::pair<std::int32_t, double>> expected, logged;
    for (std::int64_t step = 1; step < kSteps; step += 2) {
        EXPECT_LT(script.story.place(with("next", step)), script.story.place(with("run", step)));
        EXPECT_LT(script.story.place(with("run", step)), script.story.place(with("verdict", step)));
        EXPECT_LT(script.story.place(with("verdict", step)),
                  script.story.place(with("next", step + 1)));
        expected.emplace_back(step, 0.5);
        expected.emplace_back(step, step);
    }
    EXPECT_EQ(std::ssize(script.story.beginning_with("verdict")), kSteps / 2);
    for (const record::VerdictRow& row : rows<record::VerdictRow>()) {
        EXPECT_EQ(row.place, static_cast<std::int32_t>(logged.size() % 2));
        logged.emplace_back(row.update, row.value);
    }
    EXPECT_EQ(logged, expected);
}

TEST_F(ServerLoopTest, ProgressIsToldWhileAVerdictIsWaitedFor) {
    script.decides_every = kSteps;
    script.waits_at = kSteps - 1;
    script.waits_for = with("look", kSteps + 1);  // two more than steps before
    run(nullptr, true,
        [&](const ServerProgress&) { script.story.tell(with("look", std::ssize(progress))); });
    EXPECT_LT(script.story.place(with("look", kSteps + 1)),
              script.story.place(with("run", kSteps - 1)));
}

TEST_F(ServerLoopTest, WhoWaitsForAVerdictMayGiveUp) {
    script.decides_every = 1;
    script.waits_at = 0;
    script.waits_for = "gave up";
    EXPECT_THROW(run(nullptr, true,
                     [&](const ServerProgress&) {
                         script.story.tell("gave up");
                         throw ConfigError("a signal");
                     }),
                 ConfigError);
    EXPECT_TRUE(script.story.beginning_with("verdict").empty());
}

TEST_F(ServerLoopTest, ALearnerThatOwesAVerdictIsABug) {
    script.decides_every = 2;
    script.gives_verdicts = false;
    try {
        run();
        ADD_FAILURE() << "accepted";
    } catch (const Bug& bug) {
        EXPECT_TRUE(contains(bug.what(), "step 1 decides and has no verdict"));
    }
    EXPECT_FALSE(script.story.has("next 2"));
}

TEST_F(ServerLoopTest, AVerdictOfAnotherStepIsABug) {
    script.decides_every = 2;
    script.verdict_of = 0;
    try {
        run();
        ADD_FAILURE() << "accepted";
    } catch (const Bug& bug) {
        EXPECT_TRUE(contains(bug.what(), "a verdict of step 0 for step 1"));
    }
    EXPECT_TRUE(script.story.beginning_with("verdict").empty());
}

TEST_F(ServerLoopTest, WhatTheLearnerThrowsLeavesTheRun) {
    for (const std::int64_t decides_every : {0, 1}) {
        Script& one = script;
        one.decides_every = decides_every;
        one.fails_at = 5;
        try {
            run();
            ADD_FAILURE() << "accepted";
        } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "the learner fails");
        }
        EXPECT_FALSE(script.story.has("run 5"));
        EXPECT_EQ(script.story.told().back(), "no briefs");
    }
}

TEST_F(ServerLoopTest, WhatTheProtocolThrowsLeavesTheRun) {
    script.protocol_fails_at = 4;
    EXPECT_THROW(run(), DataError);
    EXPECT_TRUE(script.story.beginning_with("finish").empty());
    EXPECT_TRUE(script.story.has("no briefs"));
}

TEST_F(ServerLoopTest, WhatTheSourceThrowsLeavesTheRun) {
    script.source_fails_at = 7;
    EXPECT_THROW(run(), TransportError);
    EXPECT_FALSE(script.story.has("take 7"));
    EXPECT_TRUE(script.story.has("no briefs"));
    EXPECT_EQ(rows<record::UploadRow>().size(), 7U);  // what came before is there
}

TEST_F(ServerLoopTest, WhoIsToldOfProgressMayEndTheRun) {
    std::int64_t left = 3;
    EXPECT_THROW(run(nullptr, true,
                     [&](const ServerProgress&) {
                         if (--left == 0) throw ConfigError("a signal");
                     }),
                 ConfigError);
    EXPECT_EQ(std::ssize(rows<record::UpdateRow>()), 3);
    EXPECT_TRUE(script.story.beginning_with("finish").empty());
}

TEST_F(ServerLoopTest, BriefsAreAnsweredWhileTheRunLasts) {
    run();
    EXPECT_LT(script.story.place("briefs"), script.story.place("next 0"));
    EXPECT_EQ(script.story.told().back(), "no briefs");
}

TEST_F(ServerLoopTest, APaceSaysWhenStepsReallyEnd) {
    StoryPace pace(script);
    script.step_takes = milliseconds(1);
    script.downloads.assign(6, 1000);
    const ServerResult result = run(&pace);
    EXPECT_LT(script.story.place("warm up"), script.story.place("begin"));
    EXPECT_LT(script.story.place("begin"), script.story.place("next 0"));
    const auto updates = rows<record::UpdateRow>();
    ASSERT_EQ(std::ssize(updates), kSteps);
    for (std::size_t i = 0; i < updates.size(); ++i) {
        const auto step = static_cast<std::int64_t>(i);
        EXPECT_EQ(updates[i].overrun_ns, 1'000'000 * step);
        EXPECT_EQ(updates[i].end_ns - updates[i].start_ns, 2'000'000 + 1'000'000 * step);
        // it is submitted, computed, waited for, and the protocol hears of it before the next
        EXPECT_LT(script.story.place(with("run", step)), script.story.place(with("paced", step)));
        EXPECT_LT(script.story.place(with("paced", step)),
                  script.story.place(with("delay to", updates[i].end_ns)));
        EXPECT_LT(script.story.place(with("delay to", updates[i].end_ns)),
                  script.story.place(with("next", step + 1)));
        if (i > 0) {
            EXPECT_GE(updates[i].start_ns, updates[i - 1].end_ns);
        }
    }
    EXPECT_EQ(ns(result.training_end), updates.back().end_ns);
    EXPECT_GT(result.run_end, result.training_end);
    EXPECT_TRUE(script.story.has(with("wait until", ns(result.run_end))));
    EXPECT_NEAR(result.server_busy_s, 0.002 * kSteps, 1e-12);  // as the model says
}

TEST_F(ServerLoopTest, APaceDoesNotWaitForALearnerThatKeepsItsSteps) {
    StoryPace pace(script);
    script.keeps_steps = true;
    script.waits_at = 0;
    script.waits_for = with("paced", kSteps - 1);
    run(&pace);
    EXPECT_LT(script.story.place(with("paced", kSteps - 1)), script.story.place(with("run", 0)));
}

TEST_F(ServerLoopTest, APaceWithoutALearnerWaitsForNothing) {
    StoryPace pace(script);
    run(&pace, false);
    EXPECT_EQ(std::ssize(script.story.beginning_with("paced")), kSteps);
    EXPECT_FALSE(script.story.has("begin"));  // there is nothing to be ready
}

TEST_F(ServerLoopTest, EveryDeviceFetchesWhenTrainingHasEnded) {
    script.downloads = {1000, 2000, 3000, 4000, 5000, 6000};
    leftovers.emptied = {{3, Time(milliseconds(1))}};
    const ServerResult result = run();
    const auto downloads = rows<record::DownloadRow>();
    ASSERT_EQ(downloads.size(), 4U);  // the sixth is refused, the fourth is gone
    std::int64_t bytes = 0, last = 0;
    for (const record::DownloadRow& row : downloads) {
        EXPECT_NE(row.device, 3);
        EXPECT_EQ(row.start_ns, ns(result.training_end));
        EXPECT_EQ(row.charged_bytes, 1000 * (row.device + 1));
        EXPECT_EQ(row.task, -1);
        bytes += row.charged_bytes;
        last = std::max(last, row.end_ns);
    }
    EXPECT_EQ(result.charged_download_bytes, bytes);
    EXPECT_EQ(ns(result.run_end), last);
    EXPECT_GT(result.run_end, result.training_end);
    EXPECT_EQ(result.missing_downloads, 1);
}

TEST_F(ServerLoopTest, WithoutDownloadsTheRunEndsWithTraining) {
    const ServerResult result = run();
    EXPECT_EQ(result.run_end, result.training_end);
    EXPECT_EQ(result.missing_downloads, 0);
    EXPECT_TRUE(rows<record::DownloadRow>().empty());
}

TEST_F(ServerLoopTest, OfLateUploadsThoseCountThatBeganBeforeTrainingEnded) {
    run(nullptr, false);
    const std::int64_t end = rows<record::UpdateRow>().back().end_ns;
    reader.reset();
    const auto late = [&](std::int32_t device, std::int64_t after_end) {
        const Time start{VirtualClock::duration(end + after_end)};
        return LostWork{device, 9, LostStage::Late, start, start + milliseconds(5), 44};
    };
    leftovers.late = {late(0, -1), late(1, 0), late(2, 1), late(3, -1'000'000)};
    run(nullptr, false);
    std::vector<std::int32_t> devices;
    for (const record::LossRow& row : rows<record::LossRow>()) {
        EXPECT_EQ(row.stage, static_cast<std::int8_t>(LostStage::Late));
        EXPECT_EQ(row.charged_bytes, 44);
        devices.push_back(row.device);
    }
    EXPECT_EQ(devices, (std::vector<std::int32_t>{0, 3}));
}

TEST_F(ServerLoopTest, TrainingEndsWithTheLastArrivalWhereNothingIsMadeOfIt) {
    deliveries.back().times.arrival += std::chrono::hours(1);
    RecordedFleet fleet(deliveries);
    // a protocol that stops early: the rest is delivered all the same
    class Once final : public Protocol {
      public:
        std::optional<Step> next(FleetClock& clock) override {
            if (done_) return std::nullopt;
            done_ = true;
            Step step;
            step.inputs.push_back(clock.next(Time::max())->id);
            return step;
        }
        std::int64_t steps_planned() const override { return 1; }
        void delay_to(Time) override {}

      private:
        bool done_ = false;
    };
    class OnceMethod final : public Method {
      public:
        std::string_view name() const override { return "once"; }
        std::unique_ptr<Protocol> protocol(const FleetPlan&) const override {
            return std::make_unique<Once>();
        }
        std::unique_ptr<Learner> learner(const FleetPlan&,
                                         std::shared_ptr<const EvaluationData>,
                                         LearnerSink) const override {
            return nullptr;
        }
        std::map<std::string, std::vector<std::int64_t>> state_shapes(
            const FleetPlan&) const override {
            return {};
        }
    };
    file.emplace(small_layout(plan));
    const ServerResult result =
        run_server(settings, plan, fleet, leftovers, OnceMethod(), nullptr, nullptr, file->writer(),
                   {}, [](const ServerProgress&) {});
    EXPECT_EQ(result.training_end, deliveries.back().times.arrival);
    EXPECT_EQ(result.missing_packets, 0);
    EXPECT_EQ(rows<record::UploadRow>().size(), deliveries.size());
}

TEST_F(ServerLoopTest, RoundsAreLoggedWithTasksDownloadsAndWhatWasWasted) {
    const ServerResult result = run_rounds();
    const auto rounds = rows<record::RoundRow>();
    ASSERT_EQ(rounds.size(), 3U);
    for (std::int32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(rounds[static_cast<std::size_t>(i)].round, i);
        EXPECT_EQ(rounds[static_cast<std::size_t>(i)].assigned, 2);
        EXPECT_EQ(rounds[static_cast<std::size_t>(i)].arrived, 1);
    }
    const auto tasks = rows<record::TaskRow>();
    ASSERT_EQ(tasks.size(), 6U);
    std::map<std::int64_t, record::TaskRow> by_task;
    for (const record::TaskRow& row : tasks) by_task.emplace(row.task, row);
    ASSERT_EQ(by_task.size(), 6U) << "each once";
    for (const auto& [task, row] : by_task) {
        EXPECT_EQ(row.device, task % 2);
        EXPECT_EQ(row.version, task / 2);
        const Outcome expected = task % 2 == 0 ? Outcome::Done : Outcome::Recalled;
        EXPECT_EQ(row.outcome, static_cast<std::int8_t>(expected));
    }
    std::int64_t fetched = 0;
    for (const record::DownloadRow& row : rows<record::DownloadRow>()) {
        EXPECT_GE(row.task, 0);
        fetched += row.charged_bytes;
    }
    EXPECT_EQ(fetched, 6000);
    EXPECT_EQ(result.charged_download_bytes, fetched);
    EXPECT_EQ(result.charged_upload_bytes, 1500);
    EXPECT_EQ(result.missing_packets, 0);  // nothing was planned
    const auto losses = rows<record::LossRow>();
    ASSERT_EQ(losses.size(), 3U);
    for (const record::LossRow& row : losses) {
        EXPECT_EQ(row.device, 1);
        EXPECT_EQ(row.stage, static_cast<std::int8_t>(LostStage::Compute));
        EXPECT_EQ(row.recalled, 1);
    }
    EXPECT_EQ(reader->activation_rows(0), 0);  // a result is no packet
}

TEST_F(ServerLoopTest, WhatTasksBringIsTakenBeforeTheirStep) {
    run_rounds();
    for (std::int64_t i = 0; i < 3; ++i) {
        EXPECT_LT(script.story.place(with("fetch", i)), script.story.place(with("next", i + 1)));
        EXPECT_LT(script.story.place(with("take", i)), script.story.place(with("run", i)));
    }
    EXPECT_EQ(script.story.beginning_with("take").size(), 3U);
}

}  // namespace
}  // namespace mobi::test
