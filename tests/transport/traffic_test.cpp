// SPDX-License-Identifier: Apache-2.0
#include "transport/traffic.hpp"

#include <numeric>

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/rng.hpp"
#include "transport/mpi_channel.hpp"

namespace mobi::test {
namespace {

TEST(TrafficTest, FairnessIsJainsIndex) {
    EXPECT_EQ((Traffic{0, {5, 5, 5}}.fairness()), 1);
    EXPECT_NEAR((Traffic{0, {9, 0, 0}}.fairness()), 1.0 / 3, 1e-12);
    EXPECT_NEAR((Traffic{0, {2, 1}}.fairness()), 0.9, 1e-12);
}

TEST(TrafficTest, EveryMessageComesAtEveryCountAndSize) {
    MpiChannel channel;
    for (const int messages : {64, 65, 79, 80, 200})
        for (const std::size_t bytes : {std::size_t{1}, std::size_t{5000}, std::size_t{300'000}}) {
            const Traffic raw = raw_traffic(bytes, messages);
            const Traffic ours = channel_traffic(channel, bytes, messages, 32);
            if (channel.rank() > 0) continue;
            const std::int64_t total = std::int64_t{messages} * (channel.size() - 1);
            for (const Traffic* const traffic : {&raw, &ours}) {
                EXPECT_EQ(std::accumulate(traffic->first_half.begin(), traffic->first_half.end(),
                                          std::int64_t{0}),
                          (total + 1) / 2);
                EXPECT_GT(traffic->wall_s, 0);
            }
        }
    EXPECT_FALSE(channel.receive(WallClock::duration(0.01))) << "a message is left over";
}

TEST(TrafficTest, FairnessIsBetweenOneAndOneOfNAndHasNoScale) {
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < 200; ++i) {
        Traffic traffic;
        traffic.first_half.resize(1 + stream.below(6));
        for (std::int64_t& count : traffic.first_half)
            count = static_cast<std::int64_t>(stream.below(100));
        const double fairness = traffic.fairness();
        EXPECT_LE(fairness, 1 + 1e-12);
        EXPECT_GE(fairness, 1.0 / static_cast<double>(traffic.first_half.size()) - 1e-12);
        for (std::int64_t& count : traffic.first_half) count *= 7;
        EXPECT_NEAR(traffic.fairness(), fairness, 1e-12);
    }
    EXPECT_EQ((Traffic{0, {0, 0}}.fairness()), 1) << "nobody had more than another";
    EXPECT_EQ(Traffic{}.fairness(), 1);
}

/// No credit is missing, or nothing would come; none is left over.
TEST(TrafficTest, EveryWindowEndsWithoutALeftover) {
    MpiChannel channel;
    for (const int window : {1, 2, 3, 4, 5, 7, 32})
        for (const int messages : {0, 1, 2, 5, 6, 7, 10, 31, 32, 33, 40}) {
            const Traffic traffic = channel_traffic(channel, 100, messages, window);
            if (channel.rank() > 0) continue;
            EXPECT_EQ(std::accumulate(traffic.first_half.begin(), traffic.first_half.end(),
                                      std::int64_t{0}),
                      (std::int64_t{messages} * (channel.size() - 1) + 1) / 2)
                << window << ", " << messages;
        }
    MPI_Barrier(MPI_COMM_WORLD);
    EXPECT_FALSE(channel.receive(WallClock::duration(0.01))) << "a message is left over";
}

}  // namespace
}  // namespace mobi::test
