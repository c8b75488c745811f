// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/round_method.hpp"

#include <utility>
#include <vector>

#include "core/virtual_time.hpp"

namespace mobi {

std::unique_ptr<Protocol> RoundMethod::protocol(const FleetPlan& plan) const {
    RoundWork work;
    work.samples = whole_shards(plan);
    work.parts = [this, &plan](DeviceId device, std::int32_t) {
        return std::vector<Part>{part(plan, plan.devices[device.index()])};
    };
    work.aggregate_time = [this](std::size_t arrivals) {
        return virtual_duration(aggregate_flop(arrivals) / settings_.server_rate_flop_per_s,
                                {"aggregating", "", "server.rate"});
    };
    return make_rounds(settings_, plan, std::move(work));
}

}  // namespace mobi
