// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/clock.hpp"
#include "device/profile.hpp"

namespace mobi {

// E = P_compute t_compute + P_tx(uplink) t_up + P_rx(downlink) t_down + P_idle t_wait with
// P(rate) = base + slope x rate (docs/method.md 4.3).  Each term is NaN where the profile lacks a
// figure of it: an unknown energy is never zero.

/// Joules for computing `virtual_time`.
double compute_energy_j(const DeviceProfile& device, VirtualClock::duration virtual_time);

/// Joules for waiting `virtual_time`, neither computing nor sending.
double idle_energy_j(const DeviceProfile& device, VirtualClock::duration virtual_time);

/// Joules for sending `charged_bytes` while the radio is on for `virtual_time`.
double send_energy_j(const LinkProfile& link,
                     double charged_bytes,
                     VirtualClock::duration virtual_time);

/// As send_energy_j(), for receiving.
double receive_energy_j(const LinkProfile& link,
                        double charged_bytes,
                        VirtualClock::duration virtual_time);

}  // namespace mobi
