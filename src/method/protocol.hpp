// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/archive.hpp"
#include "core/clock.hpp"
#include "core/id.hpp"
#include "fleet/fleet_clock.hpp"

namespace mobi {

/// What the server does in one piece.
enum class StepKind : std::int8_t {  // the numbers are those of the run file
    Update,                          ///< on what has just arrived
    Replay,                          ///< on what arrived before, while nothing waits
    Aggregate,                       ///< the end of a round, or of a full buffer
    Exchange,                        ///< the server's part of a model that is split
};

/// One piece of the server's work, placed in virtual time.
struct Step {
    std::int64_t number = 0;  ///< from 0, in the order of the server's work
    StepKind kind = StepKind::Aggregate;
    std::int32_t round = 0;
    VirtualClock::time_point start{};
    VirtualClock::time_point end{};
    std::vector<EventId> inputs;        ///< the arrivals that no step before it took, in order
    std::vector<std::int32_t> samples;  ///< ids that it draws, increasing; none: it draws none
    EventId arrival;                    ///< Update: the one it is made on
    DeviceId device;                    ///< of which it is, where it is of one
    std::int32_t model = 0;             ///< which of the server's models it changes
    std::int64_t model_step = 0;        ///< its number among those of the model, from 0
    std::int64_t model_steps = 0;       ///< how many these will be if every task comes back: T of a
                                        ///< learning-rate schedule
    std::int64_t kept_samples = 0;      ///< that the server has when it starts
    std::int32_t waiting = 0;           ///< arrivals that wait when it starts
    std::int64_t launches = 0;          ///< kernel launches by formula; 0: it counts none
    bool decides = false;               ///< the protocol goes on with its verdict

    void archive(Archive& archive) {
        archive(number, kind, round, start, end, inputs, samples, arrival, device, model,
                model_step, model_steps, kept_samples, waiting, launches, decides);
    }
};

/// What a step's numbers say to the protocol.
struct Verdict {
    std::int64_t step = 0;
    std::vector<double> values;  ///< at least one; the method knows what they mean
};

/// What travels, when and at what cost.  It decides on sizes and times alone and never sees a
/// tensor, so that the virtual times of a run cannot depend on what was computed
/// (docs/design.md 2).
///
/// A pure function of its settings, of the fleet's events and of the verdicts that it asked for:
/// the same protocol gives the steps of `check`, of a run and of its replay.
class Protocol {
  public:
    virtual ~Protocol() = default;

    /// Assigns tasks, takes events and recalls tasks as the method does, up to the server's next
    /// piece of work.  \return  nothing when there is none left.
    virtual std::optional<Step> next(FleetClock& fleet) = 0;

    /// How many steps there will be if every task comes back.
    virtual std::int64_t steps_planned() const = 0;

    /// The last step ended at `end`, later than it says: the host was too slow for its pace.  The
    /// next one starts then or later.
    virtual void delay_to(VirtualClock::time_point end) = 0;

    /// What the last step, which decides, has come to; before next() is called again.  Not called
    /// where nothing is computed (`check`, `run.compute = none`): the protocol then goes on as the
    /// method's page says.
    virtual void tell(const Verdict& /*verdict*/) {}
};

}  // namespace mobi
