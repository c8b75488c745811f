// SPDX-License-Identifier: Apache-2.0
#include "core/units.hpp"

#include <charconv>
#include <cmath>
#include <span>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/text.hpp"

namespace mobi {
namespace {

using Unit = std::pair<std::string_view, double>;

// Increasing within a quantity: format_quantity() takes the largest that reads well.
constexpr Unit kRate[] = {{"bit/s", 1.0 / 8},  {"kbit/s", 1e3 / 8}, {"Mbit/s", 1e6 / 8},
                          {"Gbit/s", 1e9 / 8}, {"B/s", 1.0},        {"kB/s", 1e3},
                          {"MB/s", 1e6},       {"GB/s", 1e9},       {"TB/s", 1e12}};
constexpr Unit kSize[] = {{"B", 1.0},      {"kB", 1e3},     {"MB", 1e6},    {"GB", 1e9},
                          {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}};
constexpr Unit kFlopRate[] = {
    {"FLOP/s", 1.0}, {"kFLOP/s", 1e3}, {"MFLOP/s", 1e6}, {"GFLOP/s", 1e9}, {"TFLOP/s", 1e12}};
constexpr Unit kTime[] = {{"ns", 1e-9}, {"us", 1e-6},  {"ms", 1e-3},
                          {"s", 1.0},   {"min", 60.0}, {"h", 3600.0}};
constexpr Unit kPower[] = {{"mW", 1e-3}, {"W", 1.0}};
constexpr Unit kEnergy[] = {{"J", 1.0}, {"kJ", 1e3}, {"Wh", 3600.0}};

std::span<const Unit> units_of(Quantity quantity) {
    switch (quantity) {
        case Quantity::Rate:
            return kRate;
        case Quantity::Size:
            return kSize;
        case Quantity::FlopRate:
            return kFlopRate;
        case Quantity::Time:
            return kTime;
        case Quantity::Power:
            return kPower;
        case Quantity::Energy:
            return kEnergy;
    }
    return {};
}

}  // namespace

double parse_quantity(std::string_view text, Quantity quantity) {
    const std::string_view trimmed = trim(text);
    double value = 0;
    const char* const last = trimmed.data() + trimmed.size();
    const auto [end, status] = std::from_chars(trimmed.data(), last, value);
    const std::string_view unit = trim({end, static_cast<std::size_t>(last - end)});
    if (status == std::errc{} && value >= 0)
        for (const auto& [name, scale] : units_of(quantity))
            if (unit == name && std::isfinite(value * scale)) return value * scale;
    throw std::invalid_argument(
        fmt::format("'{}': a number and one of {} is accepted", text, accepted_units(quantity)));
}

std::string format_quantity(double value, Quantity quantity) {
    std::string best;
    std::size_t best_digits = 0;
    for (const auto& [name, scale] : units_of(quantity)) {
        const std::string number = fmt::format("{}", value / scale);
        const std::string text = fmt::format("{} {}", number, name);
        if (parse_quantity(text, quantity) != value) continue;
        if (!best.empty() && number.size() >= best_digits) continue;
        best = text;
        best_digits = number.size();
    }
    return best;
}

std::string accepted_units(Quantity quantity) {
    std::string list;
    for (const auto& [name, scale] : units_of(quantity)) {
        if (!list.empty()) list += ", ";
        list += name;
    }
    return list;
}

}  // namespace mobi
