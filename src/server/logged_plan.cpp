// SPDX-License-Identifier: Apache-2.0
#include "server/logged_plan.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "method/packets.hpp"

namespace mobi {
namespace {

template <typename Map>
const typename Map::mapped_type& named(const Map& map, const std::string& name) {
    const auto found = map.find(name);
    if (found == map.end())
        throw DataError(fmt::format("run file: its configuration does not define '{}'", name));
    return found->second;
}

/// The entry of a list that a table's column names.
template <typename List>
auto& entry(List& list, std::int32_t index, std::string_view column) {
    if (index < 0 || static_cast<std::size_t>(index) >= list.size())
        throw DataError(
            fmt::format("run file: {} names number {} of {}", column, index, list.size()));
    return list[static_cast<std::size_t>(index)];
}

Pivot pivot_of(std::int32_t number) {
    switch (number) {
        case 0:
            return Pivot::First;
        case 1:
            return Pivot::Last;
        case 2:
            return Pivot::Mean;
        default:
            throw DataError(fmt::format("run file: pivot {} in /backbones", number));
    }
}

BackbonePlan backbone_of(const record::RunLayout& layout,
                         const record::BackboneRow& row,
                         bool labels) {
    const record::BackboneLayout& logged =
        entry(layout.backbones, row.backbone, "/backbones/backbone");
    BackbonePlan backbone;
    backbone.name = logged.name;
    backbone.family = entry(layout.family_names, row.family, "/backbones/family");
    backbone.size.layers = row.layers;
    backbone.size.width = row.width;
    backbone.size.ffn = row.ffn;
    backbone.size.heads = row.heads;
    backbone.size.kv_heads = row.kv_heads;
    backbone.size.head_dim = row.head_dim;
    backbone.size.gated_mlp = row.gated_mlp != 0;
    if (row.head_dim == 0) {  // older than these columns
        backbone.size.kv_heads = row.heads;
        backbone.size.head_dim = row.heads > 0 ? row.width / row.heads : 0;
    }
    backbone.size.parameters = row.parameters;
    backbone.vocabulary = row.vocabulary;
    backbone.weight_dtype = static_cast<Precision>(row.weight_dtype);
    backbone.pivot = pivot_of(row.pivot);
    backbone.tap_layers = logged.tap_layers;
    backbone.layout.dtype = logged.dtype;
    backbone.layout.taps = static_cast<std::int32_t>(logged.tap_layers.size());
    backbone.layout.width = logged.width;
    backbone.layout.classes = layout.classes;
    backbone.layout.labels = labels;
    backbone.devices = row.devices;
    return backbone;
}

void set_own_figures(const record::DeviceRow& row, LinkProfile& link) {
    link.uplink_bytes_per_s = row.uplink_bytes_per_s;
    link.downlink_bytes_per_s = row.downlink_bytes_per_s;
    link.downlink_deviation_bytes_per_s = row.downlink_deviation_bytes_per_s;
    link.latency_s = row.latency_s;
    link.jitter_s = row.jitter_s;
    link.loss = row.loss;
}

VirtualClock::time_point time_of(std::int64_t ns) {
    return VirtualClock::time_point(VirtualClock::duration(ns));
}

}  // namespace

FleetPlan plan_from_log(const record::RunReader& reader,
                        const FleetParts& parts,
                        std::int32_t packet_samples,
                        std::int32_t device_epochs,
                        bool labels) {
    std::map<std::string, std::shared_ptr<const AvailabilityProfile>> patterns;
    for (const auto& [device, name] : parts.fleet.availability)
        patterns[device] =
            std::make_shared<const AvailabilityProfile>(named(parts.availability, name));
    const record::RunLayout& layout = reader.layout();
    FleetPlan plan;
    plan.packet_samples = packet_samples;
    plan.device_epochs = device_epochs;
    for (const auto& row : reader.rows<record::BackboneRow>())
        plan.backbones.push_back(backbone_of(layout, row, labels));
    for (const auto& row : reader.rows<record::DeviceRow>()) {
        DevicePlan device;
        device.id = row.device;
        device.backbone = row.backbone;
        entry(plan.backbones, row.backbone, "/devices/backbone");
        const std::string& name = entry(layout.profile_names, row.profile, "/devices/profile");
        device.profile = named(parts.profiles, name);
        device.link = named(parts.links, entry(layout.link_names, row.link, "/devices/link"));
        set_own_figures(row, device.link);
        if (const auto pattern = patterns.find(name); pattern != patterns.end())
            device.availability = pattern->second;
        device.memory_need_bytes = row.memory_need_bytes;
        device.admitted = row.admitted != 0;
        plan.devices.push_back(std::move(device));
    }
    std::vector<record::SampleRow> samples = reader.rows<record::SampleRow>();
    plan.samples.resize(samples.size());
    // A shard's order within a packet has no effect on anything that is computed; by packet it has.
    std::sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) {
        return std::tie(a.device, a.packet, a.sample) < std::tie(b.device, b.packet, b.sample);
    });
    for (const record::SampleRow& row : samples) {
        entry(plan.samples, row.sample, "/samples/sample") = {row.device, row.packet, row.tokens};
        if (row.device >= 0)
            entry(plan.devices, row.device, "/samples/device").samples.push_back(row.sample);
    }
    return plan;
}

