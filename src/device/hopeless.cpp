// SPDX-License-Identifier: Apache-2.0
#include "device/hopeless.hpp"

#include <string>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

[[noreturn]] void refuse(const Presence& presence, const CutOffWork& cut, std::string_view why) {
    throw ConfigError(fmt::format(
        "{}{}: takes {}, the device is on for {} at a time (availability.{}){}; accepted: a faster "
        "device or link, fewer packet.samples, or longer times on",
        cut.work.what, cut.work.whose,
        human_seconds(std::chrono::duration<double>(cut.need).count()),
        human_seconds(presence.usual_on_s()), presence.pattern(), why));
}

}  // namespace

void refuse_hopeless(const Presence& presence, const CutOffWork& cut) {
    const std::optional<VirtualClock::duration> longest = presence.longest_on();
    if (longest && cut.same_every_time && cut.need > *longest)
        refuse(presence, cut, " and loses what it has begun");
    if (cut.attempts >= kMostAttempts)
        refuse(presence, cut, fmt::format(" and was cut off {} times in a row", cut.attempts));
}

void refuse_endless_losses(std::size_t lost, std::size_t transfers) {
    if (lost > 2'000'000 + 20 * transfers)
        throw ConfigError(fmt::format(
            "fleet.availability: devices went off in the middle of their work {} times, "
            "for {} packets; accepted: longer times on, or shorter work",
            lost, transfers));
}

}  // namespace mobi
