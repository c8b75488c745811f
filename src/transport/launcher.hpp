// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace mobi {

/// What is wrong when a launcher started several tasks and MPI finds itself alone in each: every
/// one of them would then be a whole run.  It happens under `srun` without PMIx and under the
/// mpirun of another MPI than the program's.
///
/// \param ranks     of MPI_COMM_WORLD.
/// \param variable  the environment: a variable's value, or null.
/// \return          a line for the user, e.g. "one rank, but Slurm started 3 tasks: use ...";
/// nothing
///                  when the environment says nothing else than MPI.
std::optional<std::string> lost_ranks(int ranks,
                                      const std::function<const char*(const char*)>& variable);

/// What will keep the tasks that srun has started from one another, asked before MPI starts: Open
/// MPI ends each of them in MPI_Init, with a page about building it again and code 1.
struct SrunWithoutPmix {
    std::string line;  ///< for the user; says what to use instead
    bool certain;      ///< `srun --mpi=none`; else `--mpi=pmi2`, with which some MPIs do start
};

/// \return  nothing where PMIx is there, or this is no step of Slurm with several tasks.
std::optional<SrunWithoutPmix> srun_without_pmix(
    const std::function<const char*(const char*)>& variable);

}  // namespace mobi
