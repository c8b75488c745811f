// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "method/fleet_plan.hpp"
#include "method/server_parameters.hpp"
#include "method/side/inbox.hpp"
#include "method/side/parameters.hpp"
#include "method/side/side_network.hpp"

namespace mobi {

/// Virtual duration of an update: Σ over its samples of (FLOPs of docs/method.md 1.8 /
/// `server.rate` + charged bytes / `server.io_rate`) + `server.step_overhead`; rounded to ns once.
std::function<VirtualClock::duration(std::span<const std::int32_t>)> update_time_of(
    const FleetPlan& plan,
    const SideShape& shape,
    const SourceMap& sources,
    const SideParameters& side,
    const ServerParameters& server);

/// What each device downloads at the end: θ and its own P in fp32; 0 where it is not admitted.
std::vector<std::int64_t> download_bytes(const FleetPlan& plan,
                                         const SideShape& shape,
                                         const SourceMap& sources,
                                         const SideParameters& side,
                                         const AlignParameters& align);

}  // namespace mobi
