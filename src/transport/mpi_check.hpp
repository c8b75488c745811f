// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace mobi::internal {

/// Every MPI return code passes through here.
///
/// \param code  what `call` returned; MPI_ERRORS_RETURN must be set, or MPI never returns one
/// \param call  e.g. `"MPI_Isend"`
/// \throws TransportError  `"MPI_Isend: MPI_ERR_RANK: invalid rank"`.  Local.
void check_mpi(int code, std::string_view call);

/// What moves data is called by the thread that initialised MPI; see Heartbeat for the other one.
/// \throws Bug  on any other thread, and when MPI is not running.  Local.
void check_mpi_thread(std::string_view caller);

}  // namespace mobi::internal
