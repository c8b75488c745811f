// SPDX-License-Identifier: Apache-2.0
// Four devices of two backbone types, whose taps are easy to learn from, for the tests of what
// trains the side network.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "method/side/side_learner.hpp"

namespace mobi::test {

inline constexpr std::int32_t kClasses = 3;
inline constexpr std::int32_t kDevices = 4;
inline constexpr std::int32_t kShard = 12;

/// Four devices of two backbone types; a sample's taps are noise around a place of its class.
class SmallFleet : public ::testing::Test {
  protected:
    SmallFleet() {
        at::set_num_threads(1);
        for (const std::int32_t width : {6, 10}) {
            BackbonePlan backbone;
            backbone.name = width == 6 ? "a" : "b";
            backbone.tap_layers = {1, 2};
            backbone.layout = {Precision::Fp32, 2, width, kClasses, false};
            backbone.devices = 2;
            plan.backbones.push_back(backbone);
        }
        plan.samples.resize(kDevices * kShard);
        for (std::int32_t id = 0; id < kDevices; ++id) {
            DevicePlan device;
            device.id = id;
            device.backbone = id % 2;
            device.admitted = true;
            for (std::int32_t i = 0; i < kShard; ++i) {
                device.samples.push_back(id * kShard + i);
                plan.samples[static_cast<std::size_t>(id * kShard + i)].device = id;
            }
            plan.devices.push_back(device);
        }
        settings.side.width = 8;
        settings.side.bottleneck = 4;
        settings.optimizer.lr = 1e-2;
        settings.eval.every = 20;
        auto data = std::make_shared<EvaluationData>();
        data->truth.classes = kClasses;
        for (std::int32_t i = 0; i < 30; ++i) data->truth.labels.push_back(i % kClasses);
        for (std::size_t k = 0; k < 2; ++k) {
            std::vector<float> taps;
            for (std::int32_t tap = 0; tap < 2; ++tap)
                for (std::int32_t i = 0; i < 30; ++i)
                    add_vector(taps, static_cast<std::int32_t>(k), i % kClasses,
                               static_cast<std::uint64_t>(1000 + i));
            EvaluationData::Backbone backbone;
            backbone.taps = std::move(taps);
            backbone.output.resize(30 * kClasses);
            backbone.width = plan.backbones[k].layout.width;
            data->backbones.push_back(backbone);
        }
        evaluation = data;
        sink.step = [this](const StepResult& update) { updates.push_back(update); };
        sink.evaluation = [this](const EvaluationResult& one) { evaluations.push_back(one); };
    }

    void add_vector(std::vector<float>& taps,
                    std::int32_t backbone,
                    std::int32_t label,
                    std::uint64_t sample) const {
        RandomStream noise(1, Purpose::Test, sample);
        RandomStream place(2, Purpose::Test, static_cast<std::uint64_t>(10 * backbone + label));
        const std::int32_t width = plan.backbones[static_cast<std::size_t>(backbone)].layout.width;
        for (std::int32_t c = 0; c < width; ++c)
            taps.push_back(static_cast<float>(2 * place.normal() + 0.3 * noise.normal()));
    }

    Packet packet_of(const DevicePlan& device) const {
        Packet packet;
        packet.device = device.id;
        packet.backbone = device.backbone;
        packet.samples = device.samples;
        std::vector<float> taps;
        for (std::int32_t tap = 0; tap < 2; ++tap)
            for (const std::int32_t id : device.samples)
                add_vector(taps, device.backbone, id % kClasses, static_cast<std::uint64_t>(id));
        const auto bytes = std::as_bytes(std::span(taps));
        packet.taps.assign(bytes.begin(), bytes.end());
        for (const std::int32_t id : device.samples)
            for (std::int32_t c = 0; c < kClasses; ++c)
                packet.residual.push_back(c == id % kClasses ? -1.0F : 0.0F);
        return packet;
    }

    void fill(Inbox& inbox) const {
        for (const DevicePlan& device : plan.devices) inbox.insert(packet_of(device));
    }

    static Step step_on(std::int64_t update,
                        std::vector<std::int32_t> samples,
                        std::int64_t steps,
                        std::int32_t model = 0) {
        Step step;
        step.number = step.model_step = update;
        step.model = model;
        step.model_steps = steps;
        step.samples = std::move(samples);
        step.end = VirtualClock::time_point(std::chrono::milliseconds(update + 1));
        return step;
    }

    static std::vector<std::int32_t> every_sample() {
        std::vector<std::int32_t> ids;
        for (std::int32_t id = 0; id < kDevices * kShard; ++id) ids.push_back(id);
        return ids;
    }

    FleetPlan plan;
    SideSettings settings;
    std::shared_ptr<const EvaluationData> evaluation;
    LearnerSink sink;
    std::vector<StepResult> updates;
    std::vector<EvaluationResult> evaluations;
};

}  // namespace mobi::test
