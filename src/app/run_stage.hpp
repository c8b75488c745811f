// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "app/summary.hpp"
#include "crew/live_source.hpp"
#include "crew/paced_fleet.hpp"
#include "crew/paced_source.hpp"
#include "crew/task_desk.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/recorded_fleet.hpp"
#include "method/task_fleet.hpp"
#include "prepare/run_preparation.hpp"
#include "schema/schema.hpp"
#include "server/past_run.hpp"
#include "transport/channel.hpp"

namespace mobi {

/// What a prepared run is driven with: its fleet, where its payloads come from, and its pace.
class RunStage {
  public:
    /// \param channel   null with `run.compute = none`.
    /// \param threads   compute threads of a worker.
    /// \param on_wait   called while waiting; may throw to give up.
    /// \param past      of the run that this one goes on with; null: it begins.
    /// All must outlive the stage.
    RunStage(const PreparedRun& run,
             Channel* channel,
             std::int32_t threads,
             std::function<void()> on_wait,
             const PastRun* past = nullptr);

    /// Deliveries of the past that are not computed again: they are in its file, or nobody learns
    /// from them.
    static std::int64_t taken(const PreparedRun& run, const PastRun* past);

    RunFleet& fleet() { return *fleet_; }
    /// Null with `run.compute = none`.
    LiveSource* source() { return source_.get(); }
    /// Null under the virtual clock.
    ServerPace* pace() { return pace_; }

    /// `/costs`, when the run is over.
    std::vector<record::CostRow> cost_rows() const;

    /// The rows of `/host` that the wall clock adds; none under the virtual clock.
    std::vector<record::HostRow> pace_rows(SummaryFacts& facts) const;

  private:
    void settle(Channel* channel, LiveSettings settings, const PastRun* past);
    void assign_during_run(Channel* channel, LiveSettings settings, const PastRun* past);

    const PreparedRun& run_;
    std::unique_ptr<LiveSource> source_;
    RunFleet* fleet_ = nullptr;
    ServerPace* pace_ = nullptr;
    // Of what follows, what the run needs.
    std::optional<RecordedFleet> planned_;
    std::optional<VirtualFleet> times_;
    std::optional<WallPace> task_pace_;
    std::optional<PacedFleet> paced_fleet_;
    std::optional<TaskFleet> tasks_;
    PacedSource* paced_source_ = nullptr;
};

}  // namespace mobi
