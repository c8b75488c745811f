// SPDX-License-Identifier: Apache-2.0
#include "core/virtual_time.hpp"

#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/wide_int.hpp"

namespace mobi {
namespace {

[[noreturn]] void refuse(const TimedWork& work, std::string_view takes) {
    throw ConfigError(fmt::format("{}{} takes {}{}{}", work.what, work.whose, takes,
                                  work.keys.empty() ? "" : "; see ", work.keys));
}

}  // namespace

void refuse_endless(const TimedWork& work) {
    refuse(work, "more than 200 years of virtual time");
}

VirtualClock::duration virtual_duration(double seconds, const TimedWork& work) {
    constexpr double kMost = std::chrono::duration<double>(kLongestRun).count();
    if (seconds > kMost)
        refuse(work, fmt::format("{:.3g} s, more than 200 years of virtual time", seconds));
    if (!(seconds >= 0)) refuse(work, fmt::format("{} s: no time can be told", seconds));
    return VirtualClock::duration(std::llround(seconds * 1e9));
}

std::optional<VirtualClock::duration> multiple(VirtualClock::duration length, std::int64_t times) {
    const Int128 product = Int128{length.count()} * times;
    if (product > kLongestRun.count()) return std::nullopt;
    return VirtualClock::duration(static_cast<VirtualClock::rep>(product));
}

VirtualClock::duration part_of(VirtualClock::duration length,
                               std::int64_t part,
                               std::int64_t parts) {
    return VirtualClock::duration(
        static_cast<VirtualClock::rep>(Int128{length.count()} * part / parts));
}

}  // namespace mobi
