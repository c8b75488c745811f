// SPDX-License-Identifier: Apache-2.0
#include "transport/communicator.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

TEST(CommunicatorTest, RankIsBelowSize) {
    const Communicator world(MPI_COMM_WORLD);
    EXPECT_LT(world.rank(), world.size());
}

TEST(CommunicatorTest, ARejectedCommunicatorThrows) {
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    EXPECT_THROW(Communicator(MPI_COMM_NULL), TransportError);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
}

}  // namespace
}  // namespace mobi::test
