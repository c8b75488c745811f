// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/clock.hpp"
#include "core/id.hpp"

namespace mobi {

/// What a device does for a part, in this order.
enum class Leg { Download, Compute, Upload };

/// What became of a part, or of one attempt at one of its legs.
enum class Outcome {
    Done,      ///< the part is done: its upload has arrived, or its last leg has ended
    CutOff,    ///< the device went off in the middle of a leg, which begins anew when it is back
    Recalled,  ///< the server recalled the task in the middle of this leg, or before it began, or
               ///< while what it had sent was in the air; told where something had been charged
    Gone,      ///< the device never comes back, or its battery is empty: the task ends here
};

/// When a part's legs took place: the attempts that got through, or when one left out would begin.
struct PartTimes {
    VirtualClock::time_point receive_start{}, receive_end{};  ///< the downlink carries it
    VirtualClock::time_point received{};                      ///< and the latency has passed
    VirtualClock::time_point compute_start{}, compute_end{};
    VirtualClock::time_point send_start{}, send_end{};
    VirtualClock::time_point arrival{};  ///< at the server
};

/// Bytes that transfers were charged: what the link lost was sent again.
struct Charges {
    std::int64_t down_bytes = 0;
    std::int64_t up_bytes = 0;
};

/// Something that happened to a task.
struct FleetEvent {
    EventId id;  ///< counts what next() has returned, from 0
    VirtualClock::time_point at{};
    TaskId task;
    DeviceId device;
    std::int32_t part = 0;
    Outcome outcome = Outcome::Done;
    PartTimes times;  ///< Done
    Charges charges;  ///< Done, Gone: of the part; else what the attempt had carried
    Charges before;   ///< Recalled: what the part's legs before had carried
    // CutOff, Recalled: the attempt that ends at `at`, or none (start = at)
    Leg leg = Leg::Compute;
    VirtualClock::time_point start{};
};

}  // namespace mobi
