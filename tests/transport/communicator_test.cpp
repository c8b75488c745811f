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

TEST(CommunicatorTest, IsAViewOfRanksThatAreAllDifferent) {
    const Communicator world(MPI_COMM_WORLD);
    EXPECT_EQ(world.get(), MPI_COMM_WORLD);
    const int mine = 1 << world.rank();
    int all = 0;
    MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_SUM, world.get());
    EXPECT_EQ(all, (1 << world.size()) - 1);
}

TEST(CommunicatorTest, ARankIsAloneInACommunicatorOfItsOwn) {
    const Communicator self(MPI_COMM_SELF);
    EXPECT_EQ(self.rank(), 0);
    EXPECT_EQ(self.size(), 1);
}

TEST(CommunicatorTest, ARejectedCommunicatorThrows) {
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    EXPECT_THROW(Communicator(MPI_COMM_NULL), TransportError);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
}

}  // namespace
}  // namespace mobi::test
