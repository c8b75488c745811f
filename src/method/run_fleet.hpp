// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "fleet/fleet_clock.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// A task, and what became of it.
struct TaskRecord {
    TaskId task;
    DeviceId device;
    std::int32_t round = 0;
    std::int64_t version = 0;  ///< DeviceTask::version
    std::int32_t samples = 0;
    VirtualClock::time_point ready{};
    VirtualClock::time_point end{};
    Outcome outcome = Outcome::Done;  ///< Done, Recalled or Gone
    std::int32_t parts_done = 0;
    std::int64_t down_bytes = 0;  ///< charged, wasted ones included
    std::int64_t up_bytes = 0;    ///< likewise
};

/// A fleet's clock that remembers what came of the fleet's work.
///
/// Everything is numbered from 0 in the order in which next() told of it, and stays.
class RunFleet : public FleetClock {
  public:
    /// A part's upload, with its costs.
    virtual const Delivery& delivery(std::int64_t index) const = 0;

    /// How many of them next() has told of.
    virtual std::int64_t delivered() const = 0;

    /// How many up to and including an event.
    virtual std::int64_t delivered_by(EventId event) const = 0;

    // Of tasks that are assigned during the run; empty where all is settled before it.

    virtual std::span<const Download> downloads() const { return {}; }
    virtual std::span<const LostWork> lost() const { return {}; }
    /// Those that have ended.
    virtual std::span<const TaskRecord> tasks() const { return {}; }
    /// How many have been assigned.
    virtual std::int64_t assigned() const { return 0; }
};

}  // namespace mobi
