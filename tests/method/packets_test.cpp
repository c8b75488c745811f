// SPDX-License-Identifier: Apache-2.0
#include "method/packets.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "device/compute_model.hpp"
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

TEST_F(PacketsTest, EverySampleIsInOnePacketOfEachPass) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        FleetPlan random_plan = two_devices();
        random_plan.packet_samples = static_cast<std::int32_t>(1 + random.below(12));
        random_plan.device_epochs = static_cast<std::int32_t>(1 + random.below(4));
        for (SamplePlan& sample : random_plan.samples)
            sample.tokens = static_cast<std::int32_t>(3 + random.below(300));
        for (DevicePlan& device : random_plan.devices) {
            random.shuffle(std::span(device.samples));
            device.admitted = random.below(4) > 0;
        }
        const Padding paddings[] = {Padding::Batch, Padding::Max, Padding::None};
        settings.cost.padding = paddings[random.below(3)];
        const std::vector<Delivery> packets = cut_into_packets(random_plan, settings);
        EXPECT_EQ(std::ssize(packets), random_plan.packets_planned());
        std::size_t next = 0;
        for (const DevicePlan& device : random_plan.devices) {
            if (!device.admitted) continue;
            std::vector<std::int32_t> passed;
            for (std::int32_t number = 0; number < random_plan.packets_of(device); ++number) {
                const Delivery& packet = packets.at(next++);
                EXPECT_EQ(packet.device, device.id);
                EXPECT_EQ(packet.packet, number);
                EXPECT_LE(std::ssize(packet.samples), random_plan.packet_samples);
                passed.insert(passed.end(), packet.samples.begin(), packet.samples.end());
                std::int32_t tokens = 0, longest = 0;
                double own = 0;
                const ModelSize& size = random_plan.backbones[0].size;
                for (const std::int32_t id : packet.samples) {
                    const std::int32_t length =
                        random_plan.samples[static_cast<std::size_t>(id)].tokens;
                    tokens += length;
                    longest = std::max(longest, length);
                    own += forward_flop(size, length);
                }
                if (settings.cost.padding == Padding::Max) longest = 512;
                EXPECT_EQ(packet.tokens, tokens);
                EXPECT_EQ(packet.padded_tokens, longest);
                const double padded =
                    static_cast<double>(packet.samples.size()) * forward_flop(size, longest);
                EXPECT_DOUBLE_EQ(packet.charged_flop,
                                 settings.cost.padding == Padding::None ? own : padded);
            }
            std::vector<std::int32_t> expected;
            for (std::int32_t pass = 0; pass < random_plan.device_epochs; ++pass)
                expected.insert(expected.end(), device.samples.begin(), device.samples.end());
            EXPECT_EQ(passed, expected);
        }
        EXPECT_EQ(next, packets.size());
    }
}

TEST_F(PacketsTest, AHundredPassesAreAcceptedAndMoreIfTheyAreFew) {
    plan.device_epochs = 100;
    EXPECT_EQ(cut_into_packets(plan, settings).size(), 500U);
    plan.device_epochs = 1000;
    EXPECT_EQ(cut_into_packets(plan, settings).size(), 5000U);
    plan.device_epochs = 200'001;
    try {
        cut_into_packets(plan, settings);
        FAIL() << "1,000,005 packets";
    } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find("device.epochs = 200001: 1000005 packets"),
                  std::string::npos)
            << error.what();
    }
}

}  // namespace
}  // namespace mobi::test
