// SPDX-License-Identifier: Apache-2.0
#include "method/side/fed_mobillm.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

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
/// One task a device: its packets in their order.  Sets their `charged_bytes`.
/// \param packets  of cut_into_packets().
std::vector<DeviceTask> tasks_of(const FleetPlan& plan,
                                 const PacketParameters& parameters,
                                 std::vector<Delivery>& packets) {
    std::vector<DeviceTask> tasks;
    for (Delivery& packet : packets) {
        const DeviceId id(packet.device);
        if (tasks.empty() || tasks.back().device != id) {
            DeviceTask task;
            task.id = TaskId(static_cast<std::int64_t>(tasks.size()));
            task.device = id;
            tasks.push_back(std::move(task));
        }
        const auto backbone = static_cast<std::size_t>(packet.backbone);
        tasks.back().parts.push_back(part_of(plan.backbones[backbone], parameters, packet));
    }
    return tasks;
}

/// Keeps what the server waits for of what arrives, in order.
void keep_awaited(Awaited awaited, Deliveries& all, std::size_t planned) {
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
    all.missing = static_cast<std::int64_t>(planned - all.arrived.size());
}

}  // namespace

Deliveries FedMobillm::settle(const FleetPlan& plan) const {
    const MethodSettings& costs = settings().method;
    std::vector<Delivery> packets = cut_into_packets(plan, costs);
    const std::size_t planned = packets.size();
    std::vector<FleetDevice> devices;
    std::vector<std::size_t> first_part;  // of each task, in `packets`
    std::vector<DeviceTask> tasks = tasks_of(plan, costs.packet, packets);
    std::size_t parts = 0;
    for (const DeviceTask& task : tasks) {
        devices.push_back(fleet_device(plan.devices[task.device.index()]));
        first_part.push_back(parts);
        parts += task.parts.size();
    }
    VirtualFleet fleet(devices, costs.fleet);
    for (DeviceTask& task : tasks) fleet.assign(std::move(task));
    fleet.promise_quiet(VirtualClock::time_point::max());
    Deliveries all;
    while (const FleetEvent* const event = fleet.next(VirtualClock::time_point::max())) {
        if (event->outcome == Outcome::CutOff) all.lost.push_back(lost_by(*event));
        if (event->outcome != Outcome::Done) continue;
        const std::size_t first = first_part[event->task.index()];
        Delivery& packet = packets[first + static_cast<std::size_t>(event->part)];
        set_arrival(plan.devices[event->device.index()], *event, packet.charged_bytes, packet);
        all.arrived.push_back(std::move(packet));
    }
    std::sort(all.lost.begin(), all.lost.end(), [](const LostWork& a, const LostWork& b) {
        return std::tie(a.device, a.packet, a.start) < std::tie(b.device, b.packet, b.start);
    });
    all.leftovers.emptied = emptied_devices(fleet, plan);
    keep_awaited(Awaited(costs.deadline_s, costs.enough_share, static_cast<std::int64_t>(planned)),
                 all, planned);
    return all;
}

std::vector<std::int64_t> FedMobillm::download_bytes(const FleetPlan& plan) const {
    return mobi::download_bytes(plan, FleetShape(plan, settings()), settings());
}

std::unique_ptr<Protocol> FedMobillm::protocol(const FleetPlan& plan) const {
    return std::make_unique<SideProtocol>(
        plan, settings(), false, [&plan, costs = settings().method] {
            std::vector<Delivery> packets = cut_into_packets(plan, costs);
            return tasks_of(plan, costs.packet, packets);
        });
}

}  // namespace mobi
