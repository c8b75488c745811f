// SPDX-License-Identifier: Apache-2.0
// A small fleet with packets, tokens and a run file, for the tests of the server.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/rng.hpp"
#include "crew/forward_requests.hpp"
#include "method/fleet_plan.hpp"
#include "method/packets.hpp"
#include "record/run_reader.hpp"
#include "record/writer.hpp"
#include "server/record_rows.hpp"
#include "support/temp_folder.hpp"
#include "wire/codec.hpp"

namespace mobi::test {

inline constexpr std::int32_t kClasses = 3;

/// Two backbones; six devices of two classes, which carry them in turns, the last one refused; 25
/// samples, of which two are on no device.  Every shard is increasing.
inline FleetPlan small_plan(Precision second = Precision::Int8) {
    FleetPlan plan;
    plan.packet_samples = 2;
    plan.backbones.resize(2);
    const auto backbone = [&](std::size_t k, const char* name, const char* family) -> auto& {
        BackbonePlan& one = plan.backbones[k];
        one.name = name;
        one.family = family;
        one.size.layers = 4;
        one.size.width = k == 0 ? 4 : 6;
        one.size.ffn = 16;
        one.size.heads = 2;
        one.size.kv_heads = 2;
        one.size.head_dim = one.size.width / 2;
        one.size.parameters = 1000 + static_cast<std::int64_t>(k);
        one.vocabulary = 100;
        return one;
    };
    BackbonePlan& first = backbone(0, "first", "bert");
    first.tap_layers = {1, 3};
    first.layout = {Precision::Fp32, 2, 4, kClasses, true};
    first.pivot = Pivot::Last;
    first.devices = 3;
    BackbonePlan& other = backbone(1, "other", "mpnet");
    other.tap_layers = {2};
    other.layout = {second, 1, 6, kClasses, true};
    other.pivot = Pivot::Mean;
    other.weight_dtype = Precision::Fp32;
    other.devices = 2;
    constexpr int kShards[] = {5, 4, 3, 2, 5, 4};
    for (std::int32_t id = 0; id < 6; ++id) {
        DevicePlan device;
        device.id = id;
        device.backbone = id == 1 || id == 4 ? 1 : 0;
        device.profile.name = id < 4 ? "phone" : "board";
        device.profile.time_per_sample_s = 0.01;
        device.profile.memory_bytes = 1e9;
        device.link.name = id % 2 == 0 ? "wifi" : "cable";
        device.link.uplink_bytes_per_s = 1e6;
        device.link.downlink_bytes_per_s = 2e6;
        device.link.latency_s = 0.001;
        device.memory_need_bytes = id == 5 ? 2e9 : 1e6;
        device.admitted = id != 5;
        plan.devices.push_back(device);
    }
    plan.samples.resize(25);
    for (std::int32_t id = 0, turn = 0; id < 25; ++id) {
        SamplePlan& sample = plan.samples[static_cast<std::size_t>(id)];
        sample.tokens = 3 + id % 4;
        if (id == 7 || id == 15) continue;
        const auto full = [&](std::int32_t device) {
            return static_cast<int>(
                       plan.devices[static_cast<std::size_t>(device)].samples.size()) >=
                   kShards[device];
        };
        while (full(turn % 6)) ++turn;
        DevicePlan& device = plan.devices[static_cast<std::size_t>(turn++ % 6)];
        sample.device = device.id;
        sample.packet = static_cast<std::int32_t>(device.samples.size()) / plan.packet_samples;
        device.samples.push_back(id);
    }
    return plan;
}

/// Every packet of the plan, in an order of arrival that mixes the devices and differs by seed.
inline std::vector<Delivery> small_deliveries(const FleetPlan& plan, std::uint64_t seed = 1) {
    std::vector<Delivery> deliveries = cut_into_packets(plan, {});
    for (Delivery& one : deliveries) {
        RandomStream random(seed, Purpose::Test, static_cast<std::uint64_t>(one.device),
                            static_cast<std::uint32_t>(one.packet));
        const auto jitter = static_cast<std::int64_t>(random.below(40'000));
        const std::chrono::microseconds arrival(50'000 * (one.packet + 1) + jitter);
        const auto before = [&](int us) {
            return VirtualClock::time_point(arrival - std::chrono::microseconds(us));
        };
        one.times = {before(9000), before(6000), before(5000), before(2000), before(0)};
        one.charged_bytes = 100 + one.device;
        one.repeated_bytes = one.packet;
    }
    std::sort(deliveries.begin(), deliveries.end(), [](const Delivery& a, const Delivery& b) {
        return a.times.arrival < b.times.arrival;
    });
    return deliveries;
}

/// Numbers in [-1, 1) of a key.
inline std::vector<float> random_values(std::size_t count, std::uint64_t index, std::uint32_t sub) {
    RandomStream random(7, Purpose::Test, index, sub);
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(2 * random.uniform() - 1);
    return values;
}

/// A packet that fits the layout; its numbers follow from device and number.
inline Packet small_packet(const FleetPlan& plan,
                           std::int32_t backbone,
                           std::int32_t device,
                           std::int32_t number,
                           std::vector<std::int32_t> samples) {
    const PacketLayout& layout = plan.backbones[static_cast<std::size_t>(backbone)].layout;
    const std::size_t vectors = static_cast<std::size_t>(layout.taps) * samples.size();
    const auto width = static_cast<std::size_t>(layout.width);
    const auto key = static_cast<std::uint64_t>(device) * 1000 + static_cast<std::uint64_t>(number);
    Packet packet;
    packet.device = device;
    packet.backbone = backbone;
    packet.packet = number;
    packet.taps.resize(vectors * vector_bytes(layout.dtype, width));
    if (has_scale(layout.dtype)) packet.scales.resize(vectors);
    encode_vectors(layout.dtype, random_values(vectors * width, key, 1), width, packet.taps,
                   packet.scales);
    packet.residual = random_values(samples.size() * kClasses, key, 2);
    if (layout.labels)
        for (const std::int32_t id : samples) packet.labels.push_back(id % kClasses);
    packet.samples = std::move(samples);
    return packet;
}

inline Packet small_packet(const FleetPlan& plan, const Delivery& delivery) {
    return small_packet(plan, delivery.backbone, delivery.device, delivery.packet,
                        delivery.samples);
}

/// Part `number` of the test set: the samples from `first` on.
inline Packet test_packet(const FleetPlan& plan,
                          std::int32_t backbone,
                          std::int32_t number,
                          std::int32_t first,
                          std::int32_t count) {
    std::vector<std::int32_t> samples;
    for (std::int32_t i = 0; i < count; ++i) samples.push_back(first + i);
    FleetPlan plain = plan;
    PacketLayout& layout = plain.backbones[static_cast<std::size_t>(backbone)].layout;
    layout.dtype = Precision::Fp32;
    layout.labels = false;
    Packet packet = small_packet(plain, backbone, 50 + backbone, number, samples);
    packet.kind = PacketKind::Evaluation;
    packet.device = -1;
    return packet;
}

/// As a worker sends it.
inline Bytes encoded(const FleetPlan& plan, const Packet& packet) {
    PacketLayout layout = plan.backbones[static_cast<std::size_t>(packet.backbone)].layout;
    if (packet.kind == PacketKind::Evaluation) {
        layout.dtype = Precision::Fp32;
        layout.labels = false;
    }
    return encode_packet(packet, layout);
}

/// Tokens of all samples: of sample s, as many as the plan says, all s.  Backbone k has `test[k]`
/// test samples.
inline TokenTable small_tokens(const FleetPlan& plan, std::vector<std::int32_t> test = {0, 0}) {
    const auto sample_of = [](std::int32_t id, std::int32_t tokens) {
        DeviceSample sample;
        sample.id = id;
        sample.label = id % kClasses;
        sample.ids.assign(static_cast<std::size_t>(tokens), id);
        return sample;
    };
    TokenTable table;
    for (std::size_t id = 0; id < plan.samples.size(); ++id)
        table.train.push_back(sample_of(static_cast<std::int32_t>(id), plan.samples[id].tokens));
    for (const std::int32_t count : test) {
        table.test.emplace_back();
        for (std::int32_t id = 0; id < count; ++id) table.test.back().push_back(sample_of(id, 4));
    }
    return table;
}

inline Truth small_truth(std::int32_t count) {
    Truth truth;
    truth.classes = kClasses;
    for (std::int32_t i = 0; i < count; ++i) truth.labels.push_back(i % kClasses);
    return truth;
}

/// What a run file of the plan is laid out for.
inline record::RunLayout small_layout(const FleetPlan& plan, std::int32_t test_samples = 0) {
    record::RunLayout layout;
    layout.config_text = "# none\n";
    layout.profile_names = profile_names(plan);
    layout.link_names = link_names(plan);
    layout.family_names = family_names(plan);
    layout.class_names = {"x", "y", "z"};
    layout.diagnostic_names = {"drift", "norm"};
    layout.classes = kClasses;
    layout.blocks = 2;
    layout.train_samples = static_cast<std::int64_t>(plan.samples.size());
    layout.test_samples = test_samples;
    for (const BackbonePlan& one : plan.backbones)
        layout.backbones.push_back({one.name, one.tap_layers, one.layout.width, one.layout.dtype});
    layout.weights = {{"w", {2}}};
    return layout;
}

/// A run file that is written, then read.
class SmallRun {
  public:
    explicit SmallRun(record::RunLayout layout)
        : path_(folder_.path() / "run.h5"), writer_(path_, std::move(layout), {}) {}

    record::Writer& writer() { return writer_; }

    /// Ends the writing.
    record::RunReader read() {
        writer_.close(record::RunStatus::Finished);
        return record::RunReader(path_);
    }

  private:
    TempFolder folder_;
    std::filesystem::path path_;
    record::Writer writer_;
};

}  // namespace mobi::test
