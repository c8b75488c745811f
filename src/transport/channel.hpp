// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "core/clock.hpp"
#include "transport/message.hpp"

namespace mobi {

/// Carries messages between ranks: over MPI (MpiChannel), or between two threads of one process
/// (LocalChannel).  Messages of one source arrive in the order they were sent, each once.
/// A channel is used by one thread.
class Channel {
  public:
    Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    Channel(Channel&&) = delete;
    Channel& operator=(Channel&&) = delete;
    virtual ~Channel() = default;

    /// Sends without waiting for the receiver; the channel keeps the bytes until they are gone.
    /// Nothing bounds what it keeps: that is for the protocol above (credits).
    ///
    /// \param to   a rank
    /// \param tag  0..kMaxTag
    /// \throws TransportError  when the message is above kMaxMessageBytes, MPI fails, or the other
    ///                         end is closed.
    /// \throws Bug             for an impossible rank or tag.
    virtual void send(int to, int tag, Bytes bytes) = 0;

    /// The next message of any source and tag, or nothing after `wall_timeout`.
    ///
    /// \param wall_timeout  0 asks once; may be infinite.  A wait costs next to no processor time
    ///                      (Backoff).
    /// \throws TransportError  when MPI fails, or the other end is closed and nothing is left.
    virtual std::optional<Message> receive(WallClock::duration wall_timeout) = 0;

    /// Waits until all that was sent is out of this channel's hands: received, or buffered by MPI.
    /// What arrives meanwhile is kept for receive(), so two ranks may flush to each other.
    /// \throws TransportError  when MPI fails.
    virtual void flush() = 0;

    virtual int rank() const = 0;
    virtual int size() const = 0;
};

}  // namespace mobi
