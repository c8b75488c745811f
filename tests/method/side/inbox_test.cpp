// SPDX-License-Identifier: Apache-2.0
#include "method/side/inbox.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "wire/codec.hpp"

namespace mobi::test {
namespace {

/// Two backbone types of widths 4 and 6; devices 0 and 2 carry the first, 1 the second.
FleetPlan plan_of(Precision dtype) {
    FleetPlan plan;
    for (const std::int32_t width : {4, 6}) {
        BackbonePlan backbone;
        backbone.name = width == 4 ? "a" : "b";
        backbone.layout = {dtype, 2, width, 3, true};
        plan.backbones.push_back(backbone);
    }
    for (std::int32_t id = 0; id < 3; ++id) {
        DevicePlan device;
        device.id = id;
        device.backbone = id % 2;
        device.admitted = true;
        device.samples = {id, id + 3};
        plan.devices.push_back(device);
    }
    plan.samples.resize(6);
    return plan;
}

/// The packet of a device: every number of sample s, tap t is 10 s + t.
Packet packet_of(const FleetPlan& plan, std::int32_t device) {
    const DevicePlan& owner = plan.devices[static_cast<std::size_t>(device)];
    const PacketLayout& layout = plan.backbones[static_cast<std::size_t>(owner.backbone)].layout;
    const auto width = static_cast<std::size_t>(layout.width);
    Packet packet;
    packet.device = device;
    packet.backbone = owner.backbone;
    packet.samples = owner.samples;
    std::vector<float> rows;
    for (std::int32_t tap = 0; tap < layout.taps; ++tap)
        for (const std::int32_t id : packet.samples)
            rows.insert(rows.end(), width, static_cast<float>(10 * id + tap));
    packet.taps.resize(rows.size() / width * vector_bytes(layout.dtype, width));
    packet.scales.resize(has_scale(layout.dtype) ? rows.size() / width : 0);
    encode_vectors(layout.dtype, rows, width, packet.taps, packet.scales);
    for (const std::int32_t id : packet.samples) {
        packet.residual.insert(packet.residual.end(), 3, static_cast<float>(id));
        packet.labels.push_back(id % 3);
    }
    return packet;
}

TEST(InboxTest, GivesBackEverySampleInEveryPrecisionGroupedBySource) {
    for (const Precision dtype :
         {Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8, Precision::Int4}) {
        const FleetPlan plan = plan_of(dtype);
        const SourceMap sources(plan, ProjectionScope::TypeLayer);
        Inbox inbox(plan, sources, 3);
        for (const std::int32_t device : {2, 0, 1}) inbox.insert(packet_of(plan, device));
        const std::vector<std::int32_t> ids{0, 1, 2, 4, 5};
        const TrainingBatch batch = inbox.gather(ids);
        ASSERT_EQ(batch.parts.size(), 2U);
        EXPECT_EQ(batch.parts[0].taps.sizes(), (at::IntArrayRef{2, 3, 4}));
        EXPECT_EQ(batch.parts[1].taps.sizes(), (at::IntArrayRef{2, 2, 6}));
        const std::vector<std::int32_t> order{0, 2, 5, 1, 4};  // type a by id, then type b
        for (std::int64_t row = 0; row < 5; ++row) {
            const std::int32_t id = order[static_cast<std::size_t>(row)];
            EXPECT_EQ(batch.residual[row][0].item<float>(), static_cast<float>(id));
            EXPECT_EQ(batch.labels[row].item<std::int64_t>(), id % 3);
            const at::Tensor& taps = batch.parts[row < 3 ? 0 : 1].taps;
            EXPECT_NEAR(taps[1][row < 3 ? row : row - 3][0].item<float>(),
                        static_cast<float>(10 * id + 1), 0.26F)
                << id;
        }
    }
}

TEST(InboxTest, WhatCameFirstStays) {
    const FleetPlan plan = plan_of(Precision::Fp32);
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    Inbox inbox(plan, sources, 3);
    Packet packet = packet_of(plan, 0);
    inbox.insert(packet);
    std::fill(packet.residual.begin(), packet.residual.end(), 99.F);
    inbox.insert(packet);
    const TrainingBatch batch = inbox.gather(std::vector<std::int32_t>{0, 3});
    EXPECT_EQ(batch.residual[0][0].item<float>(), 0.F);
    EXPECT_EQ(batch.residual[1][0].item<float>(), 3.F);
}

TEST(InboxTest, ProjectionsOfTheirOwnSeparateDevices) {
    const FleetPlan plan = plan_of(Precision::Fp32);
    const SourceMap sources(plan, ProjectionScope::DeviceLayer);
    EXPECT_EQ(sources.sources().size(), 3U);
    EXPECT_EQ(sources.of_backbone(0).size(), 2U);
    EXPECT_EQ(sources.of_backbone(1).size(), 1U);
    Inbox inbox(plan, sources, 3);
    for (const std::int32_t device : {0, 1, 2}) inbox.insert(packet_of(plan, device));
    EXPECT_EQ(inbox.gather(std::vector<std::int32_t>{0, 1, 2}).parts.size(), 3U);
}

TEST(InboxTest, RefusesASampleOfAnotherBackbone) {
    const FleetPlan plan = plan_of(Precision::Fp32);
    const SourceMap sources(plan, ProjectionScope::TypeLayer);
    Inbox inbox(plan, sources, 3);
    Packet packet = packet_of(plan, 0);
    packet.samples = {1, 4};  // device 1 has them, with the other backbone
    EXPECT_THROW(inbox.insert(packet), Bug);
}

}  // namespace
}  // namespace mobi::test
