// SPDX-License-Identifier: Apache-2.0
#include "method/device_costs.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using std::chrono::seconds;

VirtualClock::time_point at(int s) {
    return VirtualClock::time_point(seconds(s));
}

/// One device, int8 packets of two samples, 3 taps of width 10 and 4 classes.
class DeviceCostsTest : public ::testing::Test {
  protected:
    DeviceCostsTest() {
        plan.backbones.resize(1);
        plan.backbones[0].layout = {Precision::Int8, 3, 10, 4, true};
        DevicePlan device;
        device.profile.compute_w = 5;
        device.profile.idle_w = 1;
        device.link.up_base_w = 2;
        device.link.up_j_per_byte = 0;
        plan.devices.push_back(device);
        deliver({at(0), at(10), at(10), at(14), at(15)});
        deliver({at(10), at(20), at(20), at(24), at(25)});
    }

    void deliver(const PacketTimes& times, std::int64_t repeated = 0) {
        Delivery delivery;
        delivery.packet = static_cast<std::int32_t>(arrived.size());
        delivery.samples = {0, 1};
        delivery.tokens = 7;
        delivery.times = times;
        // 2 x 3 vectors of 10 bytes, a scale each, 2 x 4 residuals, 2 labels, a header of 48
        delivery.charged_bytes = 60 + 24 + 32 + 8 + 48 + repeated;
        delivery.repeated_bytes = repeated;
        delivery.charged_flop = 100;
        delivery.compute_energy_j = 50;
        delivery.send_energy_j = 8;
        arrived.push_back(delivery);
    }

    std::vector<DeviceCosts> all_costs(const std::vector<Download>& fetched = {}) const {
        std::vector<const Delivery*> pointers;
        for (const Delivery& delivery : arrived) pointers.push_back(&delivery);
        return device_costs(plan, pointers, lost, fetched, 1);
    }

    DeviceCosts costs() const {
        const auto all = all_costs();
        EXPECT_EQ(all.size(), 1U);
        return all.front();
    }

    FleetPlan plan;
    std::vector<Delivery> arrived;
    std::vector<LostWork> lost;
};

TEST_F(DeviceCostsTest, BytesComeByKindAndAddUp) {
    arrived[1].repeated_bytes = 30;
    arrived[1].charged_bytes += 30;
    const DeviceCosts one = costs();
    EXPECT_EQ(one.tap_bytes, 120);
    EXPECT_EQ(one.scale_bytes, 48);
    EXPECT_EQ(one.residual_bytes, 64);
    EXPECT_EQ(one.label_bytes, 16);
    EXPECT_EQ(one.header_bytes, 96);
    EXPECT_EQ(one.repeated_bytes, 30);
    EXPECT_EQ(one.tokens, 14);
    EXPECT_EQ(one.flop, 200);
    EXPECT_EQ(one.tap_bytes + one.scale_bytes + one.residual_bytes + one.label_bytes +
                  one.header_bytes + one.repeated_bytes,
              arrived[0].charged_bytes + arrived[1].charged_bytes);
}

TEST_F(DeviceCostsTest, TimesAddUpToTheLastArrival) {
    const DeviceCosts one = costs();
    EXPECT_EQ(one.done, seconds(25));
    EXPECT_EQ(one.compute, seconds(20));
    EXPECT_EQ(one.send, seconds(8));
    EXPECT_EQ(one.both, seconds(4));  // the first upload, while the second packet is computed
    EXPECT_EQ(one.off, seconds(0));
    EXPECT_EQ(one.wait, seconds(1));  // the last packet is under way
    EXPECT_EQ(one.compute_j, 100);
    EXPECT_EQ(one.send_j, 16);
    EXPECT_EQ(one.wait_j, 1);
}

TEST_F(DeviceCostsTest, WorkInVainCostsTimeBytesAndEnergy) {
    // 20 to 22: a first attempt of the second upload; off from 22 to 30
    arrived[1].times = {at(10), at(20), at(30), at(34), at(35)};
    lost.push_back({0, 1, LostStage::Upload, at(20), at(22), 33});
    lost.push_back(
        {0, 9, LostStage::Compute, at(50), at(60), 0});  // of a packet that never arrived
    auto trace = std::make_shared<AvailabilityTrace>();
    trace->devices = 1;
    trace->rows.emplace(
        0, PeriodicSpans({{seconds(0), seconds(22)}, {seconds(30), seconds(1000)}}, seconds(1000)));
    auto pattern = std::make_shared<AvailabilityProfile>();
    pattern->kind = AvailabilityKind::Trace;
    pattern->trace = trace;
    plan.devices[0].availability = pattern;
    const DeviceCosts one = costs();
    EXPECT_EQ(one.vain_bytes, 33);
    EXPECT_EQ(one.send, seconds(10));
    EXPECT_EQ(one.off, seconds(8));
    EXPECT_EQ(one.wait, seconds(1));
    EXPECT_EQ(one.compute + one.send - one.both + one.wait + one.off, one.done);
    EXPECT_EQ(one.send_j, 16 + 4);
}

