// SPDX-License-Identifier: Apache-2.0
#include "transport/broadcast.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <mpi.h>

#include "transport/backoff.hpp"
#include "transport/mpi_check.hpp"
#include "transport/mpi_turn.hpp"

namespace mobi {
namespace {

using internal::check_mpi;
using internal::MpiTurn;

constexpr std::size_t kPartBytes = std::size_t{1} << 30;  // MPI counts in an int

/// What MPI reads and writes.
struct Content {
    std::uint64_t size = 0;
    Bytes bytes;
};

void broadcast_part(void* data,
                    std::size_t count,
                    MPI_Datatype type,
                    int root,
                    const std::function<void()>& on_wait) {
    MPI_Request request = MPI_REQUEST_NULL;
    {
        const MpiTurn turn;
        // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): the loop below is its wait
        check_mpi(MPI_Ibcast(data, static_cast<int>(count), type, root, MPI_COMM_WORLD, &request),
                  "MPI_Ibcast");
    }
    Backoff backoff;
    while (true) {
        int complete = 0;
        {
            const MpiTurn turn;
            check_mpi(MPI_Test(&request, &complete, MPI_STATUS_IGNORE), "MPI_Test");
        }
        if (complete != 0) return;
        if (on_wait) on_wait();
        backoff.pause(WallClock::duration(1));
    }
}

void broadcast_content(Content& content, int root, const std::function<void()>& on_wait) {
    broadcast_part(&content.size, 1, MPI_UINT64_T, root, on_wait);
    content.bytes.resize(content.size);
    for (std::size_t start = 0; start < content.size; start += kPartBytes)
        broadcast_part(content.bytes.data() + start, std::min(kPartBytes, content.size - start),
                       MPI_BYTE, root, on_wait);
}

}  // namespace

void broadcast(Bytes& bytes, int root, const std::function<void()>& on_wait) {
    internal::check_mpi_thread("broadcast");
    auto content = std::make_unique<Content>(Content{bytes.size(), std::move(bytes)});
    try {
        broadcast_content(*content, root, on_wait);
    } catch (...) {
        // Given up: MPI may still read or write it, until the process ends.
        static auto* const lent = new std::vector<std::unique_ptr<Content>>;
        lent->push_back(std::move(content));
        throw;
    }
    bytes = std::move(content->bytes);
}

}  // namespace mobi
