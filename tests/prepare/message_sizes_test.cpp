// SPDX-License-Identifier: Apache-2.0
#include "prepare/message_sizes.hpp"

#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
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

/// What one sample takes in a packet, by the packets' own arithmetic.
std::size_t sample_bytes(const PacketLayout& layout) {
    return packet_bytes(layout, 2, true) - packet_bytes(layout, 1, true);
}

TEST(PacketSizesTest, TheLimitIsThatOfTheLastByte) {
    RandomStream random(1, Purpose::Test, 31);
    for (int i = 0; i < 60; ++i) {
        FleetPlan plan = plan_of(0, 20'000 + static_cast<std::int32_t>(random.below(3000)));
        PacketLayout& layout = plan.backbones[0].layout;
        layout.dtype = static_cast<Precision>(random.below(5));
        layout.taps = 1 + static_cast<std::int32_t>(random.below(24));
        layout.classes = 2 + static_cast<std::int32_t>(random.below(20));
        layout.labels = random.below(2) == 0;
        const std::size_t most = (kMaxMessageBytes - kPacketHeaderBytes) / sample_bytes(layout);
        ASSERT_LE(packet_bytes(layout, most, true), kMaxMessageBytes);
        ASSERT_GT(packet_bytes(layout, most + 1, true), kMaxMessageBytes);
        plan.devices[0].samples.resize(most);
        EXPECT_EQ(refusal(plan), "accepted") << i;
        plan.devices[0].samples.resize(most + 1);
        EXPECT_TRUE(refusal(plan).ends_with("accepted: at most " + std::to_string(most))) << i;
        plan.packet_samples = static_cast<std::int32_t>(most);
        EXPECT_EQ(refusal(plan), "accepted") << "the shard is cut into packets";
    }
}

TEST(PacketSizesTest, TheLargestShardOfABackboneCounts) {
    FleetPlan plan = plan_of(10);
    for (const std::size_t samples : {70'000U, 3U}) {
        plan.devices.push_back(plan.devices[0]);
        plan.devices.back().samples.resize(samples);
    }
    EXPECT_TRUE(refusal(plan).starts_with("packet.samples = 1048576: a packet of 70000 samples"));
    plan.backbones.push_back(plan.backbones[0]);
    plan.backbones[1].name = "narrow";
    plan.backbones[1].layout.width = 64;
    plan.devices[1].backbone = 1;
    EXPECT_EQ(refusal(plan), "accepted") << "its packets are smaller";
}

TEST(PacketSizesTest, ABackboneOfNoDeviceIsNotLookedAt) {
    FleetPlan plan = plan_of(10);
    plan.backbones.push_back(plan.backbones[0]);
    plan.backbones[1].layout.width = 200'000;
    EXPECT_EQ(refusal(plan), "accepted");
    plan.devices[0].backbone = 1;
    EXPECT_TRUE(refusal(plan).starts_with("plan.layers: "));
}

TEST(PacketSizesTest, EvaluationPacketsAreOfFp32WithoutLabelsWhateverUploadsAre) {
    FleetPlan plan = plan_of(1);
    PacketLayout& layout = plan.backbones[0].layout;
    layout.taps = 1;
    constexpr auto kPart = static_cast<std::size_t>(ForwardRequests::kEvaluationPart);
    // of a sample: its id, an output of two classes, the tap
    const std::size_t widest = ((kMaxMessageBytes - kPacketHeaderBytes) / kPart - 4 - 8) / 4;
    for (const Precision dtype : {Precision::Fp32, Precision::Fp16, Precision::Int4}) {
        layout.dtype = dtype;
        layout.labels = true;
        layout.width = static_cast<std::int32_t>(widest);
        EXPECT_EQ(refusal(plan), "accepted");
        ++layout.width;
        EXPECT_TRUE(refusal(plan).starts_with("plan.layers: 1 taps of "));
    }
}

/// One device whose only upload has `last` words in its last sample and a million in others.
std::string refusal_of_words(std::size_t others, std::size_t last, std::size_t types) {
    constexpr std::size_t kMillion = 1'000'000;
    constexpr std::size_t kHead = 5;
    FleetPlan plan = plan_of(2);
    TokenTable tokens;
    tokens.train.resize(2);
    tokens.train[0].ids.resize(kMillion - kHead);
    tokens.train[1].ids.resize(last - kHead - types);
    tokens.train[1].type_ids.resize(types);
    std::vector<Delivery> deliveries(1);
    deliveries[0].samples.assign(others, 0);
    deliveries[0].samples.push_back(1);
    try {
        check_request_sizes(plan, deliveries, tokens, 1);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(RequestSizesTest, TheLimitIsThatOfTheLastWord) {
    // 64 bytes before the packets, 36 of each, then words of four
    const std::size_t words = (kMaxMessageBytes - 64 - 36) / 4;
    const std::size_t others = words / 1'000'000;
    const std::size_t rest = words % 1'000'000;
    EXPECT_EQ(refusal_of_words(others, rest, 0), "accepted");
    EXPECT_EQ(refusal_of_words(others, rest, 1000), "accepted") << "types are words too";
    EXPECT_TRUE(refusal_of_words(others, rest + 1, 0).starts_with("forward.group_devices = 1: "));
    EXPECT_TRUE(refusal_of_words(others, rest + 1, 1000).starts_with("forward.group_devices"));
}

TEST(RequestSizesTest, AMessageIsNeverLargerThanWhatIsCounted) {
    RandomStream random(2, Purpose::Test, 32);
    for (int round = 0; round < 30; ++round) {
        FleetPlan plan = plan_of(0);
        TokenTable tokens;
        tokens.test.resize(1);
        std::vector<Delivery> deliveries;
        for (std::int32_t id = 0; id < 4; ++id) {
            if (id > 0) plan.devices.push_back(plan.devices[0]);
            plan.devices.back().id = id;
            for (std::int32_t packet = 0; packet < 3; ++packet) {
                Delivery& delivery = deliveries.emplace_back();
                delivery.device = id;
                delivery.packet = packet;
                const std::size_t samples = 1 + random.below(4);
                for (std::size_t i = 0; i < samples; ++i) {
                    delivery.samples.push_back(static_cast<std::int32_t>(tokens.train.size()));
                    TokenTable::Sample& sample = tokens.train.emplace_back();
                    sample.id = delivery.samples.back();
                    sample.ids.resize(1 + random.below(30));
                    if (random.below(2) == 0) sample.type_ids.resize(sample.ids.size());
                }
            }
        }
        const ForwardRequests requests(plan, deliveries, tokens, false,
                                       1 + static_cast<std::int32_t>(random.below(4)));
        for (std::size_t i = 0; i < requests.entries().size(); ++i) {
            std::size_t counted = 64;
            for (const std::int64_t index : requests.entries()[i].deliveries) {
                counted += 36;
                for (const std::int32_t id : deliveries[static_cast<std::size_t>(index)].samples) {
                    const auto& sample = tokens.train[static_cast<std::size_t>(id)];
                    counted += 4 * (5 + sample.ids.size() + sample.type_ids.size());
                }
            }
            EXPECT_LE(encode_request(requests.build(i)).size(), counted);
        }
    }
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
