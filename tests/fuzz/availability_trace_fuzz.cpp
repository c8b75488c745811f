// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the availability trace.  The first byte chooses the period.  Either the text is
// refused, or every device comes and goes in order, and is on as long as its spans say.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "core/error.hpp"
#include "core/virtual_time.hpp"
#include "device/availability.hpp"

namespace {

using Time = mobi::VirtualClock::time_point;
using Duration = mobi::VirtualClock::duration;

/// Follows a device for some spans, then jumps to the far end.
void follow(const mobi::AvailabilityProfile& profile, std::int32_t device) {
    mobi::Presence presence(profile, 1, device);
    Duration on_time{};
    Time now{};
    for (int i = 0; i < 6; ++i) {
        const auto on = presence.next_on(now);
        if (!on) return;
        if (*on < now) std::abort();
        const auto off = presence.off_before(*on, mobi::kHorizon);
        if (!off) return;
        if (*off <= *on) std::abort();
        on_time += *off - *on;
        if (*off - *on > *presence.longest_on()) std::abort();
        now = *off;
    }
    mobi::Presence whole(profile, 1, device);
    if (whole.off_until(now) != now.time_since_epoch() - on_time) std::abort();
    presence.next_on(mobi::kHorizon);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr double kPeriods[] = {1e-9, 2e-9, 1, 10, 86400, 6e9, 1e30, 0};
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    try {
        mobi::AvailabilityProfile profile;
        profile.kind = mobi::AvailabilityKind::Trace;
        profile.trace = std::make_shared<const mobi::AvailabilityTrace>(
            mobi::parse_availability_trace(text, "t", kPeriods[data[0] % 8]));
        for (const std::int32_t device : {0, 1, profile.trace->devices - 1, 2'000'000'000})
            follow(profile, device);
    } catch (const mobi::Error& error) {
        if (error.exit_code() == 70) std::abort();  // else refused, as it should be
    }
    return 0;
}
