// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "device/schedule.hpp"

namespace mobi {

/// The uploads of one device: packets with `times.compute_end` and `sent_bytes` known, which get
/// `send_start`, `send_end` and `delivered`.
struct UploadQueue {
    std::int32_t task = 0;
    const LinkProfile* link = nullptr;
    Presence presence;
    VirtualClock::duration trace_offset{};
    std::span<PacketSchedule> packets;
};

/// Marks packets that will never be sent, nor those after them.
void cancel_from(std::span<PacketSchedule> packets);

/// When the first byte goes of a transfer that begins at `start`: later if the radio has to wake
/// up. \param last_byte  that the link has carried, if any.
VirtualClock::time_point after_wake_up(const LinkProfile& link,
                                       VirtualClock::time_point start,
                                       std::optional<VirtualClock::time_point> last_byte);

/// Sends them over a link of the device's own; attempts that are cut off go to `lost`.
void send_alone(UploadQueue& queue, std::vector<LostAttempt>& lost);

/// Sends those of devices that share something, as fluids: at every instant each active transfer
/// has its max-min fair rate.
///
/// \param cells     cell of each queue, from 0.
/// \param capacity  of each cell's uplink, bytes/s; infinity where only the server's link is
/// shared. \param server_bytes_per_s  infinity: no bound.
void send_together(std::span<UploadQueue> queues,
                   std::span<const std::int32_t> cells,
                   std::span<const double> capacity,
                   double server_bytes_per_s,
                   std::vector<LostAttempt>& lost);

/// `bytes` and what a link that loses the share `loss` makes a sender repeat: segments of 1,500
/// bytes, each sent until it arrives.
std::int64_t bytes_with_repeats(std::int64_t bytes, double loss, RandomStream& random);

}  // namespace mobi
