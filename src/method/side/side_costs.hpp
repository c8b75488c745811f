// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/clock.hpp"
#include "method/fleet_plan.hpp"
#include "method/side/inbox.hpp"
#include "method/side/settings.hpp"
#include "method/side/side_network.hpp"

namespace mobi {

/// What a fleet needs of a side network: which projection each device's taps pass, B, m, C
/// (docs/method.md 1.4).
struct FleetShape {
    /// \param plan  at least one device is admitted.
    FleetShape(const FleetPlan& plan, const SideSettings& settings);

    SourceMap sources;
    SideShape side;
};

/// Kernel launches of an update on these samples (UpdateLaunches).
/// \param plan  must outlive the function.
std::function<std::int64_t(std::span<const std::int32_t>)> update_launches_of(
    const FleetPlan& plan, const FleetShape& shape, const SideSettings& settings);

/// Virtual duration of an update: Σ over its samples of (FLOPs of docs/method.md 1.8 /
/// `server.rate` + charged bytes / `server.io_rate`) + `server.step_overhead`, or its kernel
/// launches times `server.launch`; rounded to ns once.
/// \param plan  must outlive the function.
std::function<VirtualClock::duration(std::span<const std::int32_t>)> update_time_of(
    const FleetPlan& plan, const FleetShape& shape, const SideSettings& settings);

/// What each device downloads at the end: θ and its own P in fp32; 0 where it is not admitted.
std::vector<std::int64_t> download_bytes(const FleetPlan& plan,
                                         const FleetShape& shape,
                                         const SideSettings& settings);

}  // namespace mobi
