// SPDX-License-Identifier: Apache-2.0
#include "method/side/fed_mobillm.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/long_work.hpp"
#include "core/virtual_time.hpp"
#include "device/compute_model.hpp"
#include "device/energy_model.hpp"
#include "wire/codec.hpp"

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

/// What a packet costs its device; sets its `charged_bytes`.
Part part_of(const BackbonePlan& backbone, const PacketParameters& parameters, Delivery& packet) {
    packet.charged_bytes = static_cast<std::int64_t>(
        packet_bytes(backbone.layout, packet.samples.size(), parameters.charge_header));
    ComputeWork compute;
    compute.flop = packet.charged_flop;
    compute.weight_bytes =
        static_cast<double>(backbone.size.parameters) * bytes_per_number(backbone.weight_dtype);
    compute.tap_bytes = tap_bytes(backbone.layout, packet.samples.size());
    compute.weights = backbone.weight_dtype;
    compute.samples = static_cast<std::int32_t>(packet.samples.size());
    return {0, compute, packet.charged_bytes};
}

/// The packet has arrived.
void set_arrival(const DevicePlan& device, const FleetEvent& event, Delivery& packet) {
    packet.times = {event.times.compute_start, event.times.compute_end, event.times.send_start,
                    event.times.send_end, event.times.arrival};
    const PacketTimes& times = packet.times;
    packet.repeated_bytes = event.charges.up_bytes - packet.charged_bytes;
    packet.charged_bytes = event.charges.up_bytes;
    packet.compute_energy_j =
        compute_energy_j(device.profile, times.compute_end - times.compute_start);
    packet.send_energy_j = send_energy_j(device.link, static_cast<double>(packet.charged_bytes),
                                         times.send_end - times.send_start);
}

/// Counts the packets before they take memory.
/// \throws ConfigError  when many passes make more than a run can hold.
void refuse_too_many_packets(const FleetPlan& plan) {
    constexpr std::int32_t kAnyFleet = 100;
    constexpr std::int64_t kMost = 1'000'000;
    if (plan.device_epochs <= kAnyFleet) return;
    std::int64_t packets = 0;
    for (const DevicePlan& device : plan.devices)
        if (device.admitted) packets += plan.packets_of(device);
    if (packets > kMost)
        throw ConfigError(
            fmt::format("device.epochs = {}: {} packets; accepted: up to {} passes, or more where "
                        "there are no more than {} packets",
                        plan.device_epochs, packets, kAnyFleet, kMost));
}

/// Keeps what the server waits for of what arrives, in order.
void keep_awaited(const MethodSettings& settings, Deliveries& all, std::size_t planned) {
    auto end = all.arrived.end();
    if (settings.deadline_s > 0) {
        const VirtualClock::time_point deadline(
            virtual_duration(settings.deadline_s, {"server.deadline"}));
        end = std::find_if(all.arrived.begin(), end, [&](const Delivery& delivery) {
            return delivery.times.arrival > deadline;
        });
    }
    const auto enough = static_cast<std::ptrdiff_t>(
        std::ceil(settings.enough_share * static_cast<double>(planned)));
    if (end - all.arrived.begin() > enough) end = all.arrived.begin() + enough;
    std::vector<LostWork>& late = all.leftovers.late;
    for (auto packet = end; packet != all.arrived.end(); ++packet)
        late.push_back({packet->device, packet->packet, LostStage::Late, packet->times.send_start,
                        packet->times.send_end, packet->charged_bytes});
    std::sort(late.begin(), late.end(), [](const LostWork& a, const LostWork& b) {
        return std::tie(a.device, a.packet) < std::tie(b.device, b.packet);
    });
    all.arrived.erase(end, all.arrived.end());
    all.missing = static_cast<std::int64_t>(planned - all.arrived.size());
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

Deliveries FedMobillm::deliveries(const FleetPlan& plan, const MethodSettings& settings) const {
    std::vector<Delivery> packets = cut_into_packets(plan, settings);
    std::vector<FleetDevice> devices;
    std::vector<DeviceTask> tasks;        // one a device
    std::vector<std::size_t> first_part;  // of each, in `packets`
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const std::int32_t id = packets[i].device;
        if (devices.empty() || devices.back().id.value() != id) {
            devices.push_back(fleet_device(plan.devices[static_cast<std::size_t>(id)]));
            DeviceTask task;
            task.id = TaskId(static_cast<std::int64_t>(tasks.size()));
            task.device = DeviceId(id);
            tasks.push_back(std::move(task));
            first_part.push_back(i);
        }
        const auto backbone = static_cast<std::size_t>(packets[i].backbone);
        tasks.back().parts.push_back(
            part_of(plan.backbones[backbone], settings.packet, packets[i]));
    }
    VirtualFleet fleet(devices, settings.fleet);
    for (DeviceTask& task : tasks) fleet.assign(std::move(task));
    fleet.promise_quiet(VirtualClock::time_point::max());
    Deliveries all;
    while (const FleetEvent* const event = fleet.next(VirtualClock::time_point::max())) {
        if (event->outcome == Outcome::CutOff)
            all.lost.push_back({event->device.value(), event->part,
                                event->leg == Leg::Upload ? LostStage::Upload : LostStage::Compute,
                                event->start, event->at, event->charges.up_bytes});
        if (event->outcome != Outcome::Done) continue;
        const std::size_t first = first_part[static_cast<std::size_t>(event->task.value())];
        Delivery& packet = packets[first + static_cast<std::size_t>(event->part)];
        set_arrival(plan.devices[event->device.index()], *event, packet);
        all.arrived.push_back(std::move(packet));
    }
    std::sort(all.lost.begin(), all.lost.end(), [](const LostWork& a, const LostWork& b) {
        return std::tie(a.device, a.packet, a.start) < std::tie(b.device, b.packet, b.start);
    });
    for (const FleetDevice& device : devices)
        if (const auto time = fleet.emptied(device.id))
            all.leftovers.emptied.emplace_back(device.id.value(), *time);
    keep_awaited(settings, all, packets.size());
    return all;
}

}  // namespace mobi
