// SPDX-License-Identifier: Apache-2.0
#include "server/figure_rows.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "core/check.hpp"
#include "core/rng.hpp"
#include "device/compute_model.hpp"
#include "fleet/draws.hpp"
#include "schema/table.hpp"

namespace mobi {
namespace {

/// The first of the columns of `/devices` that are figures.
constexpr std::string_view kFirstFigure = "start_up_s";

/// Numbers what devices share, in the order in which they are met.
class Numbers {
  public:
    /// The number of `thing`, -1 for null, and whether it is new.
    std::pair<std::int32_t, bool> of(const void* thing) {
        if (thing == nullptr) return {-1, false};
        const auto [found, fresh] =
            numbers_.emplace(thing, static_cast<std::int32_t>(numbers_.size()));
        return {found->second, fresh};
    }

  private:
    std::map<const void*, std::int32_t> numbers_;
};

/// Fills rows, device by device.
class FigureFiller {
  public:
    FigureFiller(const FleetPlan& plan, std::uint64_t seed) : plan_(plan), seed_(seed) {}

    FigureRows add_to(std::span<record::DeviceRow> devices) {
        for (std::size_t i = 0; i < plan_.devices.size(); ++i) {
            const DevicePlan& device = plan_.devices[i];
            add_computing(device, devices[i]);
            add_link(device, devices[i]);
            devices[i].availability = pattern(device.availability.get());
        }
        for (const auto& [pattern, number] : patterns_of_files_) add_spans(*pattern, number);
        return std::move(rows_);
    }

  private:
    void add_computing(const DevicePlan& device, record::DeviceRow& row) {
        const DeviceProfile& profile = device.profile;
        row.time_per_sample_s = profile.time_per_sample_s;
        row.thermal_stretch = profile.thermal_stretch;
        row.thermal_budget_s = profile.thermal_budget_s;
        row.thermal_floor = profile.thermal_floor;
        row.thermal_decay_s = profile.thermal_decay_s;
        row.compute_spread = profile.compute_spread;
        row.compute_deviation = profile.compute_deviation;
        row.compute_w = profile.compute_w;
        row.idle_w = profile.idle_w;
        row.battery_j = profile.battery_j;
        row.battery_start = profile.battery_start;
        row.battery_low = profile.battery_low;
        row.battery_rest_s = profile.battery_rest_s;
        row.load_trace = trace(profile.load.get());
        row.load_offset_ns =
            offset(profile.load.get(), profile.load_start, Purpose::LoadOffset, device.id);
    }

    void add_link(const DevicePlan& device, record::DeviceRow& row) {
        const LinkProfile& link = device.link;
        row.uplink_deviation_bytes_per_s = link.uplink_deviation_bytes_per_s;
        row.uplink_trace = trace(link.trace.get());
        row.downlink_trace = trace(link.downlink_trace.get());
        row.uplink_offset_ns =
            offset(link.trace.get(), link.trace_start, Purpose::TraceOffset, device.id);
        row.downlink_offset_ns =
            offset(link.downlink_trace.get(), link.trace_start, Purpose::TraceOffset, device.id);
        row.duplex = static_cast<std::int8_t>(link.duplex);
        row.wake_up_s = link.wake_up_s;
        row.wake_after_s = link.wake_after_s;
        row.cell_devices = link.cell_devices;
        row.cell_uplink_bytes_per_s = link.cell_uplink_bytes_per_s;
        row.cell_downlink_bytes_per_s = link.cell_downlink_bytes_per_s;
        row.up_base_w = link.up_base_w;
        row.up_j_per_byte = link.up_j_per_byte;
        row.down_base_w = link.down_base_w;
        row.down_j_per_byte = link.down_j_per_byte;
    }

    std::int64_t offset(const RateTrace* trace,
                        TraceStart start,
                        Purpose purpose,
                        std::int32_t device) const {
        return trace_offset(trace, start, draws_of(seed_, purpose, DeviceId(device))).count();
    }

    std::int32_t trace(const RateTrace* trace) {
        const auto [number, fresh] = trace_numbers_.of(trace);
        if (!fresh) return number;
        record::TraceRow row{};
        row.trace = number;
        row.period_ns = trace->period().count();
        row.end = static_cast<std::int8_t>(trace->end());
        row.first_step = static_cast<std::int64_t>(rows_.trace_steps.size());
        row.steps = static_cast<std::int64_t>(trace->steps().size());
        rows_.traces.push_back(row);
        for (const RateTrace::Step& step : trace->steps())
            rows_.trace_steps.push_back({step.begin.count(), step.bits_per_s});
        return number;
    }

