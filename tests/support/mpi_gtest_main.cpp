// SPDX-License-Identifier: Apache-2.0
// main() for tests that run under mpiexec, one process per rank: any rank may fail the run.
#include <cstdio>

#include <gtest/gtest.h>
#include <mpi.h>

#include "support/all_skipped.hpp"

namespace {

// Agrees on pass/fail after every test, so a failure on one rank is a failure of the run and is
// printed with the rank that saw it.  A test that leaves messages behind fails here, not in the
// next test.
class RankAgreement : public ::testing::EmptyTestEventListener {
    void OnTestPartResult(const ::testing::TestPartResult& result) override {
        if (!result.failed()) return;
        int rank = 0;
        MPI_Comm_rank(MPI_COMM_WORLD, &rank);
        std::fprintf(stderr, "[rank %d] %s:%d\n%s\n", rank, result.file_name(),
                     result.line_number(), result.summary());
    }
    void OnTestEnd(const ::testing::TestInfo& info) override {
        int failed_here = info.result()->Failed() ? 1 : 0;
        int failed_ranks = 0;
        MPI_Allreduce(&failed_here, &failed_ranks, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
        int pending = 0;
        MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &pending, MPI_STATUS_IGNORE);
        if (pending != 0) ADD_FAILURE() << "test left an unreceived message behind";
        if (failed_ranks > 0 && failed_here == 0)
            ADD_FAILURE() << failed_ranks << " other rank(s) failed";
        MPI_Barrier(MPI_COMM_WORLD);
    }
};

}  // namespace

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    int provided = 0;
    MPI_Init_thread(&argc, &argv, MPI_THREAD_SERIALIZED, &provided);
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    auto& listeners = ::testing::UnitTest::GetInstance()->listeners();
    if (rank != 0) delete listeners.Release(listeners.default_result_printer());
    listeners.Append(new RankAgreement);
    const int status = mobi::test::status_or_skipped(RUN_ALL_TESTS());
    const int failed = status == mobi::test::kAllSkipped ? 0 : status;
    const int skipped = status == mobi::test::kAllSkipped ? 1 : 0;
    int any_failed = 0;
    int all_skipped = 0;
    MPI_Allreduce(&failed, &any_failed, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    MPI_Allreduce(&skipped, &all_skipped, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
    MPI_Finalize();
    return all_skipped != 0 ? mobi::test::kAllSkipped : any_failed;
}
