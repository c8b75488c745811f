// SPDX-License-Identifier: Apache-2.0
#include "device/device_table.hpp"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <stdexcept>

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

constexpr double kMost = 1e30;

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

/// What stands before the unit.
std::string_view key_of(std::string_view title) {
    return trim(title.substr(0, title.find('[')));
}

std::string known_names() {
    std::vector<std::string_view> names;
    for (const Figure& figure : figures()) names.push_back(figure.name);
    names.insert(names.end(), {kLink, kBackbone});
    return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

DeviceTable::Column DeviceTable::parse_column(std::string_view cell, const std::string& name) {
    const auto bracket = cell.find('[');
    const std::string_view key = key_of(cell);
    for (const Figure& figure : figures()) {
        if (figure.name != key) continue;
        Column column{figure.of_device, figure.of_link, 1, figure.least, figure.most, figure.zero};
        const bool has_unit = bracket != std::string_view::npos && cell.ends_with(']');
        if (has_unit != figure.quantity.has_value())
            throw DataError(fmt::format("{}:1: column '{}': accepted: {}", name, printable(cell),
                                        figure.quantity
                                            ? fmt::format("{} [unit], with one of {}", key,
                                                          accepted_units(*figure.quantity))
                                            : fmt::format("{}, without a unit", key)));
        if (!has_unit) return column;
        const std::string unit(trim(cell.substr(bracket + 1, cell.size() - bracket - 2)));
        try {
            column.scale = parse_quantity("1 " + unit, *figure.quantity);
        } catch (const std::invalid_argument&) {
            throw DataError(fmt::format("{}:1: column '{}': accepted units: {}", name,
                                        printable(cell), accepted_units(*figure.quantity)));
        }
        return column;
    }
    throw DataError(
        fmt::format("{}:1: column '{}': accepted: {}", name, printable(cell), known_names()));
}

double DeviceTable::parse_value(const Column& column,
                                std::string_view cell,
                                const std::string& title,
                                const std::string& where) {
    double value = 0;
    const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    value *= column.scale;
    const bool good = error == std::errc() && stop == cell.data() + cell.size() &&
                      value >= column.least && value <= column.most &&
                      (column.zero || value > column.least);
    if (!good)
        throw DataError(fmt::format("{}: {} = '{}': accepted: a number {} {}{}", where, title,
                                    printable(cell), column.zero ? "from" : "above", column.least,
                                    column.most < kMost ? fmt::format(" to {}", column.most) : ""));
    return value;
}

void DeviceTable::add_line(std::span<const std::string_view> cells,
                           std::span<const std::string> titles,
                           const std::string& where) {
    if (cells.size() != titles.size())
        throw DataError(fmt::format("{}: {} fields; accepted: {}, as in the header", where,
                                    cells.size(), titles.size()));
    std::size_t number = 0;  // of the column of numbers
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const std::string_view cell = trim(cells[i]);
        if (titles[i].empty()) continue;  // pandas writes its index under no name
        if (titles[i] == kLink)
            links_.emplace_back(cell);
        else if (titles[i] == kBackbone)
            backbones_.emplace_back(cell);
        else
            values_.push_back(parse_value(columns_[number++], cell, titles[i], where));
    }
    ++devices_;
}

DeviceTable DeviceTable::parse(std::string_view text, const std::string& name) {
    DeviceTable table;
    table.name_ = name;
    text = without_byte_order_mark(text);
    std::vector<std::string> titles;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::string_view line = trim(take_line(text));
        ++number;
        if (line.empty() || line.front() == '#') continue;
        const std::vector<std::string_view> cells = split(line, ',');
        if (!titles.empty()) {
            table.add_line(cells, titles, fmt::format("{}:{}", name, number));
            continue;
        }
        if (cells.size() == 1 && line.find_first_of(";\t") != std::string_view::npos)
            throw DataError(fmt::format(
                "{}:{}: '{}': accepted: columns with commas between them, not {}", name, number,
                printable(line), line.find(';') == std::string_view::npos ? "tabs" : "semicolons"));
        std::set<std::string_view> keys;
        for (const std::string_view cell : cells) {
            titles.emplace_back(trim(cell));
            if (titles.back().empty()) continue;
            if (!keys.insert(key_of(cell)).second)
                throw DataError(fmt::format("{}:{}: two columns '{}'; accepted: one of a key", name,
                                            number, printable(key_of(cell))));
            if (titles.back() != kLink && titles.back() != kBackbone)
                table.columns_.push_back(parse_column(titles.back(), name));
        }
    }
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

const std::string* DeviceTable::link(std::size_t device) const {
    return links_.empty() ? nullptr : &links_[device];
}

const std::string* DeviceTable::backbone(std::size_t device) const {
    return backbones_.empty() ? nullptr : &backbones_[device];
}

}  // namespace mobi
