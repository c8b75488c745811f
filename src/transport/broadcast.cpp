// SPDX-License-Identifier: Apache-2.0
#include "transport/broadcast.hpp"

#include <algorithm>
#include <cstdint>

#include <mpi.h>

#include "transport/backoff.hpp"
#include "transport/mpi_check.hpp"

namespace mobi {
namespace {

using internal::check_mpi;

constexpr std::size_t kPartBytes = std::size_t{1} << 30;  // MPI counts in an int

void broadcast_part(void* data, std::size_t count, MPI_Datatype type, int root) {
    MPI_Request request = MPI_REQUEST_NULL;
    // NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): the loop of MPI_Test below is its wait
    check_mpi(MPI_Ibcast(data, static_cast<int>(count), type, root, MPI_COMM_WORLD, &request),
              "MPI_Ibcast");
    Backoff backoff;
    while (true) {
        int complete = 0;
        check_mpi(MPI_Test(&request, &complete, MPI_STATUS_IGNORE), "MPI_Test");
        if (complete != 0) return;
        backoff.pause(WallClock::duration(1));
    }
}

}  // namespace

void broadcast(Bytes& bytes, int root) {
    internal::check_mpi_thread("broadcast");
    std::uint64_t size = bytes.size();
    broadcast_part(&size, 1, MPI_UINT64_T, root);
    bytes.resize(size);
    for (std::size_t start = 0; start < size; start += kPartBytes)
        broadcast_part(bytes.data() + start, std::min(kPartBytes, size - start), MPI_BYTE, root);
}

}  // namespace mobi
