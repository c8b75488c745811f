// SPDX-License-Identifier: Apache-2.0
#include "server/downloads.hpp"

#include <algorithm>

#include "device/download.hpp"
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
                       const NetworkParameters& network) {
    const std::vector<Time> free = links_free(ready, plan, leftovers);
    const std::vector<bool> there = still_there(ready, plan, leftovers);
    std::vector<DownloadTask> tasks;
    for (const DevicePlan& device : plan.devices) {
        const auto i = static_cast<std::size_t>(device.id);
        if (there[i])
            tasks.push_back(
                {device.id, &device.link, device.availability.get(), bytes[i], free[i]});
    }
    const DownloadsSchedule schedule = schedule_downloads(tasks, network);
    Downloads all;
    all.missing = plan.admitted_devices() - static_cast<std::int32_t>(tasks.size());
    for (std::size_t t = 0; t < tasks.size(); ++t) {
        const DownloadSchedule& one = schedule.downloads[t];
        if (!one.delivered) {
            ++all.missing;
            continue;
        }
        const auto sent = static_cast<double>(one.sent_bytes);
        all.arrived.push_back({tasks[t].device, one.start, one.arrival, one.sent_bytes,
                               one.sent_bytes - tasks[t].charged_bytes,
                               receive_energy_j(*tasks[t].link, sent, one.sent - one.start)});
    }
    for (const LostTransfer& lost : schedule.lost)
        all.lost.push_back({tasks[static_cast<std::size_t>(lost.task)].device, -1,
                            LostStage::Download, lost.start, lost.end, lost.sent_bytes});
    return all;
}

}  // namespace mobi
