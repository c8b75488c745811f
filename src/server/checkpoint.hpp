// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/archive.hpp"

namespace mobi {

/// What a run goes on from.  The protocol and the fleet's clock are not in it: they are functions
/// of the configuration, and are run again, silently, up to here (docs/design.md 6.5).
struct RunCheckpoint {
    std::int64_t steps = 0;       ///< that the learner has done, or keeps
    std::int64_t deliveries = 0;  ///< that it has taken
    Bytes learner;                ///< Learner::archive(); empty: nothing learns
    Bytes source;                 ///< PacketSource::archive()

    void archive(Archive& archive) { archive(steps, deliveries, learner, source); }
};

}  // namespace mobi
