// SPDX-License-Identifier: Apache-2.0
#include "prepare/timeline_walk.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/long_work.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/event_record.hpp"
#include "method/recorded_fleet.hpp"
#include "method/task_fleet.hpp"
#include "prepare/run_record.hpp"
#include "server/downloads.hpp"

namespace mobi {

namespace {

TimelineEnd walk_steps(Protocol& protocol, FleetClock& fleet) {
    const std::int64_t planned = protocol.steps_planned();
    LongWork planning("planning: updates");
    TimelineEnd result;
    while (const std::optional<Step> step = protocol.next(fleet)) {
        result.end = step->end;
        result.busy_s += std::chrono::duration<double>(step->end - step->start).count();
        result.update_samples += static_cast<std::int64_t>(step->samples.size());
        if (++result.updates % 64 == 0) planning.step(result.updates, planned);
    }
    return result;
}

}  // namespace

TaskWalk walk_tasks(const RunConfig& config, const FleetPlan& plan, const Method& method) {
    VirtualFleet clock(admitted_fleet(plan), method_settings(config).fleet);
    TaskFleet fleet(clock, plan, method.contents(), nullptr);
    TaskWalk walk;
    walk.timeline = walk_steps(*method.protocol(plan), fleet);
    while (fleet.next(VirtualClock::time_point::max()) != nullptr) {
    }
    walk.deliveries.lost.assign(fleet.lost().begin(), fleet.lost().end());
    walk.deliveries.arrived = std::move(fleet).deliveries();
    walk.deliveries.leftovers.emptied = emptied_devices(clock, plan);
    for (const Delivery& delivery : walk.deliveries.arrived)
        walk.timeline.end = std::max(walk.timeline.end, delivery.times.arrival);
    walk.timeline.run_end = walk.timeline.end;
    for (const Download& download : fleet.downloads()) {
        walk.down_bytes += download.charged_bytes;
        walk.timeline.download_energy_j += download.energy_j;
    }
    walk.tasks = fleet.assigned();
    return walk;
}

TimelineEnd walk_timeline(const TimelineInput& input) {
    RecordedFleet fleet(input.deliveries);
    TimelineEnd result = walk_steps(*input.method.protocol(input.plan), fleet);
    if (!input.deliveries.empty())
        result.end = std::max(result.end, input.deliveries.back().times.arrival);
    result.run_end = result.end;
    return result;
}

TimelineEnd foresee_run(const TimelineInput& input) {
    TimelineEnd result = walk_timeline(input);
    const std::vector<std::int64_t> bytes = input.method.download_bytes(input.plan);
    if (bytes.empty()) return result;
    const Downloads downloads = downloads_at(result.end, input.plan, bytes, input.leftovers,
                                             method_settings(input.config).fleet);
    for (const Download& one : downloads.arrived) {
        result.run_end = std::max(result.run_end, one.arrival);
        result.download_energy_j += one.energy_j;
    }
    result.missing_downloads = downloads.missing;
    return result;
}

}  // namespace mobi
