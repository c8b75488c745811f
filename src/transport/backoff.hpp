// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/clock.hpp"

namespace mobi {

/// How a thread waits for what it has to ask for (MPI tells nobody that a message came): it asks
/// without a pause for 50 us, then sleeps between questions, 50 us at first, twice as long each
/// time, at most 1 ms.  A rank blocked inside MPI would burn a whole core instead.
///
/// Keep one over several waits and reset it when something came: then a loop of short waits is as
/// cheap as one long wait.  Not thread-safe; one a waiting thread.
class Backoff {
  public:
    /// Returns at once during the first 50 us since the first pause after a reset, else sleeps.
    /// \param wall_limit  sleeps no longer than this; none or negative: returns at once
    void pause(WallClock::duration wall_limit);

    /// Something came: the next waits are short again.
    void reset() noexcept { waiting_ = false; }

  private:
    bool waiting_ = false;
    WallClock::time_point start_;
    WallClock::duration wall_sleep_{};
};

}  // namespace mobi
