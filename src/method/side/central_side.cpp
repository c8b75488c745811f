// SPDX-License-Identifier: Apache-2.0
#include "method/side/central_side.hpp"

#include "core/virtual_time.hpp"
#include "method/side/fed_mobillm.hpp"

namespace mobi {

Deliveries CentralSide::deliveries(const FleetPlan& plan, const MethodSettings& settings) const {
    Deliveries all;
    all.arrived = cut_into_packets(plan, settings);
    std::vector<Delivery>& packets = all.arrived;
    double flop = 0;
    for (const Delivery& packet : packets) flop += packet.charged_flop;
    const VirtualClock::time_point ready{
        virtual_duration(flop / settings.server_rate_flop_per_s,
                         {"the server's forward passes", "", "server.rate"})};
    for (Delivery& packet : packets) packet.times = {ready, ready, ready, ready, ready};
    return all;
}

}  // namespace mobi
