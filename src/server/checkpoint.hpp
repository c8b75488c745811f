// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "core/archive.hpp"
#include "core/clock.hpp"

namespace mobi {

/// What a run goes on from.  The protocol and the fleet's clock are not in it: they are functions
/// of the configuration, and are run again, silently, up to here (docs/design.md 6.5).
struct RunCheckpoint {
    std::int64_t steps = 0;       ///< that the learner has done, or keeps
    std::int64_t deliveries = 0;  ///< that it has taken
    Bytes learner;                ///< Learner::archive(); empty: nothing learns
    Bytes source;                 ///< PacketSource::archive()
    /// With a pace: when it was.  What the protocol had heard of by then is logged, also what no
    /// step has taken yet.
    VirtualClock::time_point time{};
    std::vector<Bytes> waiting{};  ///< of these, what the log does not hold; empty: it does

    /// Deliveries that are logged.
    std::int64_t logged() const { return deliveries + static_cast<std::int64_t>(waiting.size()); }

    void archive(Archive& archive) { archive(steps, deliveries, learner, source, time, waiting); }
};

}  // namespace mobi
