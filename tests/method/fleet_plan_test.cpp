// SPDX-License-Identifier: Apache-2.0
#include "method/fleet_plan.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "method/plans.hpp"

namespace mobi::test {
namespace {

TEST(AdmitTest, CountsDevicesAndSamplesAndPlacesPackets) {
    FleetPlan plan = two_devices();
    admit(plan, {}, 512);
    EXPECT_EQ(plan.admitted_devices(), 2);
    EXPECT_EQ(plan.admitted_samples(), 35);
    EXPECT_EQ(plan.backbones[0].devices, 2);
    EXPECT_EQ(plan.samples[0].packet, 0);
    EXPECT_EQ(plan.samples[29].packet, 3);
    EXPECT_EQ(plan.samples[30].device, 1);
}

TEST(AdmitTest, RefusesTheDeviceThatLacksMemory) {
    FleetPlan plan = two_devices();
    plan.devices[0].profile.memory_bytes = 100e6;
    admit(plan, {}, 512);
    EXPECT_FALSE(plan.devices[0].admitted);
    EXPECT_TRUE(plan.devices[1].admitted);
    EXPECT_EQ(plan.admitted_samples(), 5);
}

TEST(AdmitTest, AFleetWithoutAnAdmittedDeviceIsAnErrorThatSaysWhatIsNeeded) {
    FleetPlan plan = two_devices();
    for (DevicePlan& device : plan.devices) device.profile.memory_bytes = 1e6;
    try {
        admit(plan, {}, 512);
        FAIL() << "admitted nobody and went on";
    } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find("phone with base needs"), std::string::npos);
    }
}

TEST(LargestThatFitsTest, GoesByMemory) {
    FleetPlan plan = two_devices();
    plan.backbones.push_back(plan.backbones[0]);
    plan.backbones[1].size.parameters = plan.backbones[0].size.parameters / 10;
    plan.backbones.push_back(plan.backbones[0]);
    plan.backbones[2].size.parameters = plan.backbones[0].size.parameters * 10;
    const std::vector<std::int32_t> all{0, 1, 2};
    DeviceProfile device;
    device.memory_bytes = 1e12;
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 2);
    const double half = 2.0 * static_cast<double>(plan.backbones[0].size.parameters);  // fp16
    device.memory_bytes = 2 * half;
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 0);
    device.memory_bytes = half;  // weights alone would fit, a packet does not
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 1);
    device.memory_bytes = 1;
    EXPECT_EQ(largest_that_fits(plan, all, device, 128), 1) << "the smallest, to be refused";
    EXPECT_EQ(largest_that_fits(plan, std::vector<std::int32_t>{2}, device, 128), 2);
}

TEST(ChargedLengthTest, FollowsCostPadding) {
    FleetPlan plan = two_devices();
    const std::vector<std::int32_t> mixed{0, 30};
    EXPECT_EQ(charged_length(plan, mixed, {Padding::Batch}, 600), 512);
    EXPECT_EQ(charged_length(plan, mixed, {Padding::Max}, 600), 600);
}

/// A random fleet of three backbones, every sample on one device.
FleetPlan random_plan(std::uint64_t seed) {
    RandomStream random(seed, Purpose::Test);
    FleetPlan plan = two_devices();
    const BackbonePlan backbone = plan.backbones[0];
    for (const std::int64_t parameters : {10'000'000, 40'000'000}) {
        plan.backbones.push_back(backbone);
        plan.backbones.back().size.parameters = parameters;
        plan.backbones.back().weight_dtype =
            random.below(2) == 0 ? Precision::Int8 : Precision::Fp32;
    }
    plan.packet_samples = static_cast<std::int32_t>(1 + random.below(9));
    plan.device_epochs = static_cast<std::int32_t>(1 + random.below(3));
    const DevicePlan device = plan.devices[0];
    plan.devices.clear();
    plan.samples.clear();
    for (std::int32_t id = 0; id < 12; ++id) {
        plan.devices.push_back(device);
        DevicePlan& one = plan.devices.back();
        one.id = id;
        one.backbone = static_cast<std::int32_t>(random.below(3));
        one.profile.memory_bytes = std::exp(std::log(4e7) + random.uniform() * std::log(20.0));
        one.samples.clear();
        for (auto count = random.below(30); count > 0; --count) {
            one.samples.push_back(static_cast<std::int32_t>(plan.samples.size()));
            plan.samples.push_back({-1, -1, static_cast<std::int32_t>(3 + random.below(400))});
        }
    }
    plan.devices[0].profile.memory_bytes = 1e12;  // somebody is admitted, with a sample
    plan.devices[0].samples.push_back(static_cast<std::int32_t>(plan.samples.size()));
    plan.samples.push_back({-1, -1, 5});
    return plan;
}

/// docs/method.md 4.2, with 16-bit activations.
double need_of(const BackbonePlan& backbone, double batch, double tokens) {
    const ModelSize& size = backbone.size;
    const double weights =
        static_cast<double>(size.parameters) * bytes_per_number(backbone.weight_dtype);
    const double layer = batch * tokens * (2 * size.width + std::max(size.ffn, 3 * size.width));
    return weights + 2 * (layer + batch * size.heads * tokens * tokens);
}

