// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/rng.hpp"
#include "device/availability.hpp"
#include "device/link_model.hpp"

namespace mobi {

/// Something that goes over a device's link, and when it did.
struct Transfer {
    VirtualClock::time_point ready{};
    std::int64_t bytes = 0;                   ///< charged, and again what the link loses
    double bytes_per_s = kUnknown;            ///< drawn for this one; unknown: the link's own
    VirtualClock::time_point start{}, end{};  ///< of the attempt that got through
    bool done = false;                        ///< not, when the device left for good
};

/// A transfer that was cut off, because the device went off.
struct LostTransfer {
    std::int32_t task = 0;
    std::int32_t number = 0;  ///< in its queue
    VirtualClock::time_point start, end;
    std::int64_t sent_bytes = 0;
};

/// What one device sends or receives, one transfer after another in this order.
struct TransferQueue {
    std::int32_t task = 0;
    LinkDirection direction;
    Presence presence;
    VirtualClock::duration trace_offset{};
    std::vector<Transfer> transfers;
};

/// When the first byte goes of a transfer that begins at `start`: later if the radio has to wake
/// up. \param last_byte  that the link has carried, if any.
VirtualClock::time_point after_wake_up(const LinkProfile& link,
                                       VirtualClock::time_point start,
                                       std::optional<VirtualClock::time_point> last_byte);

/// Carries them over a link of the device's own; attempts that are cut off go to `lost`.
void transfer_alone(TransferQueue& queue, std::vector<LostTransfer>& lost);

/// Carries those of devices that share something, as fluids: at every instant each active transfer
/// has its max-min fair rate.
///
/// \param cells     cell of each queue, from 0.
/// \param capacity  of each cell this way, bytes/s; infinity where only the server's link is
/// shared. \param server_bytes_per_s  infinity: no bound.
void transfer_together(std::span<TransferQueue> queues,
                       std::span<const std::int32_t> cells,
                       std::span<const double> capacity,
                       double server_bytes_per_s,
                       std::vector<LostTransfer>& lost);

/// `bytes` and what a link that loses the share `loss` makes a sender repeat: segments of 1,500
/// bytes, each sent until it arrives.
std::int64_t bytes_with_repeats(std::int64_t bytes, double loss, RandomStream& random);

/// The rate of a transfer on a link that it has for itself, where that has no trace; bytes/s.
double rate_of(const LinkDirection& direction, const Transfer& transfer);

/// A rate for one transfer, bytes/s: normal around the link's own, drawn again until above 0
/// (docs/devices.md 5.2, FLASH); unknown where all go at that.
double draw_rate(const LinkDirection& direction, RandomStream& random);

}  // namespace mobi
