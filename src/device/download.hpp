// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "device/network.hpp"

namespace mobi {

/// What one device fetches from the server, in one piece.
struct DownloadTask {
    std::int32_t device = 0;  ///< its number: the key of its draws
    const LinkProfile* link = nullptr;
    const AvailabilityProfile* availability = nullptr;  ///< null: always on
    std::int64_t charged_bytes = 0;
    VirtualClock::time_point ready{};  ///< the server has it, and the device's link is free
};

struct DownloadSchedule {
    VirtualClock::time_point start{};  ///< the device is on and the link works for it
    VirtualClock::time_point sent{};   ///< the link has carried the last byte
    VirtualClock::time_point arrival{};
    std::int64_t sent_bytes = 0;  ///< charged, and again what the link lost
    bool delivered = false;       ///< not, when the device never comes back
};

struct DownloadsSchedule {
    std::vector<DownloadSchedule> downloads;  ///< of each task
    std::vector<LostTransfer> lost;           ///< cut off; in the order of (task, start)
};

/// The times of a download of every device, by the rules of schedule_fleet() in the other
/// direction: over the `downlink` or its trace, shared with the devices of a cell that has a
/// `cell_downlink` and with all on the server's link; lost segments are sent again, a radio that
/// sleeps wakes up first, a device that goes off begins anew when it is back.
///
///     arrival = ready + bytes / downlink + latency          of one device that is always on
///
/// \throws ConfigError  when a figure that a time needs is not known.
DownloadsSchedule schedule_downloads(std::span<const DownloadTask> tasks,
                                     const NetworkParameters& network);

}  // namespace mobi
