// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mpi.h>

namespace mobi {

/// A view of an MPI communicator; does not own it.
class Communicator {
  public:
    /// \param comm  valid for the lifetime of this view.
    /// \throws TransportError  when MPI rejects `comm` (needs MPI_ERRORS_RETURN).  Local.
    explicit Communicator(MPI_Comm comm);

    int rank() const noexcept { return rank_; }
    int size() const noexcept { return size_; }
    MPI_Comm get() const noexcept { return comm_; }

  private:
    MPI_Comm comm_;
    int rank_ = 0;
    int size_ = 1;
};

}  // namespace mobi
