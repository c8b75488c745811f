// SPDX-License-Identifier: Apache-2.0
#include "device/fleet.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "device/atc_profile.hpp"
#include "device/compute_profile.hpp"
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
        profile.speed *= own;
    }
    if (device.link.spread > 0) {
        const double own = factor(Purpose::LinkSpeed, device.link.spread);
        for (double* rate :
             {&device.link.uplink_bytes_per_s, &device.link.uplink_deviation_bytes_per_s,
              &device.link.downlink_bytes_per_s, &device.link.downlink_deviation_bytes_per_s})
            *rate *= own;
    }
}

/// Rates by precision, with their keys.
constexpr std::array kRates{
    std::tuple(Precision::Fp32, &DeviceProfile::rate_fp32_flop_per_s, "rate_fp32"),
    std::tuple(Precision::Fp16, &DeviceProfile::rate_fp16_flop_per_s, "rate_fp16"),
    std::tuple(Precision::Bf16, &DeviceProfile::rate_bf16_flop_per_s, "rate_bf16"),
    std::tuple(Precision::Int8, &DeviceProfile::rate_int8_flop_per_s, "rate_int8"),
    std::tuple(Precision::Int4, &DeviceProfile::rate_int4_flop_per_s, "rate_int4")};

/// Refuses a rate beside measured points of the same precision: neither is taken in silence.
void refuse_second_source(const DeviceProfile& device) {
    for (const auto& [precision, rate, key] : kRates)
        if (device.measured->law(precision) != nullptr && !std::isnan(device.*rate))
            throw ConfigError(fmt::format(
                "device.{0}.{1}: {2} has measured points of this precision; accepted: one of the "
                "two, e.g. device.{0}.{1} = unknown, or an empty device.{0}.profile",
                device.name, key, device.measured->name()));
}

/// The same of the figures of single devices.
void refuse_second_source(const DeviceTable& table, const DeviceProfile& device) {
    if (!device.measured) return;
    for (const auto& [precision, rate, key] : kRates)
        if (device.measured->law(precision) != nullptr && table.sets(rate))
            throw DataError(fmt::format(
                "{}: column '{}': device.{}.profile has measured points of this precision; "
                "accepted: one of the two",
                table.name(), key, device.name));
    if (table.sets(&DeviceProfile::time_per_sample_s))
        throw DataError(fmt::format(
            "{}: column 'time_per_sample': device.{}.profile has measured points; accepted: one of "
            "the two",
            table.name(), device.name));
}

/// One of the links, each as likely as it is often there.
const std::string& drawn(const std::vector<std::string>& links,
                         std::uint64_t seed,
                         std::int32_t device) {
    if (links.size() == 1) return links.front();
    RandomStream random(seed, Purpose::LinkChoice, static_cast<std::uint64_t>(device));
    return links[static_cast<std::size_t>(random.below(links.size()))];
}

std::set<std::string> backbones_of(const FleetParameters& fleet) {
    std::set<std::string> names(fleet.fit.begin(), fleet.fit.end());
    for (const auto& [device, name] : fleet.backbones) names.insert(name);
    return names;
}

/// The name itself, if it is one of those.
template <typename Names>
const std::string& known(const std::string& name,
                         const Names& names,
                         const DeviceTable& table,
                         std::size_t device) {
    if (names.contains(name)) return name;
    std::vector<std::string> accepted;
    for (const auto& one : names)
        if constexpr (requires { one.first; })
            accepted.push_back(one.first);
        else
            accepted.push_back(one);
    throw DataError(fmt::format("{}: device {}: '{}': accepted: {}, which the fleet names",
                                table.name(), device, printable(name), fmt::join(accepted, ", ")));
}

}  // namespace

std::vector<std::pair<std::string, int>> shares_of(
    const std::vector<std::pair<std::string, int>>& mix, int devices) {
    if (mix.empty()) return {};  // to be refused where a fleet is required
    std::int64_t total = 0;
    for (const auto& [name, share] : mix) total += share;
    std::vector<std::pair<std::string, int>> counts;
    std::vector<std::pair<std::int64_t, std::size_t>> remainders;  // negative: the largest first
    int left = devices;
    for (const auto& [name, share] : mix) {
        const std::int64_t exact = std::int64_t{devices} * share;  // times the total
        counts.emplace_back(name, static_cast<int>(exact / total));
        remainders.emplace_back(-(exact % total), remainders.size());
        left -= counts.back().second;
    }
    std::sort(remainders.begin(), remainders.end());
    for (int i = 0; i < left; ++i) ++counts[remainders[static_cast<std::size_t>(i)].second].second;
    std::erase_if(counts, [](const auto& one) { return one.second == 0; });
    return counts;
}

