// SPDX-License-Identifier: Apache-2.0
#include "method/side/fed_mobillm.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include "core/long_work.hpp"
#include "device/compute_model.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/event_record.hpp"
#include "method/packets.hpp"
#include "method/side/arrivals.hpp"
#include "method/side/side_costs.hpp"
#include "method/side/side_protocol.hpp"
#include "wire/codec.hpp"

namespace mobi {
namespace {

/// Taps alone, as charged: what the compute model moves through memory.
double tap_bytes(const PacketLayout& layout, std::size_t samples) {
    return static_cast<double>(vector_bytes(layout.dtype, static_cast<std::size_t>(layout.width)) *
                               static_cast<std::size_t>(layout.taps) * samples);
}

/// What a packet costs its device.
Part part_of(const BackbonePlan& backbone,
             const PacketParameters& parameters,
             const Delivery& packet) {
    const auto bytes = static_cast<std::int64_t>(
        packet_bytes(backbone.layout, packet.samples.size(), parameters.charge_header));
    ComputeWork compute;
    compute.flop = packet.charged_flop;
    compute.weight_bytes =
        static_cast<double>(backbone.size.parameters) * bytes_per_number(backbone.weight_dtype);
    compute.tap_bytes = tap_bytes(backbone.layout, packet.samples.size());
    compute.weights = backbone.weight_dtype;
    compute.samples = static_cast<std::int32_t>(packet.samples.size());
    compute.launches = forward_launches(backbone.size);
    return {0, compute, bytes};
}

/// Its packets in their order, as one task.
DeviceTask task_of(const FleetPlan& plan,
                   const DevicePlan& device,
                   const MethodSettings& settings,
                   TaskId id) {
    DeviceTask task;
    task.id = id;
    task.device = DeviceId(device.id);
    const BackbonePlan& backbone = plan.backbones[static_cast<std::size_t>(device.backbone)];
    const std::int64_t packets = plan.packets_of(device);
    task.parts.reserve(static_cast<std::size_t>(packets));
    for (std::int32_t number = 0; number < packets; ++number) {
        task.parts.push_back(
            part_of(backbone, settings.packet, cut_packet(plan, device, number, settings)));
    }
    return task;
}

/// Calls `take` with the task of each admitted device that has a packet.
template <typename Take>
void make_tasks(const FleetPlan& plan, const MethodSettings& settings, Take&& take) {
    refuse_too_many_packets(plan);
    LongWork planning("planning: devices whose packets are cut");
    std::int64_t tasks = 0;
    for (const DevicePlan& device : plan.devices) {
        if (!device.admitted || plan.packets_of(device) == 0) continue;
        planning.step(device.id, static_cast<std::int64_t>(plan.devices.size()));
        take(task_of(plan, device, settings, TaskId(tasks++)));
    }
}

/// Keeps what the server waits for of what arrives, in order.
void keep_awaited(Awaited awaited, Deliveries& all, std::int64_t planned) {
    const auto end = std::find_if(
        all.arrived.begin(), all.arrived.end(),
        [&](const Delivery& delivery) { return !awaited.next(delivery.times.arrival); });
    std::vector<LostWork>& late = all.leftovers.late;
    for (auto packet = end; packet != all.arrived.end(); ++packet)
        late.push_back({packet->device, packet->packet, LostStage::Late, packet->times.send_start,
                        packet->times.send_end, packet->charged_bytes});
    std::sort(late.begin(), late.end(), [](const LostWork& a, const LostWork& b) {
        return std::tie(a.device, a.packet) < std::tie(b.device, b.packet);
    });
    all.arrived.erase(end, all.arrived.end());
    all.missing = planned - static_cast<std::int64_t>(all.arrived.size());
}

}  // namespace

Deliveries FedMobillm::settle(const FleetPlan& plan) const {
    const MethodSettings& costs = settings().method;
    std::vector<FleetDevice> devices;
    for (const DevicePlan& device : plan.devices)
        if (device.admitted && plan.packets_of(device) > 0) devices.push_back(fleet_device(device));
    VirtualFleet fleet(devices, costs.fleet);
    make_tasks(plan, costs, [&](DeviceTask task) { fleet.assign(std::move(task)); });
    fleet.promise_quiet(VirtualClock::time_point::max());
    const std::int64_t planned = plan.packets_planned();
    Deliveries all;
    all.arrived.reserve(static_cast<std::size_t>(planned));
    while (const FleetEvent* const event = fleet.next(VirtualClock::time_point::max())) {
        if (event->outcome == Outcome::CutOff) all.lost.push_back(lost_by(*event));
        if (event->outcome != Outcome::Done) continue;
        const DevicePlan& device = plan.devices[event->device.index()];
        Delivery& packet = all.arrived.emplace_back(cut_packet(plan, device, event->part, costs));
        const BackbonePlan& backbone = plan.backbones[static_cast<std::size_t>(device.backbone)];
        set_arrival(device, *event, part_of(backbone, costs.packet, packet).up_bytes, packet);
    }
    std::sort(all.lost.begin(), all.lost.end(), [](const LostWork& a, const LostWork& b) {
        return std::tie(a.device, a.packet, a.start) < std::tie(b.device, b.packet, b.start);
    });
    all.leftovers.emptied = emptied_devices(fleet, plan);
    keep_awaited(Awaited(costs.deadline_s, costs.enough_share, planned), all, planned);
    return all;
}

std::vector<std::int64_t> FedMobillm::download_bytes(const FleetPlan& plan) const {
    return mobi::download_bytes(plan, FleetShape(plan, settings()), settings());
}

std::unique_ptr<Protocol> FedMobillm::protocol(const FleetPlan& plan) const {
    return std::make_unique<SideProtocol>(
        plan, settings(), false, [&plan, costs = settings().method] {
            std::vector<DeviceTask> tasks;
            make_tasks(plan, costs, [&](DeviceTask task) { tasks.push_back(std::move(task)); });
            return tasks;
        });
}

}  // namespace mobi
