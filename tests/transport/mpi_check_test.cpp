// SPDX-License-Identifier: Apache-2.0
#include "transport/mpi_check.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/error.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

/// The call, then on the same line the reason: Open MPI's "MPI_ERR_RANK: invalid rank", or MPICH's
/// "Invalid rank", which may be followed by its stack.
void expect_rank_error(std::string text, const std::string& call) {
    EXPECT_TRUE(text.starts_with(call)) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_TRUE(contains(text, "invalid rank")) << text;
}

TEST(CheckMpiTest, SuccessIsNoError) {
    EXPECT_NO_THROW(internal::check_mpi(MPI_SUCCESS, "MPI_Isend"));
}

TEST(CheckMpiTest, AnErrorNamesTheCallAndMpisReason) {
    try {
        internal::check_mpi(MPI_ERR_RANK, "MPI_Isend");
        FAIL() << "passed";
    } catch (const TransportError& error) {
        expect_rank_error(error.what(), "MPI_Isend: ");
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
        expect_rank_error(error.what(), "MPI_Send: ");
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