TEST_F(DeviceCostsTest, AnUnknownPowerIsNoNumber) {
    plan.devices[0].profile.idle_w = kUnknown;
    arrived[0].compute_energy_j = kUnknown;
    const DeviceCosts one = costs();
    EXPECT_TRUE(std::isnan(one.wait_j));
    EXPECT_TRUE(std::isnan(one.compute_j));
    EXPECT_FALSE(std::isnan(one.send_j));
}

TEST_F(DeviceCostsTest, ADeviceOfWhichNothingArrivesHasNone) {
    arrived.clear();
    EXPECT_TRUE(all_costs().empty());
}

// Against a look at every second: what the device did in it.
TEST_F(DeviceCostsTest, EverySecondIsOfOneKind) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        const auto below = [&](std::uint64_t bound) {
            return static_cast<int>(random.below(bound));
        };
        arrived.clear();
        lost.clear();
        std::vector<std::pair<int, int>> computing, sending;
        int computed = 0, sent = 0, done = 0;
        double flop = 0, compute_j = 0;
        for (int packet = 0; packet < 1 + below(8); ++packet) {
            if (random.below(3) == 0) {  // a first attempt, cut off
                const int start = computed + below(3), end = start + 1 + below(4);
                lost.push_back({0, packet, LostStage::Compute, at(start), at(end), 0});
                computing.emplace_back(start, end);
                compute_j += 5.0 * (end - start);
                computed = end;
            }
            const int start = computed + below(3), end = start + 1 + below(5);
            const int send = std::max(sent, end) + below(3), send_end = send + 1 + below(6);
            computing.emplace_back(start, end);
            sending.emplace_back(send, send_end);
            computed = end;
            sent = send_end;
            done = send_end + 2;
            deliver({at(start), at(end), at(send), at(send_end), at(done)});
            flop += 100;
            compute_j += 50;
        }
        std::shuffle(arrived.begin(), arrived.end(), std::mt19937(static_cast<unsigned>(seed)));
        int compute = 0, send = 0, both = 0, wait = 0;
        for (int second = 0; second < done; ++second) {
            const auto in = [&](const auto& spans) {
                return std::any_of(spans.begin(), spans.end(), [&](const auto& span) {
                    return span.first <= second && second < span.second;
                });
            };
            compute += in(computing);
            send += in(sending);
            both += in(computing) && in(sending);
            wait += !in(computing) && !in(sending);
        }
        const DeviceCosts one = costs();
        EXPECT_EQ(one.compute, seconds(compute));
        EXPECT_EQ(one.send, seconds(send));
        EXPECT_EQ(one.both, seconds(both));
        EXPECT_EQ(one.wait, seconds(wait));
        EXPECT_EQ(one.done, seconds(done));
        EXPECT_EQ(one.compute + one.send - one.both + one.wait + one.off, one.done);
        EXPECT_EQ(one.flop, flop);
        EXPECT_DOUBLE_EQ(one.compute_j, compute_j);
        EXPECT_DOUBLE_EQ(one.wait_j, wait);
    }
}

TEST_F(DeviceCostsTest, DownloadsCountUntilTheLastArrival) {
    plan.devices[0].link.down_base_w = 3;
    plan.devices[0].link.down_j_per_byte = 0;
    const auto fetch = [&](int start, int end, std::int64_t bytes) {
        Download download;
        download.start = at(start);
        download.receive_end = at(end);
        download.arrival = at(end);
        download.charged_bytes = bytes;
        download.energy_j = 3.0 * (end - start);
        return download;
    };
    const std::vector<Download> fetched{fetch(0, 2, 100), fetch(20, 25, 200),
                                        fetch(24, 26, 400)};  // the last for nothing
    lost.push_back({0, -1, LostStage::Download, at(4), at(7), 50});
    const DeviceCosts one = all_costs(fetched).front();
    EXPECT_EQ(one.down_bytes, 300);
    EXPECT_EQ(one.vain_bytes, 50);
    EXPECT_EQ(one.receive, seconds(2 + 5 + 3));
    EXPECT_DOUBLE_EQ(one.receive_j, 30);
    EXPECT_EQ(one.wait, seconds(1)) << "receiving is beside the other times";
}

TEST_F(DeviceCostsTest, WhatIsNoPacketOfTapsIsAnUpdate) {
    for (Delivery& delivery : arrived) {
        delivery.content = ContentKind::Gradients;
        delivery.charged_bytes = 1000;
        delivery.repeated_bytes = 100;
    }
    const DeviceCosts one = costs();
    EXPECT_EQ(one.update_bytes, 1800);
    EXPECT_EQ(one.repeated_bytes, 200);
    EXPECT_EQ(
        one.tap_bytes + one.scale_bytes + one.residual_bytes + one.label_bytes + one.header_bytes,
        0);
}

TEST_F(DeviceCostsTest, DevicesComeInTheirOrder) {
    DevicePlan device = plan.devices[0];
    for (std::int32_t id = 1; id < 5; ++id) {
        device.id = id;
        plan.devices.push_back(device);
    }
    Delivery other = arrived[0];
    other.device = 4;
    arrived.insert(arrived.begin(), other);
    other.device = 2;
    arrived.push_back(other);
    std::vector<std::int32_t> order;
    for (const DeviceCosts& one : all_costs()) order.push_back(one.device);
    EXPECT_EQ(order, (std::vector<std::int32_t>{0, 2, 4}));
}

}  // namespace
}  // namespace mobi::test
