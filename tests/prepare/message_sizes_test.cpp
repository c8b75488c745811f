// SPDX-License-Identifier: Apache-2.0
#include "prepare/message_sizes.hpp"

#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "transport/message.hpp"

namespace mobi::test {
namespace {

/// One device with so many samples, of a backbone of 12 fp32 taps.
FleetPlan plan_of(std::size_t samples, std::int32_t width = 768) {
    FleetPlan plan;
    BackbonePlan& backbone = plan.backbones.emplace_back();
    backbone.name = "tiny";
    backbone.layout.taps = 12;
    backbone.layout.width = width;
    backbone.layout.classes = 2;
    DevicePlan& device = plan.devices.emplace_back();
    device.admitted = true;
    device.samples.resize(samples);
    std::iota(device.samples.begin(), device.samples.end(), 0);
    plan.packet_samples = 1 << 20;
    return plan;
}

std::string refusal(const FleetPlan& plan) {
    try {
        check_packet_sizes(plan);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(PacketSizesTest, TheLargestPacketThatFitsIsTheOneThatIsNamed) {
    EXPECT_EQ(
        refusal(plan_of(70'000)),
        "packet.samples = 1048576: a packet of 70000 samples of backbone 'tiny' takes 2.58 GB, "
        "and a message between ranks holds 2.15 GB; accepted: at most 58235");
    const FleetPlan plan = plan_of(58'235);
    EXPECT_EQ(refusal(plan), "accepted");
    EXPECT_LE(packet_bytes(plan.backbones[0].layout, 58'235, true), kMaxMessageBytes);
    EXPECT_GT(packet_bytes(plan.backbones[0].layout, 58'236, true), kMaxMessageBytes);
    EXPECT_TRUE(refusal(plan_of(58'236)).ends_with("accepted: at most 58235"));
}

TEST(PacketSizesTest, ShardsBoundPackets) {
    EXPECT_EQ(refusal(plan_of(100)), "accepted") << "whatever packet.samples says";
}

TEST(PacketSizesTest, AnEvaluationPacketHasToFitToo) {
    EXPECT_EQ(refusal(plan_of(10, 200'000)),
              "plan.layers: 12 taps of 200000 numbers of backbone 'tiny' make evaluation packets "
              "larger than the 2.15 GB of a message between ranks; tap fewer");
}

TEST(RequestSizesTest, AGroupsTokensHaveToFitOneMessage) {
    FleetPlan plan = plan_of(2);
    TokenTable tokens;
    tokens.train.resize(2);
    for (auto& sample : tokens.train) sample.ids.resize(10'000);
    std::vector<Delivery> deliveries(2);
    for (std::size_t i = 0; i < 2; ++i) {
        deliveries[i].packet = static_cast<std::int32_t>(i);
        deliveries[i].samples = {0, 1};
    }
    EXPECT_NO_THROW(check_request_sizes(plan, deliveries, tokens, 8));
    deliveries[0].samples.assign(30'000, 0);  // 1.2 GB each
    deliveries[1].samples.assign(30'000, 1);
    try {
        check_request_sizes(plan, deliveries, tokens, 8);
        FAIL() << "accepted";
    } catch (const ConfigError& error) {
        EXPECT_STREQ(error.what(),
                     "forward.group_devices = 8: the tokens that a group of devices is asked for "
                     "take 2.4 GB, and a message between ranks holds 2.15 GB; lower it, "
                     "device.epochs or data.train_samples");
    }
    plan.devices.push_back(plan.devices[0]);
    plan.devices[1].id = 1;
    deliveries[1].device = 1;
    deliveries[1].packet = 0;
    EXPECT_NO_THROW(check_request_sizes(plan, deliveries, tokens, 1)) << "each has its own request";
}

}  // namespace
}  // namespace mobi::test
