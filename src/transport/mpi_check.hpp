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

/// MPI runs with MPI_THREAD_FUNNELED: the thread that initialised it makes all calls.
/// \throws Bug  on any other thread, and when MPI is not running.  Local.
void check_mpi_thread(std::string_view caller);

}  // namespace mobi::internal
