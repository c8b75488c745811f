// SPDX-License-Identifier: Apache-2.0
#include "app/timeline_walk.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "app/run_record.hpp"
#include "core/long_work.hpp"
#include "method/side/side_costs.hpp"
#include "method/side/timeline.hpp"
#include "method/side/trainer.hpp"
#include "server/downloads.hpp"

namespace mobi {
namespace {

/// What the server's times and the downloads have in common.
struct Shapes {
    explicit Shapes(const TimelineInput& input)
        : sources(input.plan, input.config.align.projection),
          side(side_shape(
              input.plan, sources, input.config.side, input.config.align, input.classes)) {}

    SourceMap sources;
    SideShape side;
};

TimelineEnd walk(const TimelineInput& input, const Shapes& shapes) {
    const RunConfig& config = input.config;
    TimelineSettings settings;
    settings.server = config.server;
    settings.seed = config.run.seed;
    settings.train_after_all =
        input.method.trains_after_all() || config.server.mode == ServerMode::ReplayAfterAll;
    settings.update_time =
        update_time_of(input.plan, shapes.side, shapes.sources, config.side, config.server);
    PlannedArrivals arrivals(input.deliveries);
    Timeline timeline(input.plan, arrivals, std::move(settings));
    const std::int64_t planned = timeline.updates_planned();
    LongWork planning("planning: updates");
    TimelineEnd result;
    while (const std::optional<Update> step = timeline.next()) {
        result.end = step->end;
        result.busy_s += std::chrono::duration<double>(step->end - step->start).count();
        result.update_samples += static_cast<std::int64_t>(step->samples.size());
        if (++result.updates % 64 == 0) planning.step(result.updates, planned);
    }
    result.run_end = result.end = timeline.now();
    return result;
}

}  // namespace

TimelineEnd walk_timeline(const TimelineInput& input) {
    return walk(input, Shapes(input));
}

TimelineEnd foresee_run(const TimelineInput& input) {
    const Shapes shapes(input);
    TimelineEnd result = walk(input, shapes);
    if (!input.method.downloads()) return result;
    const Downloads downloads = downloads_at(result.end, input.plan,
                                             download_bytes(input.plan, shapes.side, shapes.sources,
                                                            input.config.side, input.config.align),
                                             input.leftovers, method_settings(input.config).fleet);
    for (const Download& one : downloads.arrived)
        result.run_end = std::max(result.run_end, one.arrival);
    result.missing_downloads = downloads.missing;
    return result;
}

}  // namespace mobi
