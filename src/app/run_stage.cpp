// SPDX-License-Identifier: Apache-2.0
#include "app/run_stage.hpp"

#include <utility>

#include "app/host_report.hpp"
#include "crew/fleet_source.hpp"
#include "prepare/run_record.hpp"
#include "server/record_rows.hpp"

namespace mobi {

RunStage::RunStage(const PreparedRun& run,
                   Channel* channel,
                   std::int32_t threads,
                   std::function<void()> on_wait,
                   const PastRun* past)
    : run_(run) {
    LiveSettings settings{
        run.config.forward, threads, {run.test.classes, {}, {}}, std::move(on_wait)};
    if (run.config.run.compute == RunCompute::All) settings.truth = run.test;
    settings.validation = run.validation_samples;
    if (past != nullptr) {
        settings.resumes = true;
        settings.taken = taken(run, past);
        settings.evaluation = past->evaluation();
        if (settings.evaluation) settings.truth = {run.test.classes, {}, {}};
    }
    settings.paced = run.config.run.clock == RunClock::Wall;
    if (run.settled)
        settle(channel, std::move(settings), past);
    else
        assign_during_run(channel, std::move(settings), past);
}

std::int64_t RunStage::taken(const PreparedRun& run, const PastRun* past) {
    if (past == nullptr) return 0;
    const bool kept = run.settled && run.config.run.compute == RunCompute::All;
    return kept && !past->has_packets() ? 0 : past->checkpoint().logged();
}

void RunStage::settle(Channel* channel, LiveSettings settings, const PastRun* past) {
    if (channel != nullptr && run_.config.run.clock == RunClock::Wall) {
        const PacedSource::Pace pace{run_.config.run.time_scale, run_.config.run.prefetch};
        std::vector<Delivery> arrived;
        if (past != nullptr) arrived = past->arrived(run_.deliveries);
        auto source = std::make_unique<PacedSource>(*channel, run_.plan, run_.deliveries, run_.lost,
                                                    run_.tokens, pace, std::move(settings),
                                                    std::move(arrived));
        paced_source_ = source.get();
        fleet_ = paced_source_;
        pace_ = &paced_source_->pace();
        source_ = std::move(source);
        return;
    }
    fleet_ = &planned_.emplace(run_.deliveries);
    if (channel != nullptr)
        source_ = std::make_unique<FleetSource>(*channel, run_.plan, run_.deliveries, run_.tokens,
                                                std::move(settings));
}

void RunStage::assign_during_run(Channel* channel, LiveSettings settings, const PastRun* past) {
    FleetClock* clock =
        &times_.emplace(admitted_fleet(run_.plan), method_settings(run_.config).fleet);
    TaskDesk* desk = nullptr;
    if (channel != nullptr) {
        auto source =
            std::make_unique<TaskDesk>(*channel, run_.plan, run_.tokens, std::move(settings));
        desk = source.get();
        source_ = std::move(source);
        if (run_.config.run.clock == RunClock::Wall) {
            constexpr WallClock::duration kLook(0.001);
            WallPace& pace = task_pace_.emplace(
                run_.config.run.time_scale, kLook,
                WallPace::Hooks{{},
                                [desk](WallClock::duration patience) { desk->pump(patience); }});
            pace_ = &pace;
            PacedFleet::Told told;
            if (past != nullptr)
                told = [past](TaskId task, std::int32_t part) { return past->arrival(task, part); };
            clock = &paced_fleet_.emplace(
                *clock, pace,
                [desk](TaskId task, std::int32_t part) { return desk->received(task, part); },
                std::move(told));
        }
    }
    fleet_ = &tasks_.emplace(*clock, run_.plan, run_.method->contents(), desk);
    if (desk != nullptr) desk->serve(*fleet_);
}

std::vector<record::CostRow> RunStage::cost_rows() const {
    if (!run_.method->uploads()) return {};
    std::vector<const Delivery*> arrived;
    for (std::int64_t i = 0; i < fleet_->delivered(); ++i) arrived.push_back(&fleet_->delivery(i));
    return mobi::cost_rows(device_costs(run_.plan, arrived,
                                        run_.settled ? run_.lost : fleet_->lost(),
                                        fleet_->downloads(), run_.config.run.seed));
}

std::vector<record::HostRow> RunStage::pace_rows(SummaryFacts& facts) const {
    if (paced_source_ != nullptr)
        return mobi::pace_rows(paced_source_->pace(), {}, paced_source_->pace_reports(), facts);
    if (paced_fleet_) return mobi::pace_rows(*task_pace_, paced_fleet_->overruns(), {}, facts);
    return {};
}

}  // namespace mobi
