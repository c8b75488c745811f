// SPDX-License-Identifier: Apache-2.0
#include "method/side/fed_mobillm.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "method/plans.hpp"
#include "method/registry/registry.hpp"
#include "method/side/central_side.hpp"

namespace mobi::test {
namespace {

class FedMobillmTest : public ::testing::Test {
  protected:
    FedMobillmTest() : plan(two_devices()) {
        settings.max_tokens = 512;
        settings.packet.charge_header = false;
        admit(plan, settings.cost, settings.max_tokens);
    }
    FleetPlan plan;
    MethodSettings settings;
};

// docs/method.md 1.10: 30 samples at n = 512 are 1,106,160 bytes and 2.899 TFLOP with attention.
TEST_F(FedMobillmTest, ThirtySamplesCostWhatThePaperReports) {
    std::int64_t bytes = 0;
    double flop = 0;
    for (const Delivery& packet : FedMobillm().deliveries(plan, settings).arrived)
        if (packet.device == 0) {
            bytes += packet.charged_bytes;
            flop += packet.charged_flop;
        }
    EXPECT_EQ(bytes, 1'106'160);
    EXPECT_NEAR(flop, 2.899e12, 0.001e12);
}

TEST_F(FedMobillmTest, EverySampleTravelsOnceInShardOrder) {
    const std::vector<Delivery> packets = FedMobillm().deliveries(plan, settings).arrived;
    EXPECT_EQ(packets.size(), 5U);
    EXPECT_TRUE(std::is_sorted(packets.begin(), packets.end(), [](const auto& a, const auto& b) {
        return a.times.arrival < b.times.arrival;
    }));
    std::vector<std::int32_t> seen;
    for (const Delivery& packet : packets)
        seen.insert(seen.end(), packet.samples.begin(), packet.samples.end());
    std::sort(seen.begin(), seen.end());
    for (std::int32_t id = 0; id < 35; ++id) EXPECT_EQ(seen[static_cast<std::size_t>(id)], id);
}

TEST_F(FedMobillmTest, AnotherEpochCostsTheSameAgain) {
    plan.device_epochs = 2;
    const std::vector<Delivery> packets = FedMobillm().deliveries(plan, settings).arrived;
    EXPECT_EQ(packets.size(), 10U);
    EXPECT_EQ(std::count_if(packets.begin(), packets.end(),
                            [](const Delivery& p) { return p.device == 1 && p.packet == 1; }),
              1);
}

TEST_F(FedMobillmTest, PaddingChargesWhatAPhoneWouldCompute) {
    const double batch = FedMobillm().deliveries(plan, settings).arrived[0].charged_flop;
    settings.cost.padding = Padding::Max;
    const double max = FedMobillm().deliveries(plan, settings).arrived[0].charged_flop;
    settings.cost.padding = Padding::None;
    const double none = FedMobillm().deliveries(plan, settings).arrived[0].charged_flop;
    EXPECT_GT(max, batch);  // the first to arrive is the device of short texts
    EXPECT_EQ(none, batch);
}

TEST_F(FedMobillmTest, CentralSideHasEverythingAtOneTimeAndChargesNothing) {
    settings.server_rate_flop_per_s = 5e12;
    const CentralSide central;
    const std::vector<Delivery> packets = central.deliveries(plan, settings).arrived;
    double flop = 0;
    for (const Delivery& packet : packets) {
        EXPECT_EQ(packet.times.arrival, packets[0].times.arrival);
        EXPECT_EQ(packet.charged_bytes, 0);
        flop += packet.charged_flop;
    }
    EXPECT_NEAR(std::chrono::duration<double>(packets[0].times.arrival.time_since_epoch()).count(),
                flop / 5e12, 1e-9);
    EXPECT_FALSE(central.uploads());
    EXPECT_EQ(central.tap_precision({Precision::Int4}), Precision::Fp32);
}

TEST(RegistryTest, KnowsEveryMethodByItsName) {
    EXPECT_EQ(make_method({MethodName::FedMobillm})->name(), "fed_mobillm");
    EXPECT_EQ(make_method({MethodName::CentralSide})->name(), "central_side");
}

}  // namespace
}  // namespace mobi::test
