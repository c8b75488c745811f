// SPDX-License-Identifier: Apache-2.0
#include "transport/traffic.hpp"

#include <numeric>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mobi::test
