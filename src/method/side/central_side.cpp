// SPDX-License-Identifier: Apache-2.0
#include "method/side/central_side.hpp"

#include "core/virtual_time.hpp"
#include "method/packets.hpp"
#include "method/side/side_protocol.hpp"

namespace mobi {

Deliveries CentralSide::settle(const FleetPlan& plan) const {
    Deliveries all;
    all.arrived = cut_into_packets(plan, settings().method);
    std::vector<Delivery>& packets = all.arrived;
    double flop = 0;
    for (const Delivery& packet : packets) flop += packet.charged_flop;
    const VirtualClock::time_point ready{
        virtual_duration(flop / settings().method.server_rate_flop_per_s,
                         {"the server's forward passes", "", "server.rate"})};
    for (Delivery& packet : packets) packet.times = {ready, ready, ready, ready, ready};
    return all;
}

std::unique_ptr<Protocol> CentralSide::protocol(const FleetPlan& plan) const {
    return std::make_unique<SideProtocol>(plan, settings(), true, nullptr);
}

}  // namespace mobi
