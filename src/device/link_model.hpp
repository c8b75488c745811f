// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "core/clock.hpp"
#include "core/rng.hpp"
#include "core/virtual_time.hpp"
#include "device/profile.hpp"

namespace mobi {

/// One of the two ways of a link.
struct LinkDirection {
    const LinkProfile* link = nullptr;
    std::string_view what;  ///< "an upload over link.", or a download; for messages
    double bytes_per_s = kUnknown;
    double deviation_bytes_per_s = 0;    ///< of a transfer's rate; 0: all go at `bytes_per_s`
    const RateTrace* trace = nullptr;    ///< in place of the rate, or null
    double cell_bytes_per_s = kUnknown;  ///< what the link's cell carries this way, if shared

    TimedWork work() const { return {what, link->name}; }
};

/// From device to server.  \param link  must outlive the result.
LinkDirection uplink(const LinkProfile& link);

/// From server to device.
LinkDirection downlink(const LinkProfile& link);

/// Emulated time for which `charged_bytes` occupy this way of a link at its own rate; the latency
/// is not in it.  Not the bytes that MPI carries: those take no virtual time.
/// \throws ConfigError  when the profile has no rate for it.
VirtualClock::duration transfer_time(const LinkDirection& direction, double charged_bytes);

/// The same at another rate, bytes/s.
VirtualClock::duration transfer_time(const LinkDirection& direction,
                                     double charged_bytes,
                                     double bytes_per_s);

/// One way, from the last byte sent to its arrival.
VirtualClock::duration latency(const LinkProfile& link);

/// The same with jitter: normal around it, never below zero.
VirtualClock::duration latency(const LinkProfile& link, RandomStream random);

}  // namespace mobi