std::vector<Device> make_fleet(const FleetParts& parts) {
    const FleetParameters& fleet = parts.fleet;
    // A device has its figures; what else they could be is known of its class.
    std::map<std::string, LinkProfile> all_links = parts.links;
    for (auto& [name, link] : all_links) link.bands = {};
    std::vector<Device> devices;
    for (const auto& [name, count] : fleet.mix) {
        const std::vector<std::string>& links = entry(fleet.links, name, "fleet.links");
        Device prototype{0, entry(parts.profiles, name, "profile"), {}, {}, nullptr};
        prototype.profile.profile_file.clear();  // its points are shared
        prototype.profile.bands = {};
        if (fleet.fit.empty() || fleet.backbones.contains(name))
            prototype.backbone = entry(fleet.backbones, name, "fleet.backbones");
        const auto pattern = fleet.availability.find(name);
        if (pattern != fleet.availability.end())
            prototype.availability = std::make_shared<AvailabilityProfile>(
                entry(parts.availability, pattern->second, "availability"));
        for (int i = 0; i < count; ++i) {
            devices.push_back(prototype);
            Device& device = devices.back();
            device.id = static_cast<std::int32_t>(devices.size() - 1);
            device.link = entry(all_links, drawn(links, parts.seed, device.id), "link");
        }
    }
    if (fleet.devices_file.empty()) {
        for (Device& device : devices) draw_rates(parts.seed, device);
        return devices;
    }
    const DeviceTable table = DeviceTable::read(fleet.devices_file);
    if (table.devices() != devices.size())
        throw DataError(fmt::format("{}: {} devices; accepted: {}, as many as fleet.mix has",
                                    table.name(), table.devices(), devices.size()));
    const std::set<std::string> backbones = backbones_of(fleet);
    for (std::size_t i = 0; i < devices.size(); ++i) {
        if (const std::string* link = table.link(i))
            devices[i].link = all_links.at(known(*link, all_links, table, i));
        if (const std::string* backbone = table.backbone(i))
            devices[i].backbone = known(*backbone, backbones, table, i);
        draw_rates(parts.seed, devices[i]);
        refuse_second_source(table, devices[i].profile);
        table.apply(i, devices[i].profile, devices[i].link);
    }
    return devices;
}

void read_files_of(DeviceProfile& device) {
    if (!device.load_file.empty())
        device.load = std::make_shared<const RateTrace>(read_load(device.load_file));
    if (!device.profile_file.empty()) {
        device.measured = std::make_shared<const ComputeProfile>(
            ComputeProfile::read(device.profile_file, device.name));
        refuse_second_source(device);
        device.measured->check_bandwidth(device.memory_bandwidth_bytes_per_s, device.name);
    }
}

void read_files_of(LinkProfile& link) {
    if (!link.atc_file.empty())
        apply_atc_profile(read_text_file(link.atc_file, "a JSON profile with content.up and down"),
                          link.atc_file, link);
    const auto read = [&](const std::string& file, double& bytes_per_s) {
        if (file.empty()) return std::shared_ptr<const RateTrace>();
        RateTrace trace = read_trace(file, link.trace_end).trace;
        if (link.trace_mean == TraceMean::Link)
            trace = trace.scaled_to(bytes_per_s * 8);
        else
            bytes_per_s = trace.mean_bits_per_s() / 8;
        return std::make_shared<const RateTrace>(std::move(trace));
    };
    link.trace = read(link.trace_file, link.uplink_bytes_per_s);
    link.downlink_trace = read(link.downlink_trace_file, link.downlink_bytes_per_s);
}

void read_files_of(AvailabilityProfile& availability) {
    if (availability.kind != AvailabilityKind::Trace) return;
    availability.trace = std::make_shared<const AvailabilityTrace>(
        read_availability_trace(availability.trace_file, availability.trace_period_s));
}

}  // namespace mobi
