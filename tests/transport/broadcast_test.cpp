// SPDX-License-Identifier: Apache-2.0
#include "transport/broadcast.hpp"

#include <thread>

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "support/processor_time.hpp"
#include "transport/communicator.hpp"

namespace mobi::test {
namespace {

Bytes pattern(std::size_t size, int root) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte>((i * 13 + static_cast<std::size_t>(root)) & 255U);
    return bytes;
}

TEST(BroadcastTest, AllRanksGetTheBytesOfAnyRoot) {
    const Communicator world(MPI_COMM_WORLD);
    for (int root = 0; root < world.size(); ++root)
        for (const std::size_t size : {0U, 1U, 1000U, 5'000'000U}) {
            Bytes bytes = world.rank() == root ? pattern(size, root) : Bytes(17);
            broadcast(bytes, root);
            EXPECT_TRUE(bytes == pattern(size, root));
        }
}

TEST(BroadcastTest, WaitingForTheRootCostsNoProcessorTime) {
    const Communicator world(MPI_COMM_WORLD);
    MPI_Barrier(MPI_COMM_WORLD);
    Bytes bytes;
    if (world.rank() == 0) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        bytes = pattern(100, 0);
    }
    const double start_s = processor_time_s();
    broadcast(bytes, 0);
    EXPECT_LT(processor_time_s() - start_s, 0.2);
    EXPECT_EQ(bytes, pattern(100, 0));
}

TEST(BroadcastTest, WhoeverWaitsForTheRootMayGiveUp) {
    struct GaveUp {};
    const Communicator world(MPI_COMM_WORLD);
    Bytes bytes;
    if (world.rank() == 0) {
        std::this_thread::sleep_for(std::chrono::seconds(1));
        broadcast(bytes, 0);  // of nothing: the others take no part in what would follow its size
    } else {
        EXPECT_THROW(broadcast(bytes, 0, [] { throw GaveUp(); }), GaveUp);
    }
    if (world.rank() == 0) bytes = pattern(100, 0);
    broadcast(bytes, 0);
    EXPECT_EQ(bytes, pattern(100, 0));
}

TEST(BroadcastTest, AnotherThreadMayNotCallIt) {
    std::thread([] {
        Bytes bytes;
        EXPECT_THROW(broadcast(bytes, 0), Bug);
    }).join();
}

TEST(BroadcastTest, OneAfterAnotherNeedsNothingBetweenThem) {
    const Communicator world(MPI_COMM_WORLD);
    RandomStream stream(1, Purpose::Test);  // the same on every rank
    Bytes bytes;
    for (int round = 0; round < 60; ++round) {
        const auto root = static_cast<int>(stream.below(static_cast<std::uint64_t>(world.size())));
        const auto size = static_cast<std::size_t>(stream.below(20'000));
        if (world.rank() == root) bytes = pattern(size, round);
        broadcast(bytes, root);
        ASSERT_TRUE(bytes == pattern(size, round)) << round;
    }
}

TEST(BroadcastTest, ARootThatIsNoRankIsRefused) {
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    Bytes bytes;
    EXPECT_THROW(broadcast(bytes, Communicator(MPI_COMM_WORLD).size()), TransportError);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_ARE_FATAL);
}

}  // namespace
}  // namespace mobi::test
