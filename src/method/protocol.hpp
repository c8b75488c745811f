// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "fleet/fleet_clock.hpp"

namespace mobi {

/// What the server does in one piece.
enum class StepKind {
    Update,     ///< of weights that stay on the server
    Aggregate,  ///< the end of a round, or of a full buffer
    Exchange,   ///< the server's part of a model that is split
};

/// One piece of the server's work, placed in virtual time.
struct Step {
    std::int64_t number = 0;  ///< from 0, in the order of the server's work
    StepKind kind = StepKind::Aggregate;
    std::int32_t round = 0;
    VirtualClock::time_point start{};
    VirtualClock::time_point end{};
    std::vector<EventId> inputs;    ///< the arrivals that it takes, in order
    std::vector<SampleId> samples;  ///< that it draws, where the method draws any
};

/// What travels, when and at what cost.  It decides on sizes and times alone and never sees a
/// tensor, so that the virtual times of a run cannot depend on what was computed
/// (docs/design.md 2).
///
/// A pure function of its settings and of the fleet's events: the same protocol gives the steps of
/// `check`, of a run and of its replay.
class Protocol {
  public:
    virtual ~Protocol() = default;

    /// Assigns tasks, takes events and recalls tasks as the method does, up to the server's next
    /// piece of work.  \return  nothing when there is none left.
    virtual std::optional<Step> next(FleetClock& fleet) = 0;

    /// How many steps there will be if every task comes back.
    virtual std::int64_t steps_planned() const = 0;
};

}  // namespace mobi
