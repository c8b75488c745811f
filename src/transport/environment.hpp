// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace mobi {

/// MPI, from construction to destruction; one a process, made and destroyed by the main thread.
///
/// How a rank ends (one of these, never the mere end of the process):
/// - all ranks know that they end: `finalise()`, which waits for the others;
/// - this rank alone has an error: `abort(error.exit_code())`, because others may wait for it.
class Environment {
  public:
    /// MPI_Init_thread with MPI_THREAD_SERIALIZED; errors are returned from then on, not fatal.
    /// Works without mpirun: one rank.
    /// \throws Bug             when MPI runs or ran already.
    /// \throws TransportError  when MPI fails, or grants fewer threads.  Collective over all ranks.
    Environment();
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    Environment(Environment&&) = delete;
    Environment& operator=(Environment&&) = delete;

    /// Finalises, unless that was done.  While an exception passes it aborts with code 70 instead:
    /// others may wait for this rank for ever.  Never throws.
    ~Environment();

    /// MPI_Finalize: waits for all other ranks to call it too.  No channel may be alive.
    /// \throws TransportError  when MPI fails.  Collective over all ranks.
    void finalise();

    /// Ends all ranks at once; mpirun returns `code`.  Also ends a process where MPI is not
    /// running, and within seconds one whose launcher does not answer.  What the C streams hold is
    /// written; no destructor runs.  From any thread.
    [[noreturn]] static void abort(int code);

  private:
    int exceptions_;
    bool running_ = false;
};

/// The MPI library at work and its version, e.g. `Open MPI v4.1.4`.  Works before MPI starts.
std::string mpi_library_version();

}  // namespace mobi
