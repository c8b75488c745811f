// SPDX-License-Identifier: Apache-2.0
#include "method/packets.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "method/plans.hpp"

namespace mobi::test {
namespace {

class PacketsTest : public ::testing::Test {
  protected:
    PacketsTest() : plan(two_devices()) {
        settings.max_tokens = 512;
        admit(plan, settings.cost, settings.max_tokens);
    }
    FleetPlan plan;  // shards of 30 and 5 samples
    MethodSettings settings;
};

TEST_F(PacketsTest, AShardIsCutInOrderAndTheLastPacketHasTheRest) {
    const std::vector<Delivery> packets = cut_into_packets(plan, settings);
    ASSERT_EQ(packets.size(), 5U);
    EXPECT_EQ(plan.packets_planned(), 5);
    const std::vector<std::size_t> sizes{8, 8, 8, 6, 5};
    std::int32_t next = 0;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        EXPECT_EQ(packets[i].samples.size(), sizes[i]);
        EXPECT_EQ(packets[i].device, i < 4 ? 0 : 1);
        EXPECT_EQ(packets[i].packet, i < 4 ? static_cast<std::int32_t>(i) : 0);
        for (const std::int32_t id : packets[i].samples) EXPECT_EQ(id, next++);
    }
    EXPECT_EQ(packets[4].tokens, 50);
    EXPECT_EQ(packets[4].padded_tokens, 10);
}

TEST_F(PacketsTest, ARefusedDeviceHasNone) {
    plan.devices[0].admitted = false;
    const std::vector<Delivery> packets = cut_into_packets(plan, settings);
    ASSERT_EQ(packets.size(), 1U);
    EXPECT_EQ(packets[0].device, 1);
    EXPECT_EQ(plan.packets_planned(), 1);
}

TEST_F(PacketsTest, PassesCountOnAndTooManyAreRefused) {
    plan.device_epochs = 3;
    const std::vector<Delivery> packets = cut_into_packets(plan, settings);
    ASSERT_EQ(packets.size(), 15U);
    EXPECT_EQ(packets[11].packet, 11);
    EXPECT_EQ(packets[11].samples, packets[3].samples);
    plan.device_epochs = 200'001;
    EXPECT_THROW(cut_into_packets(plan, settings), ConfigError);
}

}  // namespace
}  // namespace mobi::test
