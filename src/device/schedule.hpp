// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "core/clock.hpp"
#include "device/compute_model.hpp"
#include "device/profile.hpp"

namespace mobi {

/// What one packet costs its device.
struct PacketWork {
    ComputeWork compute;
    double charged_bytes = 0;  ///< on the uplink, header included where it is charged
};

/// When a packet is computed, sent and received, on the emulated clock.
struct PacketTimes {
    VirtualClock::time_point compute_start, compute_end, send_start, send_end, arrival;
};

/// The times of a device's packets, in the order given (DESIGN.md 5):
///
///     c_j        = c_{j-1} + compute(j)                                c_{-1} = start
///     send_end_j = max(c_j, send_end_{j-1}) + bytes_j / uplink
///     arrival_j  = send_end_j + latency
///
/// Computation and upload overlap, the link carries one packet at a time, and packets that wait
/// for it hold up nothing.  Exact: a sum of whole nanoseconds, whatever the host.
///
/// \throws ConfigError  when a figure that a time needs is not known, or the last packet is not
///                       sent within 200 years.
std::vector<PacketTimes> schedule_packets(const DeviceProfile& device,
                                          const LinkProfile& link,
                                          std::span<const PacketWork> packets,
                                          VirtualClock::time_point start = {});

}  // namespace mobi
