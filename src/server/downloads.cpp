// SPDX-License-Identifier: Apache-2.0
#include "server/downloads.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "device/energy_model.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;

/// When each device's link is free for a download: `ready`, or the end of the upload under way.
std::vector<Time> links_free(Time ready, const FleetPlan& plan, const Leftovers& leftovers) {
    std::vector<Time> free(plan.devices.size(), ready);
    for (const LostWork& upload : leftovers.late) {
        const auto device = static_cast<std::size_t>(upload.device);
        if (plan.devices[device].link.duplex == Duplex::Half && upload.start < ready)
            free[device] = std::max(free[device], upload.end);
    }
    return free;
}

/// Whether each device is still there: its battery lasted.
std::vector<bool> still_there(Time ready, const FleetPlan& plan, const Leftovers& leftovers) {
    std::vector<bool> there(plan.devices.size());
    for (std::size_t i = 0; i < there.size(); ++i) there[i] = plan.devices[i].admitted;
    for (const auto& [device, time] : leftovers.emptied)
        if (time <= ready) there[static_cast<std::size_t>(device)] = false;
    return there;
}

}  // namespace

Downloads downloads_at(Time ready,
                       const FleetPlan& plan,
                       std::span<const std::int64_t> bytes,
                       const Leftovers& leftovers,
                       const FleetClockParameters& parameters) {
    const std::vector<Time> free = links_free(ready, plan, leftovers);
    const std::vector<bool> there = still_there(ready, plan, leftovers);
    std::vector<FleetDevice> devices;
    for (const DevicePlan& device : plan.devices)
        if (there[static_cast<std::size_t>(device.id)]) devices.push_back(fleet_device(device));
    VirtualFleet fleet(devices, parameters);
    for (const FleetDevice& device : devices) {
        DeviceTask task;
        task.id = TaskId(device.id.value());
        task.device = device.id;
        task.ready = free[device.id.index()];
        task.parts.push_back({bytes[device.id.index()], {}, 0});
        fleet.assign(std::move(task));
    }
    fleet.promise_quiet(Time::max());
    Downloads all;
    all.missing = plan.admitted_devices();
    while (const FleetEvent* const event = fleet.next(Time::max())) {
        const std::int32_t device = event->device.value();
        const std::int64_t sent = event->charges.down_bytes;
        if (event->outcome == Outcome::CutOff)
            all.lost.push_back({device, -1, LostStage::Download, event->start, event->at, sent});
        if (event->outcome != Outcome::Done) continue;
        --all.missing;
        const PartTimes& times = event->times;
        const LinkProfile& link = plan.devices[event->device.index()].link;
        Download download;
        download.device = device;
        download.start = times.receive_start;
        download.receive_end = times.receive_end;
        download.arrival = times.received;
        download.charged_bytes = sent;
        download.repeated_bytes = sent - bytes[event->device.index()];
        download.energy_j = receive_energy_j(link, static_cast<double>(sent),
                                             times.receive_end - times.receive_start);
        all.arrived.push_back(download);
    }
    std::sort(all.arrived.begin(), all.arrived.end(),
              [](const Download& a, const Download& b) { return a.device < b.device; });
    std::sort(all.lost.begin(), all.lost.end(), [](const LostWork& a, const LostWork& b) {
        return std::tie(a.device, a.start) < std::tie(b.device, b.start);
    });
    return all;
}

}  // namespace mobi
