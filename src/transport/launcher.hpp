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

}  // namespace mobi
