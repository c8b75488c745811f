// SPDX-License-Identifier: Apache-2.0
// A fleet in which every device does one thing, all assigned at the start: what the tests of times
// look at.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "fleet/virtual_fleet.hpp"

namespace mobi::test {

/// What one packet costs its device.
struct PacketWork {
    ComputeWork compute;
    std::int64_t charged_bytes = 0;
};

/// A device and its packets.
struct Sender {
    std::int32_t device = 0;
    const DeviceProfile* profile = nullptr;
    const LinkProfile* link = nullptr;
    const AvailabilityProfile* availability = nullptr;
    std::span<const PacketWork> packets;
};

struct PacketSchedule {
    PartTimes times;
    std::int64_t sent_bytes = 0;
    bool delivered = false;
};

struct LostAttempt {
    std::int32_t device = 0;
    std::int32_t packet = 0;
    bool upload = false;
    VirtualClock::time_point start, end;
    std::int64_t sent_bytes = 0;
};

struct FleetSchedule {
    std::vector<PacketSchedule> packets;  ///< of all senders, one after another
    std::vector<LostAttempt> lost;        ///< in the order of (device, packet, start)
    std::vector<std::pair<std::int32_t, VirtualClock::time_point>> emptied;
};

inline void sort(std::vector<LostAttempt>& lost) {
    std::sort(lost.begin(), lost.end(), [](const LostAttempt& a, const LostAttempt& b) {
        return std::tie(a.device, a.packet, a.start) < std::tie(b.device, b.packet, b.start);
    });
}

inline FleetSchedule schedule_fleet(std::span<const Sender> senders,
                                    const FleetClockParameters& parameters) {
    std::vector<FleetDevice> devices;
    for (const Sender& one : senders)
        devices.push_back({DeviceId(one.device), one.profile, one.link, one.availability});
    VirtualFleet fleet(devices, parameters);
    std::vector<std::size_t> first;  // packet of each sender
    std::size_t packets = 0;
    for (const Sender& one : senders) {
        DeviceTask task;
        task.id = TaskId(static_cast<std::int64_t>(first.size()));
        task.device = DeviceId(one.device);
        for (const PacketWork& work : one.packets)
            task.parts.push_back({0, work.compute, work.charged_bytes});
        first.push_back(packets);
        packets += one.packets.size();
        fleet.assign(std::move(task));
    }
    fleet.promise_quiet(VirtualClock::time_point::max());
    FleetSchedule schedule;
    schedule.packets.resize(packets);
    while (const FleetEvent* const event = fleet.next(VirtualClock::time_point::max())) {
        const std::size_t packet = first[static_cast<std::size_t>(event->task.value())] +
                                   static_cast<std::size_t>(event->part);
        if (event->outcome == Outcome::Done)
            schedule.packets[packet] = {event->times, event->charges.up_bytes, true};
        if (event->outcome == Outcome::CutOff)
            schedule.lost.push_back({event->device.value(), event->part, event->leg == Leg::Upload,
                                     event->start, event->at, event->charges.up_bytes});
    }
    sort(schedule.lost);
    for (const FleetDevice& device : devices)
        if (const auto time = fleet.emptied(device.id))
            schedule.emptied.emplace_back(device.id.value(), *time);
    return schedule;
}

/// What one device fetches, in one piece.
struct Receiver {
    std::int32_t device = 0;
    const LinkProfile* link = nullptr;
    const AvailabilityProfile* availability = nullptr;
    std::int64_t charged_bytes = 0;
    VirtualClock::time_point ready{};
};

struct DownloadSchedule {
    VirtualClock::time_point start{}, sent{}, arrival{};
    std::int64_t sent_bytes = 0;
    bool delivered = false;
};

struct DownloadsSchedule {
    std::vector<DownloadSchedule> downloads;
    std::vector<LostAttempt> lost;
};

inline DownloadsSchedule schedule_downloads(std::span<const Receiver> receivers,
                                            const FleetClockParameters& parameters) {
    static const DeviceProfile profile;  // computes nothing
    std::vector<FleetDevice> devices;
    for (const Receiver& one : receivers)
        devices.push_back({DeviceId(one.device), &profile, one.link, one.availability});
    VirtualFleet fleet(devices, parameters);
    for (const Receiver& one : receivers) {
        DeviceTask task;
        task.id = TaskId(one.device);
        task.device = DeviceId(one.device);
        task.ready = one.ready;
        task.parts.push_back({one.charged_bytes, {}, 0});
        fleet.assign(std::move(task));
    }
    DownloadsSchedule schedule;
    schedule.downloads.resize(receivers.size());
    while (const FleetEvent* const event = fleet.next(VirtualClock::time_point::max())) {
        const PartTimes& times = event->times;
        if (event->outcome == Outcome::Done)
            schedule.downloads[event->device.index()] = {times.receive_start, times.receive_end,
                                                         times.received, event->charges.down_bytes,
                                                         true};
        if (event->outcome == Outcome::CutOff)
            schedule.lost.push_back({event->device.value(), 0, false, event->start, event->at,
                                     event->charges.down_bytes});
    }
    sort(schedule.lost);
    return schedule;
}

}  // namespace mobi::test