    std::int32_t pattern(const AvailabilityProfile* pattern) {
        const auto [number, fresh] = pattern_numbers_.of(pattern);
        if (!fresh) return number;
        record::AvailabilityRow row{};
        row.availability = number;
        row.kind = static_cast<std::int8_t>(pattern->kind);
        row.from_s = pattern->daily_from_s;
        row.to_s = pattern->daily_to_s;
        row.time_zones = pattern->time_zones;
        row.mean_on_s = pattern->mean_on_s;
        row.mean_off_s = pattern->mean_off_s;
        row.slot_s = pattern->slot_s;
        row.level_spread = pattern->level_sigma;
        row.join_s = pattern->join_s;
        row.trace_period_s = pattern->trace_period_s;
        if (pattern->trace) {
            row.trace_devices = pattern->trace->devices;
            patterns_of_files_.emplace_back(pattern, number);
        }
        rows_.availability.push_back(row);
        return number;
    }

    void add_spans(const AvailabilityProfile& pattern, std::int32_t number) {
        std::set<std::int32_t> used;
        for (const DevicePlan& device : plan_.devices)
            if (device.availability.get() == &pattern)
                used.insert(device.id % pattern.trace->devices);
        for (const std::int32_t device : used)
            for (const auto& [on, off] : pattern.trace->of(device).spans())
                rows_.spans.push_back({number, device, on.count(), off.count()});
    }

    const FleetPlan& plan_;
    std::uint64_t seed_;
    Numbers trace_numbers_, pattern_numbers_;
    std::vector<std::pair<const AvailabilityProfile*, std::int32_t>> patterns_of_files_;
    FigureRows rows_;
};

}  // namespace

FigureRows add_figures(const FleetPlan& plan,
                       std::uint64_t seed,
                       std::span<record::DeviceRow> devices) {
    MOBI_CHECK(devices.size() == plan.devices.size(), "{} rows for {} devices", devices.size(),
               plan.devices.size());
    return FigureFiller(plan, seed).add_to(devices);
}

std::optional<FigureRows> add_logged_figures(const record::RunReader& log,
                                             std::span<record::DeviceRow> devices) {
    if (log.rows<record::ServerRow>().empty()) return std::nullopt;
    const std::vector<record::DeviceRow> logged = log.rows<record::DeviceRow>();
    MOBI_CHECK(devices.size() == logged.size(), "{} rows for {} devices", devices.size(),
               logged.size());
    const record::Table& table = record::table_of<record::DeviceRow>();
    const auto first =
        std::find_if(table.columns.begin(), table.columns.end(),
                     [](const record::Column& column) { return column.name == kFirstFigure; });
    MOBI_CHECK(first != table.columns.end(), "/devices has no column '{}'", kFirstFigure);
    for (std::size_t i = 0; i < devices.size(); ++i)  // they are the last members
        std::memcpy(reinterpret_cast<std::byte*>(&devices[i]) + first->offset,
                    reinterpret_cast<const std::byte*>(&logged[i]) + first->offset,
                    sizeof(record::DeviceRow) - first->offset);
    return FigureRows{log.rows<record::TraceRow>(), log.rows<record::TraceStepRow>(),
                      log.rows<record::AvailabilityRow>(), log.rows<record::AvailabilitySpanRow>()};
}

void write_figures(record::Writer& writer, FigureRows figures) {
    const auto submit = [&](auto rows) {
        if (!rows.empty()) writer.submit(std::move(rows));
    };
    submit(std::move(figures.traces));
    submit(std::move(figures.trace_steps));
    submit(std::move(figures.availability));
    submit(std::move(figures.spans));
}

record::ServerRow server_row(const ServerParameters& server) {
    record::ServerRow row{};
    row.rate_flop_per_s = server.rate_flop_per_s;
    row.io_rate_bytes_per_s = server.io_rate_bytes_per_s;
    row.step_overhead_s = server.step_overhead_s;
    row.launch_s = server.launch_s;
    row.access_bytes_per_s = server.access_bytes_per_s;
    row.deadline_s = server.deadline_s;
    row.enough_share = server.enough_share;
    return row;
}

}  // namespace mobi
