// SPDX-License-Identifier: Apache-2.0
// Ranks that really fall silent, over MPI.  How long silence is counted: attendance_test.cpp.
#include "transport/heartbeat.hpp"

#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <mpi.h>

#include "support/contains.hpp"
#include "transport/mpi_channel.hpp"
#include "transport/silent_rank.hpp"

namespace mobi::test {
namespace {

using Seconds = WallClock::duration;
constexpr Seconds kPatience(1);
constexpr Seconds kLongest(60);  // of a test, so that it fails rather than hangs

int own_rank() {
    int rank = 0;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return rank;
}

int ranks() {
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    return size;
}

std::string host() {
    char name[MPI_MAX_PROCESSOR_NAME] = {};
    int length = 0;
    MPI_Get_processor_name(name, &length);
    return name;
}

/// A computation that never calls MPI.
void compute(Seconds time) {
    const WallClock::time_point end = WallClock::now() + time;
    while (WallClock::now() < end) std::this_thread::yield();
}

/// What wait() throws.
template <typename Wait>
std::string silence_in(Wait&& wait) {
    try {
        wait();
    } catch (const SilentRank& error) {
        EXPECT_EQ(error.exit_code(), 4);
        return error.what();
    }
    return "";
}

void wait_for_silence(const Heartbeat& heartbeat) {
    const WallClock::time_point end = WallClock::now() + kLongest;
    while (WallClock::now() < end) {
        heartbeat.check();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

bool begins_with(const std::string& text, const std::string& begin) {
    return text.compare(0, begin.size(), begin) == 0;
}

TEST(HeartbeatTest, ARankThatComputesIsNotSilent) {
    Heartbeat heartbeat(kPatience);
    MpiChannel channel([&] { heartbeat.check(); });
    const int last = ranks() - 1;
    if (own_rank() == last) {
        compute(2.5 * kPatience);
        if (last > 0) channel.send(0, 1, {});
    } else if (own_rank() == 0) {
        EXPECT_TRUE(channel.receive(kLongest));
    }
    channel.flush();
    heartbeat.end();
}

TEST(HeartbeatTest, AServerThatComputesIsNotSilent) {
    Heartbeat heartbeat(kPatience);
    MpiChannel channel([&] { heartbeat.check(); });
    if (own_rank() == 0) {
        compute(3.5 * kPatience);
        for (int rank = 1; rank < ranks(); ++rank) channel.send(rank, 1, {});
    } else {
        EXPECT_TRUE(channel.receive(kLongest));
    }
    channel.flush();
    heartbeat.end();
}

TEST(HeartbeatTest, ASilentRankEndsWhateverRankZeroWaitsFor) {
    if (ranks() == 1) return;
    const int last = ranks() - 1;
    const std::string expected =
        "rank " + std::to_string(last) + " on " + host() + " has been silent for ";
    Heartbeat heartbeat(kPatience);
    if (own_rank() == last) return;  // falls silent, with its heartbeat
    if (own_rank() > 0) {
        // rank 0 falls silent when it has noticed
        EXPECT_TRUE(begins_with(silence_in([&] { wait_for_silence(heartbeat); }),
                                "rank 0 on " + host() + " has been silent for "));
        return;
    }
    MpiChannel channel([&] { heartbeat.check(); });
    const std::string text = silence_in([&] { channel.receive(kLongest); });
    EXPECT_TRUE(begins_with(text, expected)) << text;
    EXPECT_TRUE(contains(text, "(run.patience)")) << text;
    EXPECT_EQ(silence_in([&] { channel.receive({}); }), text) << "it is not forgiven";
    EXPECT_EQ(silence_in([&] { heartbeat.end(); }), text);
    ASSERT_TRUE(heartbeat.longest_silence());
    EXPECT_EQ(heartbeat.longest_silence()->first.rank, last);
    EXPECT_EQ(heartbeat.longest_silence()->second, host());
}

TEST(HeartbeatTest, ASilentServerEndsTheOthers) {
    if (ranks() == 1) return;
    auto heartbeat = std::make_unique<Heartbeat>(100 * kPatience);
    if (own_rank() == 0) {
        heartbeat->set_patience(kPatience);
        compute(kPatience);  // until all have heard of it
        heartbeat.reset();
        return;
    }
    MpiChannel channel([&] { heartbeat->check(); });
    EXPECT_TRUE(begins_with(silence_in([&] { channel.receive(kLongest); }),
                            "rank 0 on " + host() + " has been silent for "));
}

TEST(HeartbeatTest, TheEndWaitsForTheOthersWhoAreStillHeard) {
    Heartbeat heartbeat(kPatience);
    if (own_rank() == 0) compute(2.5 * kPatience);  // the others are at their end long before
    heartbeat.end();
    EXPECT_NO_THROW(heartbeat.check());
    EXPECT_FALSE(heartbeat.longest_silence());
    EXPECT_NO_THROW(heartbeat.end()) << "twice does nothing";
}

}  // namespace
}  // namespace mobi::test
