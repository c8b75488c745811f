// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/clock.hpp"
#include "transport/attendance.hpp"

namespace mobi {

class Communicator;

/// Rank 0 and every other rank tell each other that they live, over a communicator of their own,
/// from a thread of their own: a rank that computes for hours is heard of, one that was stopped or
/// whose host is cut off is not (docs/design.md 3.1).  MPI itself waits for such a rank for ever.
///
/// Made and destroyed by the main thread, inside the life of Environment.  With one rank it does
/// nothing.
class Heartbeat {
  public:
    /// Over all ranks.  Collective; blocking.
    /// \param patience  the same on all ranks, until rank 0 says otherwise.
    /// \throws TransportError  when MPI fails.
    explicit Heartbeat(WallClock::duration patience);
    Heartbeat(const Communicator& communicator, WallClock::duration patience);
    /// Falls silent.  Others notice, unless end() was called.
    ~Heartbeat();
    Heartbeat(const Heartbeat&) = delete;
    Heartbeat& operator=(const Heartbeat&) = delete;
    Heartbeat(Heartbeat&&) = delete;
    Heartbeat& operator=(Heartbeat&&) = delete;

    /// How long rank 0 waits for a silent rank; 0: for ever.  The others hear of it at once and
    /// wait for rank 0 half as long again, so that rank 0 speaks first.  Rank 0 only.
    void set_patience(WallClock::duration patience);

    /// To be called by whoever waits for another rank; costs some nanoseconds.
    /// \throws SilentRank  when a rank has been silent for too long, now or before.
    void check() const;

    /// The rank of which nothing has been heard for longest, and the name of its host.
    std::optional<std::pair<Silence, std::string>> longest_silence() const;

    /// All is well: waits until rank 0 and every other rank have said so.  Nobody beats after it.
    /// Collective.  \throws SilentRank, TransportError
    void end();

  private:
    struct State;
    std::unique_ptr<State> state_;  // null with one rank
};

}  // namespace mobi
