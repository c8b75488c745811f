// SPDX-License-Identifier: Apache-2.0
#include "transport/launcher.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

using Environment = std::map<std::string, std::string>;

std::string said(const Environment& environment, int ranks = 1) {
    return lost_ranks(ranks,
                      [&](const char* name) -> const char* {
                          const auto found = environment.find(name);
                          return found == environment.end() ? nullptr : found->second.c_str();
                      })
        .value_or("");
}

TEST(LauncherTest, TasksOfSlurmThatDidNotFindEachOther) {
    const std::string line =
        "one rank, but Slurm started 3 tasks: use mpirun (run_slurm.sbatch) or srun --mpi=pmix";
    EXPECT_EQ(said({{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "3"}, {"SLURM_NPROCS", "3"}}), line);
    EXPECT_EQ(said({{"SLURM_STEPID", "12"}, {"SLURM_NPROCS", "3"}}), line);
    EXPECT_EQ(said({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "3"}, {"PMI_SIZE", "3"}}),
              line);
}

TEST(LauncherTest, AJobInWhichMpirunIsStillToStartThem) {
    EXPECT_EQ(said({{"SLURM_JOB_ID", "77"}, {"SLURM_NTASKS", "64"}, {"SLURM_PROCID", "0"}}), "");
    EXPECT_EQ(said({{"SLURM_STEP_ID", "batch"}, {"SLURM_NTASKS", "64"}}), "");
    EXPECT_EQ(said({{"SLURM_STEP_ID", "4294967290"}, {"SLURM_NTASKS", "64"}}),
              "");  // salloc's shell
    EXPECT_EQ(said({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "64"}}),
              "");  // srun --pty bash
}

TEST(LauncherTest, WhatMpirunSaysCountsMoreThanTheStepItIsIn) {
    Environment environment{{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "3"}};
    environment["OMPI_COMM_WORLD_SIZE"] = "1";
    EXPECT_EQ(said(environment), "");
    environment["OMPI_COMM_WORLD_SIZE"] = "4";
    EXPECT_NE(said(environment).find("another Open MPI's mpirun started 4 tasks"),
              std::string::npos);
}

TEST(LauncherTest, SrunWithoutPmixIsToldBeforeMpiStarts) {
    const auto doubt = [](const Environment& environment) {
        return srun_without_pmix([&](const char* name) -> const char* {
            const auto found = environment.find(name);
            return found == environment.end() ? nullptr : found->second.c_str();
        });
    };
    Environment step{{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "3"}};
    ASSERT_TRUE(doubt(step));
    EXPECT_TRUE(doubt(step)->certain);
    EXPECT_EQ(
        doubt(step)->line,
        "one rank, but Slurm started 3 tasks: use mpirun (run_slurm.sbatch) or srun --mpi=pmix");
    step["PMI_RANK"] = "1";  // --mpi=pmi2
    ASSERT_TRUE(doubt(step));
    EXPECT_FALSE(doubt(step)->certain);
    EXPECT_NE(doubt(step)->line.find("if MPI does not start, use mpirun"), std::string::npos);
    step["PMIX_RANK"] = "1";
    EXPECT_FALSE(doubt(step));
    EXPECT_FALSE(doubt({{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}}));
    EXPECT_FALSE(doubt({{"SLURM_STEP_ID", "batch"}, {"SLURM_NTASKS", "3"}}));
    EXPECT_FALSE(
        doubt({{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "3"}, {"OMPI_COMM_WORLD_SIZE", "3"}}));
    EXPECT_FALSE(doubt({{"PMI_SIZE", "8"}, {"PMI_RANK", "0"}}));
}

TEST(LauncherTest, TheMpirunOfAnotherMpi) {
    EXPECT_EQ(
        said({{"PMI_SIZE", "8"}}),
        "one rank, but the mpirun of MPICH or Intel MPI started 8 tasks: use the mpirun of the "
        "MPI that this program is built with");
    EXPECT_NE(said({{"JSM_NAMESPACE_SIZE", "2"}}).find("jsrun started 2"), std::string::npos);
    for (const char* none : {"", "1", "0", "-4", "many", "99999999999"})
        EXPECT_EQ(said({{"PMI_SIZE", none}}), "") << none;
}

TEST(LauncherTest, RanksThatFoundEachOtherAreNotAskedAbout) {
    EXPECT_EQ(said({{"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "3"}}, 3), "");
    EXPECT_EQ(said({}), "");
}

TEST(LauncherTest, EveryLauncherIsCalledByItsName) {
    EXPECT_NE(said({{"MV2_COMM_WORLD_SIZE", "2"}}).find("the mpirun of MVAPICH started 2"),
              std::string::npos);
    EXPECT_NE(said({{"FLUX_JOB_SIZE", "5"}}).find("Flux started 5 tasks"), std::string::npos);
}

TEST(LauncherTest, TheStepsOwnNumberCountsMoreThanTheJobs) {
    Environment environment{{"SLURM_STEP_ID", "0"}, {"SLURM_NPROCS", "5"}};
    EXPECT_NE(said(environment).find("Slurm started 5"), std::string::npos);
    environment["SLURM_NTASKS"] = "4";
    EXPECT_NE(said(environment).find("Slurm started 4"), std::string::npos);
    environment["SLURM_STEP_NUM_TASKS"] = "3";
    EXPECT_NE(said(environment).find("Slurm started 3"), std::string::npos);
    environment["SLURM_STEP_NUM_TASKS"] = "nonsense";
    EXPECT_NE(said(environment).find("Slurm started 4"), std::string::npos);
    environment["SLURM_STEP_ID"] = "-1";
    EXPECT_EQ(said(environment), "");
}

}  // namespace
}  // namespace mobi::test
