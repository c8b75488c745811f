// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fleet/fleet_clock.hpp"
#include "fleet/fleet_device.hpp"

namespace mobi {

/// What all devices share.
struct FleetClockParameters {
    std::uint64_t seed = 1;
    double server_bytes_per_s = 0;  ///< the server's access link, each way; 0: no bound
};

/// A fleet whose times are computed, event by event.  Of one device, alone on its link, whose task
/// has parts that compute and send:
///
///     c_j        = c_{j-1} + compute(j)                                c_{-1} = ready
///     send_end_j = max(c_j, send_end_{j-1}) + bytes_j / uplink
///     arrival_j  = send_end_j + latency
///
/// and a download before a computation likewise: received = ready + bytes / downlink + latency.  On
/// top of that
///
/// - a rate may be drawn for every transfer, and so may a factor on every computation;
/// - a trace takes the place of a rate and is integrated exactly;
/// - devices of a cell share it, and all devices the server's link, max-min fairly at each instant,
///   none faster than its own link;
/// - bytes that the link loses are sent again: each segment of 1,500 bytes until it arrives;
/// - the first transfer after the radio fell idle begins after `wake_up`;
/// - a device that goes off loses what it does at that time, and restarts it when it is back;
/// - over a half-duplex link the two ways are one queue;
/// - latency varies by `jitter`; transfers of a device arrive in the order they were sent.
///
/// A pure function of what it is told: draws are keyed by seed, device and a count.
class VirtualFleet final : public FleetClock {
  public:
    /// \param devices  in order of ids from 0, gaps allowed; cells are filled in this order.
    VirtualFleet(std::span<const FleetDevice> devices, const FleetClockParameters& parameters);
    ~VirtualFleet() override;

    /// \throws Bug  for a device that it has not, an id that it had, a part that does nothing.
    void assign(DeviceTask task) override;
    void recall(TaskId task, VirtualClock::time_point at) override;
    void promise_quiet(VirtualClock::time_point until) override;
    /// \throws ConfigError  when a figure that a time needs is unknown, or it exceeds 200 years.
    const FleetEvent* next(VirtualClock::time_point until) override;
    /// \throws ConfigError  as next() does.
    void forecast(const std::function<bool(const FleetEvent&)>& look) override;
    std::optional<VirtualClock::time_point> next_presence(VirtualClock::time_point time) override;
    std::vector<DeviceId> present(VirtualClock::time_point time) override;

    /// When the device left with an empty battery, if it did.
    std::optional<VirtualClock::time_point> emptied(DeviceId device) const;

  private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace mobi
