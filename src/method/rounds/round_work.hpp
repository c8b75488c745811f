// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/clock.hpp"
#include "fleet/device_task.hpp"
#include "method/protocol.hpp"

namespace mobi {

/// What a method of rounds has its devices and its server do.
struct RoundWork {
    /// Fetch, compute, send: of a device in a round, from 0.
    std::function<std::vector<Part>(DeviceId, std::int32_t round)> parts;
    /// The samples that it passes; none where nobody asks for them.
    std::function<std::vector<SampleId>(DeviceId, std::int32_t round)> samples;
    /// How long the server aggregates so many arrivals.
    std::function<VirtualClock::duration(std::size_t arrivals)> aggregate_time;

    /// \param version  which is also the round.
    DeviceTask task(DeviceId device, VirtualClock::time_point ready, std::int64_t version) const;

    /// What the server makes of the inputs, from `start` on.  Without inputs it takes no time.
    Step step(std::int64_t number,
              VirtualClock::time_point start,
              std::vector<EventId> inputs) const;
};

}  // namespace mobi
