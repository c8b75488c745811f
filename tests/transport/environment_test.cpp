// SPDX-License-Identifier: Apache-2.0
// The life of MPI in one process without mpirun.  How a rank of several ends:
// environment_probe.cpp.
#include "transport/environment.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/contains.hpp"
#include "transport/mpi_channel.hpp"
#include "transport/mpi_check.hpp"

namespace mobi::test {
namespace {

TEST(EnvironmentTest, TheLibraryIsNamedBeforeMpiStarts) {
    const std::string version = mpi_library_version();
    EXPECT_FALSE(version.empty());
    EXPECT_EQ(version.find_first_of(",\n"), std::string::npos) << version;
}

TEST(EnvironmentTest, MpiStartsOnceAndIsFinalisedOnce) {
    {
        Environment environment;
        EXPECT_THROW(Environment(), Bug) << "while it runs";
        {
            MpiChannel channel;
            EXPECT_EQ(channel.size(), 1);
            channel.send(0, 3, Bytes(5));
            EXPECT_EQ(channel.receive(WallClock::duration(20)), (Message{0, 3, Bytes(5)}));
            channel.flush();
        }
        environment.finalise();
        EXPECT_THROW(environment.finalise(), Bug) << "twice";
    }
    EXPECT_THROW(Environment(), Bug) << "after it ended";
    try {
        internal::check_mpi_thread("flush");
        FAIL() << "passed";
    } catch (const Bug& error) {
        EXPECT_TRUE(contains(error.what(), "flush: MPI is not running"));
    }
}

}  // namespace
}  // namespace mobi::test
