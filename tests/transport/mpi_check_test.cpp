// SPDX-License-Identifier: Apache-2.0
#include "transport/mpi_check.hpp"

#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/error.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

TEST(CheckMpiTest, SuccessIsNoError) {
    EXPECT_NO_THROW(internal::check_mpi(MPI_SUCCESS, "MPI_Isend"));
}

TEST(CheckMpiTest, AnErrorNamesTheCallAndMpisReason) {
    try {
        internal::check_mpi(MPI_ERR_RANK, "MPI_Isend");
        FAIL() << "passed";
    } catch (const TransportError& error) {
        EXPECT_STREQ(error.what(), "MPI_Isend: MPI_ERR_RANK: invalid rank");
    }
}

TEST(CheckMpiTest, ACallOfOursThatFailsIsTold) {
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    const int code = MPI_Send(&rank, 1, MPI_INT, 1 << 20, 0, MPI_COMM_WORLD);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
    try {
        internal::check_mpi(code, "MPI_Send");
        FAIL() << "sent to nobody";
    } catch (const TransportError& error) {
        EXPECT_TRUE(contains(error.what(), "MPI_Send: MPI_ERR_RANK"));
    }
}

TEST(CheckMpiThreadTest, OnlyTheMainThreadMayCall) {
    EXPECT_NO_THROW(internal::check_mpi_thread("flush"));
    std::thread([] {
        try {
            internal::check_mpi_thread("flush");
            FAIL() << "passed";
        } catch (const Bug& error) {
            EXPECT_TRUE(contains(error.what(), "flush: only the main thread may call MPI"));
        }
    }).join();
}

}  // namespace
}  // namespace mobi::test