TEST(AdmitTest, AdmitsByTheFormulaAndCountsWhatItAdmits) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        FleetPlan plan = random_plan(seed);
        const CostParameters cost{seed % 2 == 0 ? Padding::Max : Padding::Batch};
        admit(plan, cost, 400);
        std::vector<std::int32_t> carriers(3);
        std::int64_t samples = 0, packets = 0;
        std::int32_t devices = 0;
        for (const DevicePlan& device : plan.devices) {
            double longest = 0;
            for (const std::int32_t id : device.samples)
                longest =
                    std::max<double>(longest, plan.samples[static_cast<std::size_t>(id)].tokens);
            if (cost.padding == Padding::Max) longest = 400;
            const auto shard = std::ssize(device.samples);
            const double need = need_of(
                plan.backbones[static_cast<std::size_t>(device.backbone)],
                static_cast<double>(std::min<std::ptrdiff_t>(shard, plan.packet_samples)), longest);
            EXPECT_DOUBLE_EQ(device.memory_need_bytes, need);
            EXPECT_EQ(device.admitted, need <= device.profile.memory_bytes);
            std::int64_t its_packets = 0;
            for (std::ptrdiff_t i = 0; i < shard; ++i) {
                const SamplePlan& sample = plan.samples[static_cast<std::size_t>(
                    device.samples[static_cast<std::size_t>(i)])];
                EXPECT_EQ(sample.device, device.id);
                EXPECT_EQ(sample.packet, i / plan.packet_samples);
                its_packets = (sample.packet + 1) * plan.device_epochs;
            }
            EXPECT_EQ(plan.packets_of(device), its_packets);
            if (!device.admitted) continue;
            ++devices;
            ++carriers[static_cast<std::size_t>(device.backbone)];
            samples += shard;
            packets += its_packets;
        }
        EXPECT_EQ(plan.admitted_devices(), devices);
        EXPECT_EQ(plan.admitted_samples(), samples);
        EXPECT_EQ(plan.packets_planned(), packets);
        for (std::size_t b = 0; b < 3; ++b) EXPECT_EQ(plan.backbones[b].devices, carriers[b]);

        const std::vector<FleetDevice> admitted = admitted_fleet(plan);
        ASSERT_EQ(std::ssize(admitted), devices);
        for (const FleetDevice& one : admitted) {
            const DevicePlan& device = plan.devices[one.id.index()];
            EXPECT_TRUE(device.admitted);
            EXPECT_EQ(one.profile, &device.profile);
            EXPECT_EQ(one.link, &device.link);
            EXPECT_EQ(one.availability, device.availability.get());
        }
    }
}

TEST(AdmitTest, ASecondTimeCountsNobodyTwice) {
    FleetPlan plan = random_plan(3);
    admit(plan, {}, 400);
    const std::int32_t before = plan.backbones[plan.devices[0].backbone != 0].devices;
    admit(plan, {}, 400);
    EXPECT_EQ(plan.backbones[plan.devices[0].backbone != 0].devices, before);
}

TEST(AdmitTest, AFleetWithoutASampleIsAnErrorThatNamesTheKeys) {
    FleetPlan plan = two_devices();
    for (DevicePlan& device : plan.devices) device.samples.clear();
    try {
        admit(plan, {}, 512);
        FAIL() << "went on without samples";
    } catch (const ConfigError& error) {
        EXPECT_NE(std::string(error.what()).find("data.train: no admitted device has a sample"),
                  std::string::npos)
            << error.what();
    }
}

TEST(LargestThatFitsTest, IsTheBestOfAllThatFitOrTheSmallest) {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        RandomStream random(seed, Purpose::Test);
        const FleetPlan plan = random_plan(seed);
        std::vector<std::int32_t> candidates{0, 1, 2};
        random.shuffle(std::span(candidates));
        candidates.resize(1 + random.below(3));
        const DeviceProfile& device = plan.devices[1 + random.below(11)].profile;
        const auto size = [&](std::int32_t index) {
            return plan.backbones[static_cast<std::size_t>(index)].size.parameters;
        };
        std::vector<std::int32_t> fit;
        for (const std::int32_t one : candidates)
            if (need_of(plan.backbones[static_cast<std::size_t>(one)], plan.packet_samples, 128) <=
                device.memory_bytes)
                fit.push_back(one);
        const auto by_size = [&](std::int32_t a, std::int32_t b) { return size(a) < size(b); };
        const std::int32_t expected =
            fit.empty() ? *std::min_element(candidates.begin(), candidates.end(), by_size)
                        : *std::max_element(fit.begin(), fit.end(), by_size);
        EXPECT_EQ(largest_that_fits(plan, candidates, device, 128), expected) << seed;
    }
    EXPECT_THROW(largest_that_fits(two_devices(), {}, {}, 128), Bug);
}

}  // namespace
}  // namespace mobi::test
