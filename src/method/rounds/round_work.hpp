// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/clock.hpp"
#include "fleet/device_task.hpp"

namespace mobi {

/// What a method of rounds has its devices and its server do.
struct RoundWork {
    /// Fetch, compute, send: of a device in a round, from 0.
    std::function<std::vector<Part>(DeviceId, std::int32_t round)> parts;
    /// How long the server aggregates so many arrivals; none: it is not asked.
    std::function<VirtualClock::duration(std::size_t arrivals)> aggregate_time;
};

}  // namespace mobi
