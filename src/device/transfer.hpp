// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "core/rng.hpp"
#include "device/link_model.hpp"

namespace mobi {

/// When the first byte goes of a transfer that begins at `start`: later if the radio has to wake
/// up. \param last_byte  that the link has carried, if any.
VirtualClock::time_point after_wake_up(const LinkProfile& link,
                                       VirtualClock::time_point start,
                                       std::optional<VirtualClock::time_point> last_byte);

/// `bytes` and what a link that loses the share `loss` makes a sender repeat: segments of 1,500
/// bytes, each sent until it arrives.
std::int64_t bytes_with_repeats(std::int64_t bytes, double loss, RandomStream& random);

/// A rate for one transfer, bytes/s: normal around the link's own, drawn again until above 0
/// (docs/devices.md 5.2, FLASH); unknown where all go at that.
double draw_rate(const LinkDirection& direction, RandomStream& random);

}  // namespace mobi
