// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "transport/channel.hpp"

namespace mobi {

/// A channel between two threads of one process, for runs with a single rank: the server's end is
/// rank 0, the worker's rank 1, of 2.  The same bytes as over MPI, moved and not copied; no MPI
/// call.
///
/// Each end is used by one thread at a time; the ends may be in different threads.
class LocalChannel final : public Channel {
  public:
    using Pair = std::pair<std::unique_ptr<LocalChannel>, std::unique_ptr<LocalChannel>>;

    /// The two ends: rank 0, rank 1.
    static Pair make_pair();

    /// Closes this end.
    ~LocalChannel() override;
    LocalChannel(const LocalChannel&) = delete;
    LocalChannel& operator=(const LocalChannel&) = delete;
    LocalChannel(LocalChannel&&) = delete;
    LocalChannel& operator=(LocalChannel&&) = delete;

    /// Tells the other end that nothing more comes and nothing is taken: what is under way is still
    /// delivered, then its receive(), and every send(), throws TransportError with `why`.  Twice
    /// does nothing.
    void close(std::string_view why);

    void send(int to, int tag, Bytes bytes) override;
    std::optional<Message> receive(WallClock::duration wall_timeout) override;
    void flush() override {}  // send() has handed the bytes over
    int rank() const override { return rank_; }
    int size() const override { return 2; }

  private:
    struct Link;
    LocalChannel(std::shared_ptr<Link> link, int rank);

    std::shared_ptr<Link> link_;
    int rank_;
};

}  // namespace mobi
