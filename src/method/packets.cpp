// SPDX-License-Identifier: Apache-2.0
#include "method/packets.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/long_work.hpp"
#include "device/compute_model.hpp"

namespace mobi {
namespace {

double charged_flop(const FleetPlan& plan,
                    const Delivery& packet,
                    const ModelSize& size,
                    const CostParameters& cost) {
    double flop = 0;
    for (const std::int32_t id : packet.samples)
        flop += forward_flop(size, cost.padding == Padding::None
                                       ? plan.samples[static_cast<std::size_t>(id)].tokens
                                       : packet.padded_tokens);
    return flop;
}

/// Counts the packets before they take memory.
/// \throws ConfigError  when many passes make more than a run can hold.
void refuse_too_many_packets(const FleetPlan& plan) {
    constexpr std::int32_t kAnyFleet = 100;
    constexpr std::int64_t kMost = 1'000'000;
    if (plan.device_epochs <= kAnyFleet) return;
    const std::int64_t packets = plan.packets_planned();
    if (packets > kMost)
        throw ConfigError(
            fmt::format("device.epochs = {}: {} packets; accepted: up to {} passes, or more where "
                        "there are no more than {} packets",
                        plan.device_epochs, packets, kAnyFleet, kMost));
}

}  // namespace

std::vector<Delivery> cut_into_packets(const FleetPlan& plan, const MethodSettings& settings) {
    refuse_too_many_packets(plan);
    LongWork planning("planning: devices whose packets are cut");
    std::vector<Delivery> packets;
    const auto step = static_cast<std::size_t>(plan.packet_samples);
    for (const DevicePlan& device : plan.devices) {
        if (!device.admitted) continue;
        const BackbonePlan& backbone = plan.backbones[static_cast<std::size_t>(device.backbone)];
        planning.step(device.id, static_cast<std::int64_t>(plan.devices.size()));
        std::int32_t number = 0;
        for (std::int32_t epoch = 0; epoch < plan.device_epochs; ++epoch)
            for (std::size_t first = 0; first < device.samples.size(); first += step) {
                Delivery packet;
                packet.device = device.id;
                packet.backbone = device.backbone;
                packet.packet = number++;
                const auto begin = device.samples.begin() + static_cast<std::ptrdiff_t>(first);
                const std::size_t count = std::min(step, device.samples.size() - first);
                packet.samples.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
                for (const std::int32_t id : packet.samples)
                    packet.tokens += plan.samples[static_cast<std::size_t>(id)].tokens;
                packet.padded_tokens =
                    charged_length(plan, packet.samples, settings.cost, settings.max_tokens);
                packet.charged_flop = charged_flop(plan, packet, backbone.size, settings.cost);
                packets.push_back(std::move(packet));
            }
    }
    return packets;
}

}  // namespace mobi
