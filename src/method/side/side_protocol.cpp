// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_protocol.hpp"

#include <utility>

#include "method/side/side_costs.hpp"

namespace mobi {
namespace {

TimelineSettings timeline_settings(const FleetPlan& plan,
                                   const SideSettings& settings,
                                   bool train_after_all) {
    TimelineSettings timeline;
    timeline.server = settings.server;
    timeline.eval = settings.eval;
    timeline.seed = settings.seed;
    timeline.train_after_all =
        train_after_all || settings.server.mode == ServerMode::ReplayAfterAll;
    const FleetShape shape(plan, settings);
    timeline.update_time = update_time_of(plan, shape, settings);
    timeline.update_launches = update_launches_of(plan, shape, settings);
    return timeline;
}

}  // namespace

SideProtocol::SideProtocol(const FleetPlan& plan,
                           const SideSettings& settings,
                           bool train_after_all,
                           FirstTasks tasks)
    : plan_(&plan),
      settings_(settings.method),
      tasks_(std::move(tasks)),
      timeline_(plan, timeline_settings(plan, settings, train_after_all)) {}

void SideProtocol::begin(FleetClock& fleet) {
    begun_ = true;
    if (tasks_ && !fleet.settled())
        for (DeviceTask& task : tasks_()) fleet.assign(std::move(task));
    fleet.promise_quiet(VirtualClock::time_point::max());
    const std::int64_t planned = plan_->packets_planned();
    const Awaited awaited = fleet.settled()
                                ? Awaited(0, 1, planned)
                                : Awaited(settings_.deadline_s, settings_.enough_share, planned);
    timeline_.begin(Arrivals(*plan_, fleet, awaited));
}

std::optional<Step> SideProtocol::next(FleetClock& fleet) {
    if (!begun_) begin(fleet);
    return timeline_.next(fleet);
}

}  // namespace mobi
