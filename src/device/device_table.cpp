// SPDX-License-Identifier: Apache-2.0
#include "device/device_table.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "core/units.hpp"

namespace mobi {
namespace {

/// A figure that a column can hold.
struct Figure {
    std::string_view name;
    double DeviceProfile::*of_device;
    double LinkProfile::*of_link;
    std::optional<Quantity> quantity;  ///< none: a number without unit
    double least;                      ///< what a value may be, in SI
    double most;
    bool zero = true;  ///< whether `least` itself is accepted
};

constexpr double kMost = CsvRange{}.most;

// Columns of names.
constexpr std::string_view kLink = "link";
constexpr std::string_view kBackbone = "backbone";

const std::vector<Figure>& figures() {
    using D = DeviceProfile;
    using L = LinkProfile;
    static const std::vector<Figure> list{
        {"rate_fp32", &D::rate_fp32_flop_per_s, nullptr, Quantity::FlopRate, 0, kMost, false},
        {"rate_fp16", &D::rate_fp16_flop_per_s, nullptr, Quantity::FlopRate, 0, kMost, false},
        {"rate_bf16", &D::rate_bf16_flop_per_s, nullptr, Quantity::FlopRate, 0, kMost, false},
        {"rate_int8", &D::rate_int8_flop_per_s, nullptr, Quantity::FlopRate, 0, kMost, false},
        {"rate_int4", &D::rate_int4_flop_per_s, nullptr, Quantity::FlopRate, 0, kMost, false},
        {"memory", &D::memory_bytes, nullptr, Quantity::Size, 0, kMost, false},
        {"memory_bandwidth", &D::memory_bandwidth_bytes_per_s, nullptr, Quantity::Rate, 0, kMost,
         false},
        {"time_per_sample", &D::time_per_sample_s, nullptr, Quantity::Time, 0, kMost},
        {"t0", &D::t0_s, nullptr, Quantity::Time, 0, kMost},
        {"thermal_stretch", &D::thermal_stretch, nullptr, std::nullopt, 1, kMost},
        {"compute_spread", &D::compute_spread, nullptr, std::nullopt, 0, 10},
        {"compute_deviation", &D::compute_deviation, nullptr, std::nullopt, 0, 10},
        {"power_compute", &D::compute_w, nullptr, Quantity::Power, 0, kMost},
        {"power_idle", &D::idle_w, nullptr, Quantity::Power, 0, kMost},
        {"uplink", nullptr, &L::uplink_bytes_per_s, Quantity::Rate, 0, kMost, false},
        {"downlink", nullptr, &L::downlink_bytes_per_s, Quantity::Rate, 0, kMost, false},
        {"uplink_deviation", nullptr, &L::uplink_deviation_bytes_per_s, Quantity::Rate, 0, kMost},
        {"downlink_deviation", nullptr, &L::downlink_deviation_bytes_per_s, Quantity::Rate, 0,
         kMost},
        {"latency", nullptr, &L::latency_s, Quantity::Time, 0, kMost},
        {"jitter", nullptr, &L::jitter_s, Quantity::Time, 0, kMost},
        {"loss", nullptr, &L::loss, std::nullopt, 0, 0.99},
    };
    return list;
}

std::string known_names() {
    std::vector<std::string_view> names;
    for (const Figure& figure : figures()) names.push_back(figure.name);
    names.insert(names.end(), {kLink, kBackbone});
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

DeviceTable::Column DeviceTable::parse_column(std::string_view title, const std::string& name) {
    for (const Figure& figure : figures())
        if (figure.name == csv_key(title))
            return {figure.of_device, figure.of_link, csv_scale(title, figure.quantity, name),
                    CsvRange{figure.least, figure.most, figure.zero}};
    throw DataError(
        fmt::format("{}:1: column '{}': accepted: {}", name, printable(title), known_names()));
}

void DeviceTable::add_line(std::span<const std::string_view> cells,
                           std::span<const std::string_view> titles,
                           const std::string& where) {
    std::size_t number = 0;  // of the column of numbers
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (titles[i].empty()) continue;  // pandas writes its index under no name
        if (titles[i] == kLink) {
            links_.emplace_back(cells[i]);
        } else if (titles[i] == kBackbone) {
            backbones_.emplace_back(cells[i]);
        } else {
            const Column& column = columns_[number++];
            values_.push_back(csv_number(cells[i], column.scale, column.range, titles[i], where));
        }
    }
    ++devices_;
}

DeviceTable DeviceTable::parse(std::string_view text, const std::string& name) {
    DeviceTable table;
    table.name_ = name;
    CsvReader csv(text, name);
    for (const std::string_view title : csv.titles())
        if (!title.empty() && title != kLink && title != kBackbone)
            table.columns_.push_back(parse_column(title, name));
    while (const auto* const cells = csv.next()) table.add_line(*cells, csv.titles(), csv.where());
    if (table.devices_ == 0)
        throw DataError(
            fmt::format("{}: no device; accepted: a header with some of {}, then a line a device",
                        name, known_names()));
    return table;
}

DeviceTable DeviceTable::read(const std::string& path) {
    return parse(read_text_file(path, "fleet.devices_file is a CSV with a line a device"), path);
}

void DeviceTable::apply(std::size_t device, DeviceProfile& profile, LinkProfile& link) const {
    const double* value = values_.data() + device * columns_.size();
    for (const Column& column : columns_) {
        if (column.of_device != nullptr)
            profile.*column.of_device = *value++;
        else
            link.*column.of_link = *value++;
    }
}

bool DeviceTable::sets(double DeviceProfile::*figure) const {
    return std::any_of(columns_.begin(), columns_.end(),
                       [&](const Column& column) { return column.of_device == figure; });
}

const std::string* DeviceTable::link(std::size_t device) const {
    return links_.empty() ? nullptr : &links_[device];
}

const std::string* DeviceTable::backbone(std::size_t device) const {
    return backbones_.empty() ? nullptr : &backbones_[device];
}

}  // namespace mobi
