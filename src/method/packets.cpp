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

}  // namespace

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

std::span<const std::int32_t> samples_of(const FleetPlan& plan,
                                         const DevicePlan& device,
                                         std::int32_t number) {
    const auto size = static_cast<std::size_t>(plan.packet_samples);
    const std::size_t packets = (device.samples.size() + size - 1) / size;  // of one pass
    const std::size_t first = static_cast<std::size_t>(number) % packets * size;
    return std::span(device.samples).subspan(first, std::min(size, device.samples.size() - first));
}

Delivery cut_packet(const FleetPlan& plan,
                    const DevicePlan& device,
                    std::int32_t number,
                    const MethodSettings& settings) {
    const std::span<const std::int32_t> samples = samples_of(plan, device, number);
    Delivery packet;
    packet.device = device.id;
    packet.backbone = device.backbone;
    packet.packet = number;
    packet.samples.assign(samples.begin(), samples.end());
    for (const std::int32_t id : packet.samples)
        packet.tokens += plan.samples[static_cast<std::size_t>(id)].tokens;
    packet.padded_tokens = charged_length(plan, packet.samples, settings.cost, settings.max_tokens);
    packet.charged_flop =
        charged_flop(plan, packet, plan.backbones[static_cast<std::size_t>(device.backbone)].size,
                     settings.cost);
    return packet;
}

std::vector<Delivery> cut_into_packets(const FleetPlan& plan, const MethodSettings& settings) {
    refuse_too_many_packets(plan);
    LongWork planning("planning: devices whose packets are cut");
    std::vector<Delivery> packets;
    for (const DevicePlan& device : plan.devices) {
        if (!device.admitted) continue;
        planning.step(device.id, static_cast<std::int64_t>(plan.devices.size()));
        const std::int64_t count = plan.packets_of(device);
        for (std::int32_t number = 0; number < count; ++number)
            packets.push_back(cut_packet(plan, device, number, settings));
    }
    return packets;
}

}  // namespace mobi
