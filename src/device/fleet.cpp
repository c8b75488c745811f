// SPDX-License-Identifier: Apache-2.0
#include "device/fleet.hpp"

#include <cmath>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "core/text_file.hpp"
#include "device/atc_profile.hpp"
#include "device/device_table.hpp"
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

/// The device's own factors on the rates of its class.
void draw_rates(std::uint64_t seed, Device& device) {
    const auto factor = [&](Purpose purpose, double sigma) {
        return std::exp(
            sigma * RandomStream(seed, purpose, static_cast<std::uint64_t>(device.id)).normal());
    };
    DeviceProfile& profile = device.profile;
    if (profile.spread > 0) {
        const double own = factor(Purpose::DeviceSpeed, profile.spread);
        for (double* rate : {&profile.rate_fp32_flop_per_s, &profile.rate_fp16_flop_per_s,
                             &profile.rate_bf16_flop_per_s, &profile.rate_int8_flop_per_s,
                             &profile.rate_int4_flop_per_s, &profile.memory_bandwidth_bytes_per_s})
            *rate *= own;
        profile.time_per_sample_s /= own;
    }
    if (device.link.spread > 0) {
        const double own = factor(Purpose::LinkSpeed, device.link.spread);
        device.link.uplink_bytes_per_s *= own;
        device.link.downlink_bytes_per_s *= own;
    }
}

}  // namespace

std::vector<Device> make_fleet(const FleetParts& parts) {
    const FleetParameters& fleet = parts.fleet;
    std::vector<Device> devices;
    for (const auto& [name, count] : fleet.mix) {
        Device prototype{0,
                         entry(parts.profiles, name, "profile"),
                         entry(parts.links, entry(fleet.links, name, "fleet.links"), "link"),
                         {},
                         nullptr};
        if (fleet.fit.empty() || fleet.backbones.contains(name))
            prototype.backbone = entry(fleet.backbones, name, "fleet.backbones");
        const auto pattern = fleet.availability.find(name);
        if (pattern != fleet.availability.end())
            prototype.availability = std::make_shared<AvailabilityProfile>(
                entry(parts.availability, pattern->second, "availability"));
        for (int i = 0; i < count; ++i) {
            devices.push_back(prototype);
            devices.back().id = static_cast<std::int32_t>(devices.size() - 1);
            draw_rates(parts.seed, devices.back());
        }
    }
    if (fleet.devices_file.empty()) return devices;
    const DeviceTable table = DeviceTable::read(fleet.devices_file);
    if (table.devices() != devices.size())
        throw DataError(fmt::format("{}: {} devices; accepted: {}, as many as fleet.mix has",
                                    table.name(), table.devices(), devices.size()));
    for (std::size_t i = 0; i < devices.size(); ++i)
        table.apply(i, devices[i].profile, devices[i].link);
    return devices;
}

void read_files_of(DeviceProfile& device) {
    if (device.load_file.empty()) return;
    device.load = std::make_shared<const RateTrace>(read_load(device.load_file));
}

void read_files_of(LinkProfile& link) {
    if (!link.atc_file.empty())
        apply_atc_profile(read_text_file(link.atc_file, "a JSON profile with content.up and down"),
                          link.atc_file, link);
    if (link.trace_file.empty()) return;
    RateTrace trace = read_trace(link.trace_file, link.trace_end).trace;
    if (link.trace_mean == TraceMean::Uplink)
        trace = trace.scaled_to(link.uplink_bytes_per_s * 8);
    else
        link.uplink_bytes_per_s = trace.mean_bits_per_s() / 8;
    link.trace = std::make_shared<const RateTrace>(std::move(trace));
}

void read_files_of(AvailabilityProfile& availability) {
    if (availability.kind != AvailabilityKind::Trace) return;
    availability.trace = std::make_shared<const AvailabilityTrace>(
        read_availability_trace(availability.trace_file, availability.trace_period_s));
}

}  // namespace mobi
