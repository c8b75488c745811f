// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "config/run_config.hpp"
#include "method/method.hpp"

namespace mobi {

/// What a timeline is a function of.
struct TimelineInput {
    const RunConfig& config;
    const FleetPlan& plan;
    const Method& method;
    std::span<const Delivery> deliveries;
    const Leftovers& leftovers;
};

/// Where a run's timeline ends.
struct TimelineEnd {
    VirtualClock::time_point end{};      ///< of the last update
    VirtualClock::time_point run_end{};  ///< and of the last download
    std::int64_t updates = 0;
    double busy_s = 0;
    std::int64_t update_samples = 0;
    std::int32_t missing_downloads = 0;  ///< of devices that never come back for theirs
    double download_energy_j = 0;        ///< of those that arrive; NaN where one has no figure
};

/// What tasks that are assigned during a run come to, in virtual time.
struct TaskWalk {
    TimelineEnd timeline;
    Deliveries deliveries;
    std::int64_t down_bytes = 0;  ///< charged, for tasks
    std::int64_t tasks = 0;
};

/// Runs the protocol of a method that settles nothing beforehand over its virtual fleet, without
/// computing or logging anything.
/// \throws ConfigError  when it takes more than 200 years, as the run would.
TaskWalk walk_tasks(const RunConfig& config, const FleetPlan& plan, const Method& method);

/// Walks the server's steps, without computing or logging anything; `run_end` is `end`.
/// \throws ConfigError  when it takes more than 200 years, as the run would.
TimelineEnd walk_timeline(const TimelineInput& input);

/// The same with the downloads: what a run does in virtual time, before anything is computed.
TimelineEnd foresee_run(const TimelineInput& input);

}  // namespace mobi
