// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "transport/channel.hpp"

namespace mobi {

class Communicator;

/// A channel over MPI: MPI_Isend, and MPI_Improbe with MPI_Imrecv for matched receives, from the
/// senders in turn.
///
/// A large message may take longer to come in than a receive() lasts; its reception goes on in the
/// next call.  All calls from the main thread, else Bug.
class MpiChannel final : public Channel {
  public:
    /// Over all ranks.  Local.
    /// \param on_wait  called by receive(), and by flush() while it waits; may throw to give up.
    explicit MpiChannel(std::function<void()> on_wait = {});
    /// \param communicator  outlives the channel.  Two channels over one take each other's
    /// messages.
    explicit MpiChannel(const Communicator& communicator, std::function<void()> on_wait = {});

    /// Flush before: messages that are still under way are reported in the log, unless an exception
    /// passes, and their bytes are left to MPI, which may still read them.
    ~MpiChannel() override;
    MpiChannel(const MpiChannel&) = delete;
    MpiChannel& operator=(const MpiChannel&) = delete;
    MpiChannel(MpiChannel&&) = delete;
    MpiChannel& operator=(MpiChannel&&) = delete;

    void send(int to, int tag, Bytes bytes) override;
    std::optional<Message> receive(WallClock::duration wall_timeout) override;
    void flush() override;
    int rank() const override;
    int size() const override;

  private:
    struct State;
    static void lend_to_mpi(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace mobi
