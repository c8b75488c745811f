// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "device/availability.hpp"
#include "device/compute_model.hpp"
#include "device/network.hpp"
#include "device/profile.hpp"

namespace mobi {

/// What one packet costs its device.
struct PacketWork {
    ComputeWork compute;
    std::int64_t charged_bytes = 0;  ///< on the uplink, header included where it is charged
};

/// When a packet is computed, sent and received, on the emulated clock.
struct PacketTimes {
    VirtualClock::time_point compute_start, compute_end, send_start, send_end, arrival;
};

/// What became of one packet.
struct PacketSchedule {
    PacketTimes times;            ///< of the attempt that arrived
    std::int64_t sent_bytes = 0;  ///< by that attempt: charged, and again what the link lost
    bool delivered = false;       ///< not, when its device left for good
};

/// Work that was lost because its device went off in the middle of it.
struct LostAttempt {
    std::int32_t task = 0;
    std::int32_t packet = 0;
    bool upload = false;  ///< else its computation
    VirtualClock::time_point start, end;
    std::int64_t sent_bytes = 0;
};

/// A device and its packets, in the order in which it computes them.
struct DeviceTask {
    std::int32_t device = 0;  ///< its number: the key of its draws
    const DeviceProfile* profile = nullptr;
    const LinkProfile* link = nullptr;
    const AvailabilityProfile* availability = nullptr;  ///< null: always on
    std::span<const PacketWork> packets;
};

struct FleetSchedule {
    std::vector<PacketSchedule> packets;  ///< of all tasks, one task after another
    std::vector<LostAttempt> lost;        ///< in the order of (task, packet, start)
    /// Tasks whose device left with an empty battery, and when; in the order of tasks.
    std::vector<std::pair<std::int32_t, VirtualClock::time_point>> emptied;
};

/// The times of every packet of a fleet (docs/design.md 5).  Of one device, alone on its link:
///
///     c_j        = c_{j-1} + compute(j)                                c_{-1} = 0
///     send_end_j = max(c_j, send_end_{j-1}) + bytes_j / uplink
///     arrival_j  = send_end_j + latency
///
/// Computation and upload overlap, the link carries one packet at a time, and packets that wait
/// for it hold up nothing.  On top of that
///
/// - a rate may be drawn for every transfer, and so may a factor on every computation;
/// - a trace takes the place of the rate and is integrated exactly;
/// - devices of a cell share its uplink, and all devices the server's link, max-min fairly at every
///   instant, none faster than its own link;
/// - bytes that the link loses are sent again: each segment of 1,500 bytes until it arrives;
/// - the first transfer after the radio fell idle begins after `wake_up`;
/// - a device that goes off loses what it computes or sends at that time, and begins that packet's
///   computation or upload anew when it is back;
/// - latency varies by `jitter`; packets of a device arrive in the order they were sent.
///
/// A pure function of its arguments: draws are keyed by (seed, device, packet).
///
/// \throws ConfigError  when a figure that a time needs is not known, or a packet takes more than
///                       200 years.
FleetSchedule schedule_fleet(std::span<const DeviceTask> tasks, const NetworkParameters& network);

}  // namespace mobi