Delivery as_logged(Delivery planned, const record::UploadRow& row) {
    planned.times = {time_of(row.compute_start_ns), time_of(row.compute_end_ns),
                     time_of(row.send_start_ns), time_of(row.send_end_ns), time_of(row.arrival_ns)};
    planned.charged_bytes = row.charged_bytes;
    planned.repeated_bytes = row.repeated_bytes;
    planned.charged_flop = row.charged_flop;
    planned.compute_energy_j = row.compute_energy_j;
    planned.send_energy_j = row.send_energy_j;
    planned.overrun = VirtualClock::duration(row.overrun_ns);
    return planned;
}

std::vector<Delivery> deliveries_from_log(const record::RunReader& reader,
                                          const FleetPlan& plan,
                                          const MethodSettings& settings) {
    const auto uploads = reader.rows<record::UploadRow>();
    if (uploads.empty())
        throw DataError(
            "the run file has no uploads to replay: its method has none; replay it with the "
            "method.name that it was made with");
    std::map<std::pair<std::int32_t, std::int32_t>, Delivery> packets;
    for (Delivery& packet : cut_into_packets(plan, settings))
        packets.emplace(std::pair(packet.device, packet.packet), std::move(packet));
    std::vector<Delivery> deliveries;
    for (const record::UploadRow& row : uploads) {
        if (row.content != static_cast<std::int8_t>(ContentKind::Taps))
            throw DataError(
                "the run file has no activations to learn from again: a replay takes methods "
                "whose devices upload taps");
        const auto found = packets.find({row.device, row.packet});
        if (found == packets.end())
            throw DataError(
                fmt::format("run file: upload {} is packet {} of device {}, which has "
                            "no such packet",
                            row.upload, row.packet, row.device));
        deliveries.push_back(as_logged(found->second, row));
    }
    return deliveries;
}

Leftovers leftovers_from_log(const record::RunReader& reader) {
    Leftovers leftovers;
    for (const record::LossRow& row : reader.rows<record::LossRow>())
        if (row.stage == static_cast<std::int8_t>(LostStage::Late))
            leftovers.late.push_back({row.device, row.packet, LostStage::Late,
                                      time_of(row.start_ns), time_of(row.end_ns),
                                      row.charged_bytes});
    for (const record::DeviceRow& row : reader.rows<record::DeviceRow>())
        if (row.emptied_ns >= 0)
            leftovers.emptied.emplace_back(row.device, time_of(row.emptied_ns));
    return leftovers;
}

std::vector<record::LossRow> cut_off_rows(const record::RunReader& reader) {
    std::vector<record::LossRow> rows = reader.rows<record::LossRow>();
    std::erase_if(rows, [](const record::LossRow& row) {
        return row.stage == static_cast<std::int8_t>(LostStage::Late) ||
               row.stage == static_cast<std::int8_t>(LostStage::Download);
    });
    return rows;
}

LoggedPace::LoggedPace(const record::RunReader& reader) {
    for (const record::UpdateRow& row : reader.rows<record::UpdateRow>())
        overruns_.emplace_back(row.overrun_ns);
}

VirtualClock::time_point LoggedPace::finish(std::int64_t update,
                                            VirtualClock::time_point planned,
                                            const std::function<bool()>&) {
    const auto index = static_cast<std::size_t>(update);
    return index < overruns_.size() ? planned + overruns_[index] : planned;
}

}  // namespace mobi
