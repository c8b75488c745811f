// SPDX-License-Identifier: Apache-2.0
#include "prepare/timeline_walk.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/long_work.hpp"
#include "method/recorded_fleet.hpp"
#include "prepare/run_record.hpp"
#include "server/downloads.hpp"

namespace mobi {

TimelineEnd walk_timeline(const TimelineInput& input) {
    RecordedFleet fleet(input.deliveries);
    const auto protocol = input.method.protocol(input.plan);
    const std::int64_t planned = protocol->steps_planned();
    LongWork planning("planning: updates");
    TimelineEnd result;
    while (const std::optional<Step> step = protocol->next(fleet)) {
        result.end = step->end;
        result.busy_s += std::chrono::duration<double>(step->end - step->start).count();
        result.update_samples += static_cast<std::int64_t>(step->samples.size());
        if (++result.updates % 64 == 0) planning.step(result.updates, planned);
    }
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
    for (const Download& one : downloads.arrived)
        result.run_end = std::max(result.run_end, one.arrival);
    result.missing_downloads = downloads.missing;
    return result;
}

}  // namespace mobi
