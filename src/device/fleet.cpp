// SPDX-License-Identifier: Apache-2.0
#include "device/fleet.hpp"

#include "core/check.hpp"
#include "device/trace_file.hpp"

namespace mobi {
namespace {

template <typename Value>
const Value& entry(const std::map<std::string, Value>& entries,
                   const std::string& name,
                   const char* what) {
    const auto found = entries.find(name);
    MOBI_CHECK(found != entries.end(), "no {} for '{}'", what, name);
    return found->second;
}

}  // namespace

std::vector<Device> make_fleet(const FleetParameters& fleet,
                               const std::map<std::string, DeviceProfile>& profiles,
                               const std::map<std::string, LinkProfile>& links,
                               const std::map<std::string, AvailabilityProfile>& availability) {
    std::vector<Device> devices;
    for (const auto& [name, count] : fleet.mix) {
        Device prototype{0, &entry(profiles, name, "profile"),
                         &entry(links, entry(fleet.links, name, "fleet.links"), "link"),
                         entry(fleet.backbones, name, "fleet.backbones"), nullptr};
        const auto pattern = fleet.availability.find(name);
        if (pattern != fleet.availability.end())
            prototype.availability = std::make_shared<AvailabilityProfile>(
                entry(availability, pattern->second, "availability"));
        for (int i = 0; i < count; ++i) {
            devices.push_back(prototype);
            devices.back().id = static_cast<std::int32_t>(devices.size() - 1);
        }
    }
    return devices;
}

void read_trace_of(LinkProfile& link) {
    if (link.trace_file.empty()) return;
    RateTrace trace = read_trace(link.trace_file, link.trace_end).trace;
    if (link.trace_mean == TraceMean::Uplink)
        trace = trace.scaled_to(link.uplink_bytes_per_s * 8);
    else
        link.uplink_bytes_per_s = trace.mean_bits_per_s() / 8;
    link.trace = std::make_shared<const RateTrace>(std::move(trace));
}

void read_trace_of(AvailabilityProfile& availability) {
    if (availability.kind != AvailabilityKind::Trace) return;
    availability.trace = std::make_shared<const AvailabilityTrace>(
        read_availability_trace(availability.trace_file, availability.trace_period_s));
}

}  // namespace mobi
