// SPDX-License-Identifier: Apache-2.0
#include "device/schedule.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "core/error.hpp"
#include "device/link_model.hpp"

namespace mobi {
namespace {

// Well inside the clock's 292 years, so that what the server adds still fits.
constexpr VirtualClock::time_point kHorizon{std::chrono::hours{200 * 365 * 24}};

}  // namespace

std::vector<PacketTimes> schedule_packets(const DeviceProfile& device,
                                          const LinkProfile& link,
                                          std::span<const PacketWork> packets,
                                          VirtualClock::time_point start) {
    std::vector<PacketTimes> times;
    times.reserve(packets.size());
    const auto one_way = latency(link);
    VirtualClock::time_point computed = start;
    VirtualClock::time_point sent = start;
    for (const PacketWork& packet : packets) {
        PacketTimes next;
        next.compute_start = computed;
        next.compute_end = computed = computed + compute_time(device, packet.compute);
        next.send_start = std::max(computed, sent);
        next.send_end = sent = next.send_start + send_time(link, packet.charged_bytes);
        next.arrival = sent + one_way;
        if (next.compute_end > kHorizon || next.arrival > kHorizon)
            throw ConfigError(
                fmt::format("{} over link {}: {} packets take more than 200 years of virtual time",
                            device.name, link.name, packets.size()));
        times.push_back(next);
    }
    return times;
}

}  // namespace mobi
