// SPDX-License-Identifier: Apache-2.0
#include "method/side/fed_mobillm.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/plans.hpp"
#include "method/recorded_fleet.hpp"
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
    SideSettings side() const {
        SideSettings side;
        side.method = settings;
        return side;
    }
    std::vector<Delivery> arrived() const { return FedMobillm(side()).settle(plan).arrived; }

    FleetPlan plan;
    MethodSettings settings;
};

// docs/method.md 1.10: 30 samples at n = 512 are 1,106,160 bytes and 2.899 TFLOP with attention.
TEST_F(FedMobillmTest, ThirtySamplesCostWhatThePaperReports) {
    std::int64_t bytes = 0;
    double flop = 0;
    for (const Delivery& packet : arrived())
        if (packet.device == 0) {
            bytes += packet.charged_bytes;
            flop += packet.charged_flop;
        }
    EXPECT_EQ(bytes, 1'106'160);
    EXPECT_NEAR(flop, 2.899e12, 0.001e12);
}

TEST_F(FedMobillmTest, EverySampleTravelsOnceInShardOrder) {
    const std::vector<Delivery> packets = arrived();
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
    const std::vector<Delivery> packets = arrived();
    EXPECT_EQ(packets.size(), 10U);
    EXPECT_EQ(std::count_if(packets.begin(), packets.end(),
                            [](const Delivery& p) { return p.device == 1 && p.packet == 1; }),
              1);
}

TEST_F(FedMobillmTest, PaddingChargesWhatAPhoneWouldCompute) {
    const double batch = arrived()[0].charged_flop;
    settings.cost.padding = Padding::Max;
    const double max = arrived()[0].charged_flop;
    settings.cost.padding = Padding::None;
    const double none = arrived()[0].charged_flop;
    EXPECT_GT(max, batch);  // the first to arrive is the device of short texts
    EXPECT_EQ(none, batch);
}

TEST_F(FedMobillmTest, ItsProtocolOnTheFleetsClockIsThatOnTheRecord) {
    plan.device_epochs = 3;
    for (const double enough : {1.0, 0.5}) {
        settings.enough_share = enough;
        SideSettings own = side();
        own.server.batch = 4;
        const FedMobillm method(own);
        const std::vector<Delivery> deliveries = method.settle(plan).arrived;
        RecordedFleet recorded(deliveries);
        std::vector<FleetDevice> devices;
        for (const DevicePlan& device : plan.devices) devices.push_back(fleet_device(device));
        VirtualFleet live(devices, settings.fleet);
        const auto on_record = method.protocol(plan);
        const auto on_clock = method.protocol(plan);
        std::int64_t steps = 0;
        while (const auto expected = on_record->next(recorded)) {
            const auto step = on_clock->next(live);
            ASSERT_TRUE(step.has_value());
            EXPECT_EQ(step->kind, expected->kind);
            EXPECT_EQ(step->start, expected->start);
            EXPECT_EQ(step->end, expected->end);
            EXPECT_EQ(step->inputs, expected->inputs);
            EXPECT_EQ(step->samples, expected->samples);
            EXPECT_EQ(step->waiting, expected->waiting);
            ++steps;
        }
        EXPECT_FALSE(on_clock->next(live).has_value());
        EXPECT_EQ(steps, on_record->steps_planned());
    }
}

TEST_F(FedMobillmTest, CentralSideHasEverythingWhateverTheServerWouldWaitFor) {
    settings.deadline_s = 1e-6;
    settings.enough_share = 0.1;
    const CentralSide central(side());
    const std::vector<Delivery> deliveries = central.settle(plan).arrived;
    EXPECT_EQ(deliveries.size(), 5U);
    RecordedFleet fleet(deliveries);
    const auto protocol = central.protocol(plan);
    std::size_t inputs = 0;
    std::int64_t steps = 0;
    for (; const auto step = protocol->next(fleet); ++steps) inputs += step->inputs.size();
    EXPECT_EQ(inputs, 5U);
    EXPECT_EQ(steps, protocol->steps_planned());
}

TEST_F(FedMobillmTest, DevicesFetchWhatTheyNeedForInference) {
    const std::vector<std::int64_t> bytes = FedMobillm(side()).download_bytes(plan);
    ASSERT_EQ(bytes.size(), plan.devices.size());
    EXPECT_GT(bytes[0], 0);
    EXPECT_TRUE(CentralSide().download_bytes(plan).empty());
}

TEST_F(FedMobillmTest, CentralSideHasEverythingAtOneTimeAndChargesNothing) {
    settings.server_rate_flop_per_s = 5e12;
    const CentralSide central(side());
    const std::vector<Delivery> packets = central.settle(plan).arrived;
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
    for (const MethodEntry& entry : methods()) {
        EXPECT_EQ(entry.method({})->name(), entry.name);
        EXPECT_TRUE(entry.program() != nullptr);
    }
    EXPECT_THROW(find_method("no_such_method"), Bug);
}

}  // namespace
}  // namespace mobi::test
