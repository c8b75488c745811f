// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/clock.hpp"
#include "device/profile.hpp"

namespace mobi {

/// Emulated time for which `charged_bytes` occupy the uplink; the latency is not in it.
/// Not the bytes that MPI carries: those take no virtual time.
/// \throws ConfigError  when the profile has no uplink.
VirtualClock::duration send_time(const LinkProfile& link, double charged_bytes);

/// As send_time(), for the downlink.
VirtualClock::duration receive_time(const LinkProfile& link, double charged_bytes);

/// One way, from the last byte sent to its arrival.
VirtualClock::duration latency(const LinkProfile& link);

}  // namespace mobi
