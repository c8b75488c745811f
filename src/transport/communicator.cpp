// SPDX-License-Identifier: Apache-2.0
#include "transport/communicator.hpp"

#include "transport/mpi_check.hpp"

namespace mobi {

Communicator::Communicator(MPI_Comm comm) : comm_(comm) {
    internal::check_mpi(MPI_Comm_rank(comm, &rank_), "MPI_Comm_rank");
    internal::check_mpi(MPI_Comm_size(comm, &size_), "MPI_Comm_size");
}

}  // namespace mobi
