// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "transport/channel.hpp"

namespace mobi {

/// How many messages of all other ranks reached rank 0, and how fast.
struct Traffic {
    double wall_s = 0;
    /// Of the first half of all messages, how many each sender had: ranks 1, 2, ...
    std::vector<std::int64_t> first_half;

    /// Jain's index of `first_half`: 1 = all senders alike, 1/n = one alone.
    double fairness() const;
};

/// Every other rank sends `messages` of `bytes` to rank 0: through a channel of ours, at most
/// `window` of each under way.  Collective over all ranks; the result is rank 0's.
/// \pre window > 0
Traffic channel_traffic(Channel& channel, std::size_t bytes, int messages, int window);

/// The same with MPI_Send and MPI_Recv(MPI_ANY_SOURCE) alone: the rival.  Over MPI_COMM_WORLD.
Traffic raw_traffic(std::size_t bytes, int messages);

}  // namespace mobi
