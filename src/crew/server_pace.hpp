// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

#include "core/clock.hpp"

namespace mobi {

/// When the server's work is really over.  The virtual clock needs none: work ends when the model
/// says so.
class ServerPace {
  public:
    virtual ~ServerPace() = default;

    /// Everything is ready: the time of the run begins, or goes on from `from`.
    virtual void begin(VirtualClock::time_point from) = 0;

    /// The end of update number `update`, which is to end at `planned`: then, or later where the
    /// host was too slow.
    /// \param done  whether the update has really been computed; asked while waiting.
    virtual VirtualClock::time_point finish(std::int64_t update,
                                            VirtualClock::time_point planned,
                                            const std::function<bool()>& done) = 0;

    /// Waits until `time`, the end of the run.
    virtual void wait_until(VirtualClock::time_point time) = 0;
};

}  // namespace mobi
