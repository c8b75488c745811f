// SPDX-License-Identifier: Apache-2.0
#include "transport/launcher.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace mobi {
namespace {

using Variables = std::function<const char*(const char*)>;

/// The number that a variable holds; 0: it holds none.
int number(const Variables& variable, const char* name) {
    const char* const value = variable(name);
    const std::string_view text = value == nullptr ? "" : value;
    int result = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
    return error == std::errc() && end == text.data() + text.size() ? result : 0;
}

/// Tasks of the step of srun that this process is one of; 0: it is in none.
int slurm_tasks(const Variables& variable) {
    const char* id = variable("SLURM_STEP_ID");
    if (id == nullptr) id = variable("SLURM_STEPID");
    // A batch script and salloc's shell are in no such step: their id has a name, or is beyond an
    // int. The number of tasks there is that of the job, which mpirun is still to start.
    const std::string_view step = id == nullptr ? "" : id;
    if (step.empty() || step.size() > 9 ||
        step.find_first_not_of("0123456789") != std::string_view::npos)
        return 0;
    for (const char* name : {"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS", "SLURM_NPROCS"})
        if (const int tasks = number(variable, name); tasks > 0) return tasks;
    return 0;
}

constexpr std::string_view kForSlurm = "mpirun (run_slurm.sbatch) or srun --mpi=pmix";

struct Launcher {
    const char* size;  ///< the variable with the number of ranks
    std::string_view name;
};

}  // namespace

std::optional<std::string> lost_ranks(int ranks, const Variables& variable) {
    if (ranks != 1) return std::nullopt;
    const auto line = [](std::string_view who, int tasks, std::string_view remedy) {
        return fmt::format("one rank, but {} started {} tasks: use {}", who, tasks, remedy);
    };
    constexpr std::string_view kRightMpi = "the mpirun of the MPI that this program is built with";
    // what started this very process, even inside a step of Slurm
    if (variable("OMPI_COMM_WORLD_SIZE") != nullptr) {
        const int tasks = number(variable, "OMPI_COMM_WORLD_SIZE");
        if (tasks <= 1) return std::nullopt;
        return line("another Open MPI's mpirun", tasks, kRightMpi);
    }
    if (const int tasks = slurm_tasks(variable); tasks > 1) return line("Slurm", tasks, kForSlurm);
    constexpr std::array<Launcher, 4> others{{{"PMI_SIZE", "the mpirun of MPICH or Intel MPI"},
                                              {"MV2_COMM_WORLD_SIZE", "the mpirun of MVAPICH"},
                                              {"JSM_NAMESPACE_SIZE", "jsrun"},
                                              {"FLUX_JOB_SIZE", "Flux"}}};
    for (const Launcher& other : others)
        if (const int tasks = number(variable, other.size); tasks > 1)
            return line(other.name, tasks, kRightMpi);
    return std::nullopt;
}

std::optional<SrunWithoutPmix> srun_without_pmix(const Variables& variable) {
    const int tasks = slurm_tasks(variable);
    // under mpirun or with PMIx the tasks know of each other
    if (tasks <= 1 || variable("OMPI_COMM_WORLD_SIZE") != nullptr ||
        variable("PMIX_RANK") != nullptr)
        return std::nullopt;
    if (variable("PMI_RANK") == nullptr && variable("PMI_FD") == nullptr)
        return SrunWithoutPmix{*lost_ranks(1, variable), true};
    return SrunWithoutPmix{
        fmt::format("Slurm started {} tasks without PMIx: if MPI does not start, use {}", tasks,
                    kForSlurm),
        false};
}

}  // namespace mobi
