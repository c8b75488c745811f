// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "method/fleet_plan.hpp"

namespace mobi::test {

/// Two devices of one class with RoBERTa-base's shape: 30 samples of 512 tokens and 5 of 10.
inline FleetPlan two_devices() {
    FleetPlan plan;
    plan.packet_samples = 8;
    BackbonePlan backbone;
    backbone.name = "base";
    backbone.size.layers = 12;
    backbone.size.width = 768;
    backbone.size.ffn = 3072;
    backbone.size.heads = 12;
    backbone.size.kv_heads = 12;
    backbone.size.head_dim = 64;
    backbone.size.parameters = 124'647'170;
    backbone.layout = {Precision::Fp32, 12, 768, 2, false};
    for (std::int32_t layer = 1; layer <= 12; ++layer) backbone.tap_layers.push_back(layer);
    plan.backbones.push_back(backbone);
    std::int32_t next = 0;
    for (std::int32_t id = 0; id < 2; ++id) {
        DevicePlan device;
        device.id = id;
        device.profile.name = "phone";
        device.profile.rate_fp16_flop_per_s = 1e12;
        device.profile.memory_bytes = 4e9;
        device.profile.memory_bandwidth_bytes_per_s = 50e9;
        device.profile.compute_w = 5;
        device.link.name = "wifi";
        device.link.uplink_bytes_per_s = 2.5e6;
        device.link.downlink_bytes_per_s = 2.5e6;
        for (int i = 0; i < (id == 0 ? 30 : 5); ++i) {
            device.samples.push_back(next++);
            plan.samples.push_back({-1, -1, id == 0 ? 512 : 10});
        }
        plan.devices.push_back(device);
    }
    return plan;
}

}  // namespace mobi::test
