// SPDX-License-Identifier: Apache-2.0
#include "method/fed_mobillm.hpp"

#include <algorithm>
#include <tuple>

#include "activation/codec.hpp"
#include "device/compute_model.hpp"
#include "device/energy_model.hpp"
#include "device/link_model.hpp"

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

/// Taps alone, as charged: what the compute model moves through memory.
double tap_bytes(const PacketLayout& layout, std::size_t samples) {
    return static_cast<double>(vector_bytes(layout.dtype, static_cast<std::size_t>(layout.width)) *
                               static_cast<std::size_t>(layout.taps) * samples);
}

/// Fills times, bytes and energies of one device's packets, which follow each other in `packets`.
void schedule(const DevicePlan& device,
              const BackbonePlan& backbone,
              const PacketParameters& parameters,
              std::span<Delivery> packets) {
    std::vector<PacketWork> work;
    work.reserve(packets.size());
    for (Delivery& packet : packets) {
        packet.charged_bytes = static_cast<std::int64_t>(
            packet_bytes(backbone.layout, packet.samples.size(), parameters.charge_header));
        ComputeWork compute;
        compute.flop = packet.charged_flop;
        compute.weight_bytes =
            static_cast<double>(backbone.size.parameters) * bytes_per_number(backbone.weight_dtype);
        compute.tap_bytes = tap_bytes(backbone.layout, packet.samples.size());
        compute.weights = backbone.weight_dtype;
        work.push_back({compute, static_cast<double>(packet.charged_bytes)});
    }
    const std::vector<PacketTimes> times = schedule_packets(device.profile, device.link, work);
    for (std::size_t i = 0; i < packets.size(); ++i) {
        packets[i].times = times[i];
        packets[i].compute_energy_j =
            compute_energy_j(device.profile, times[i].compute_end - times[i].compute_start);
        packets[i].send_energy_j =
            send_energy_j(device.link, static_cast<double>(packets[i].charged_bytes));
    }
}

}  // namespace

std::vector<Delivery> cut_into_packets(const FleetPlan& plan, const MethodSettings& settings) {
    std::vector<Delivery> packets;
    const auto step = static_cast<std::size_t>(plan.packet_samples);
    for (const DevicePlan& device : plan.devices) {
        if (!device.admitted) continue;
        const BackbonePlan& backbone = plan.backbones[static_cast<std::size_t>(device.backbone)];
        std::int32_t number = 0;
        for (std::int32_t epoch = 0; epoch < settings.device_epochs; ++epoch)
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

std::vector<Delivery> FedMobillm::deliveries(const FleetPlan& plan,
                                             const MethodSettings& settings) const {
    std::vector<Delivery> packets = cut_into_packets(plan, settings);
    for (std::size_t first = 0; first < packets.size();) {
        std::size_t last = first;
        while (last < packets.size() && packets[last].device == packets[first].device) ++last;
        const DevicePlan& device = plan.devices[static_cast<std::size_t>(packets[first].device)];
        schedule(device, plan.backbones[static_cast<std::size_t>(device.backbone)], settings.packet,
                 std::span(packets).subspan(first, last - first));
        first = last;
    }
    std::sort(packets.begin(), packets.end(), [](const Delivery& a, const Delivery& b) {
        return std::tie(a.times.arrival, a.device, a.packet) <
               std::tie(b.times.arrival, b.device, b.packet);
    });
    return packets;
}

}  // namespace mobi
