// SPDX-License-Identifier: Apache-2.0
#include "config/value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/text.hpp"
#include "device/profile.hpp"

namespace mobi {
namespace {

constexpr std::string_view kUnknownWord = "unknown";

template <typename T>
std::optional<T> parse_number(std::string_view text) {
    T value{};
    const char* const last = text.data() + text.size();
    const auto [end, status] = std::from_chars(text.data(), last, value);
    if (status != std::errc{} || end != last) return std::nullopt;
    return value;
}

std::optional<double> parse_finite(std::string_view text) {
    const auto value = parse_number<double>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<double> parse_with_unit(std::string_view text, Quantity quantity) {
    constexpr double kMost = 1e24;  // no quantity of ours comes near; it can be written in any unit
    try {
        const double value = parse_quantity(text, quantity);
        return value <= kMost ? std::optional(value) : std::nullopt;
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

std::string number_text(double value) {
    return fmt::format("{}", value);
}

std::string with_unit(std::string_view range, Quantity quantity) {
    return fmt::format("a number{} with a unit: {}", range, accepted_units(quantity));
}

/// What follows the number that a text begins with.
std::string_view unit_of(std::string_view text) {
    double value = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    return status == std::errc{} ? text.substr(static_cast<std::size_t>(end - text.data()))
                                 : std::string_view();
}

/// An end of a band: a number, where the figure itself may be a word.
std::optional<double> read_end(std::string_view text, const Codec<double>& codec) {
    if (text.empty() || (text.front() != '.' && (text.front() < '0' || text.front() > '9')))
        return std::nullopt;
    return codec.read(text);
}

/// Splits `a:b` at its only colon.
std::optional<std::pair<std::string, std::string>> split_pair(std::string_view word) {
    const auto parts = split(word, ':');
    if (parts.size() != 2) return std::nullopt;
    return std::pair(std::string(parts[0]), std::string(parts[1]));
}

std::optional<double> parse_slope(std::string_view text) {
    const auto words = split_words(text);
    if (words.size() < 3 || words[words.size() - 2] != "per") return std::nullopt;
    const auto power = parse_with_unit(text.substr(0, text.rfind(" per ")), Quantity::Power);
    const auto rate = parse_with_unit(fmt::format("1 {}", words.back()), Quantity::Rate);
    if (!power || !rate) return std::nullopt;
    return *power / *rate;
}

std::string slope_text(double j_per_byte) {
    const double mw_per_mbit_s = j_per_byte / (1e-3 / (1e6 / 8));
    for (const double value : {std::round(mw_per_mbit_s * 1e6) / 1e6, mw_per_mbit_s}) {
        std::string text = fmt::format("{} mW per Mbit/s", value);
        if (parse_slope(text) == j_per_byte) return text;
    }
    return fmt::format("{} W per B/s", j_per_byte);
}

/// Something for each of some names: `<name>:<value>` between blanks.
template <typename Value>
Codec<std::map<std::string, Value>> named(
    std::string accepted,
    std::function<std::optional<Value>(std::string_view)> read_value,
    std::function<std::string(const Value&)> write_value) {
    using Values = std::map<std::string, Value>;
    auto read = [read_value](std::string_view text) -> std::optional<Values> {
        Values values;
        for (const auto word : split_words(text)) {
            const auto pair = split_pair(word);
            if (!pair || !(pair->first == "*" || is_entry_name(pair->first))) return std::nullopt;
            auto value = read_value(pair->second);
            if (!value || !values.emplace(pair->first, std::move(*value)).second)
                return std::nullopt;
        }
        return values;
    };
    auto write = [write_value](const Values& values) {
        std::string text;
        for (const auto& [name, value] : values)
            text += fmt::format("{}{}:{}", text.empty() ? "" : " ", name, write_value(value));
        return text;
    };
    return {std::move(accepted), read, write};
}

}  // namespace

std::optional<BandedFigure> read_banded(std::string_view text, const Codec<double>& codec) {
    constexpr std::string_view kIn = " in ";
    constexpr std::string_view kTo = "..";
    const std::size_t in = text.find(kIn);
    const auto nominal = codec.read(trim(text.substr(0, in)));
    if (!nominal) return std::nullopt;
    if (in == std::string_view::npos) return BandedFigure{*nominal, std::nullopt};
    const std::string_view ends = text.substr(in + kIn.size());
    const std::size_t to = ends.find(kTo);
    if (to == std::string_view::npos) return std::nullopt;
    std::string least_text(trim(ends.substr(0, to)));
    const std::string_view most_text = trim(ends.substr(to + kTo.size()));
    if (parse_finite(least_text)) least_text += unit_of(most_text);
    const auto least = read_end(least_text, codec);
    const auto most = read_end(most_text, codec);
    // a figure that nobody knows, NaN, is within no band
    if (!least || !most || !(*least <= *nominal && *nominal <= *most)) return std::nullopt;
    return BandedFigure{*nominal, FigureBand{*nominal, *least, *most}};
}

std::string write_banded(double value, const FigureBand* band, const Codec<double>& codec) {
    if (band == nullptr) return codec.write(value);
    const std::string nominal = codec.write(band->nominal);
    const std::string_view unit = unit_of(nominal);
    const auto in_unit = [&](double end) {
        const std::optional<double> one = codec.read(fmt::format("1{}", unit));
        std::string number = one ? number_text(end / *one) : std::string();
        return codec.read(fmt::format("{}{}", number, unit)) == end ? number : std::string();
    };
    const std::string least = in_unit(band->least);
    const std::string most = in_unit(band->most);
    if (least.empty() || most.empty())
        return fmt::format("{} in {} .. {}", nominal, codec.write(band->least),
                           codec.write(band->most));
    return fmt::format("{} in {} .. {}{}", nominal, least, most, unit);
}

bool is_entry_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

namespace codec {

Codec<bool> boolean() {
    return choice<bool>({{"true", true}, {"false", false}});
}

Codec<std::string> text() {
    return {"a text, or nothing", [](std::string_view text) { return std::string(text); },
            [](const std::string& value) { return value; }};
}

Codec<std::string> path() {
    Codec<std::string> codec = text();
    codec.accepted = "a path";
    codec.read = [](std::string_view text) {
        return text.empty() ? std::nullopt : std::optional(std::string(text));
    };
    return codec;
}

Codec<std::uint64_t> seed() {
    return {fmt::format("an integer from 0 to {}", std::numeric_limits<std::uint64_t>::max()),
            parse_number<std::uint64_t>,
            [](const std::uint64_t& value) { return fmt::format("{}", value); }};
}

Codec<int> integer(int least, int most) {
    return {fmt::format("an integer from {} to {}", least, most),
            [least, most](std::string_view text) -> std::optional<int> {
                const auto value = parse_number<int>(text);
                return value && *value >= least && *value <= most ? value : std::nullopt;
            },
            [](const int& value) { return fmt::format("{}", value); }};
}

Codec<int> integer_or(std::string_view word, int least, int most) {
    Codec<int> plain = integer(least, most);
    return {fmt::format("{}, or {}", word, plain.accepted),
            [word = std::string(word), read = plain.read](std::string_view text) {
                return text == word ? std::optional(0) : read(text);
            },
            [word = std::string(word)](const int& value) {
                return value == 0 ? word : fmt::format("{}", value);
            }};
}

Codec<double> number(double least, double most) {
    return {std::isinf(most) ? fmt::format("a number, {} or more", least)
                             : fmt::format("a number from {} to {}", least, most),
            [least, most](std::string_view text) -> std::optional<double> {
                const auto value = parse_finite(text);
                return value && *value >= least && *value <= most ? value : std::nullopt;
            },
            number_text};
}

Codec<double> positive_number() {
    return {"a number above 0",
            [](std::string_view text) -> std::optional<double> {
                const auto value = parse_finite(text);
                return value && *value > 0 ? value : std::nullopt;
            },
            number_text};
}

Codec<double> number_or(std::string_view word, double most) {
    return {fmt::format("{}, or a number above 0, at most {}", word, most),
            [word = std::string(word), most](std::string_view text) -> std::optional<double> {
                if (text == word) return 0.0;
                const auto value = parse_finite(text);
                return value && *value > 0 && *value <= most ? value : std::nullopt;
            },
            [word = std::string(word)](const double& value) {
                return value == 0 ? word : number_text(value);
            }};
}

Codec<double> quantity(Quantity quantity) {
    return {with_unit("", quantity),
            [quantity](std::string_view text) { return parse_with_unit(text, quantity); },
            [quantity](const double& value) { return format_quantity(value, quantity); }};
}

Codec<double> positive_quantity(Quantity quantity) {
    // What would be rounded to no time at all is none.
    const bool time = quantity == Quantity::Time;
    const double least = time ? 1e-9 : std::numeric_limits<double>::min();
    return {with_unit(time ? ", 1 ns or more," : " above 0", quantity),
            [quantity, least](std::string_view text) {
                const auto value = parse_with_unit(text, quantity);
                return value && *value >= least ? value : std::nullopt;
            },
            [quantity](const double& value) { return format_quantity(value, quantity); }};
}

Codec<double> quantity_or(std::string_view word, Quantity quantity) {
    const Codec<double> known = codec::positive_quantity(quantity);
    return {fmt::format("{}, or {}", word, known.accepted),
            [word = std::string(word), read = known.read](std::string_view text) {
                return text == word ? std::optional(0.0) : read(text);
            },
            [word = std::string(word), write = known.write](const double& value) {
                return value == 0 ? word : write(value);
            }};
}

Codec<double> figure(Quantity quantity, bool zero_too) {
    const Codec<double> known =
        zero_too ? codec::quantity(quantity) : codec::positive_quantity(quantity);
    return {fmt::format("{}, or {}", known.accepted, kUnknownWord),
            [read = known.read](std::string_view text) {
                return text == kUnknownWord
                           ? std::optional(std::numeric_limits<double>::quiet_NaN())
                           : read(text);
            },
            [write = known.write](const double& value) {
                return std::isnan(value) ? std::string(kUnknownWord) : write(value);
            }};
}

Codec<double> power_slope() {
    return {"a number with a unit of power per unit of rate, e.g. 76.7 mW per Mbit/s, or unknown",
            [](std::string_view text) {
                return text == kUnknownWord
                           ? std::optional(std::numeric_limits<double>::quiet_NaN())
                           : parse_slope(text);
            },
            [](const double& value) {
                return std::isnan(value) ? std::string(kUnknownWord) : slope_text(value);
            }};
}

Codec<std::vector<std::pair<std::string, int>>> counts() {
    using Counts = std::vector<std::pair<std::string, int>>;
    auto read = [](std::string_view text) -> std::optional<Counts> {
        Counts counts;
        std::set<std::string> names;
        for (const auto word : split_words(text)) {
            const auto pair = split_pair(word);
            if (!pair || !is_entry_name(pair->first)) return std::nullopt;
            const auto count = parse_number<int>(pair->second);
            if (!count || *count < 1 || *count > kMostDevices) return std::nullopt;
            if (!names.insert(pair->first).second) return std::nullopt;
            counts.emplace_back(pair->first, *count);
        }
        return counts;
    };
    auto write = [](const Counts& counts) {
        std::string text;
        for (const auto& [name, count] : counts)
            text += fmt::format("{}{}:{}", text.empty() ? "" : " ", name, count);
        return text;
    };
    return {fmt::format("<name>:<count> between blanks, counts from 1 to {}, no name twice, e.g. "
                        "jetson_tx2:34 xavier_nx:33",
                        kMostDevices),
            read, write};
}

Codec<std::vector<std::string>> names() {
    using Names = std::vector<std::string>;
    auto read = [](std::string_view text) -> std::optional<Names> {
        Names names;
        std::set<std::string_view> seen;
        for (const auto word : split_words(text)) {
            if (!is_entry_name(word) || !seen.insert(word).second) return std::nullopt;
            names.emplace_back(word);
        }
        return names;
    };
    auto write = [](const Names& names) { return fmt::format("{}", fmt::join(names, " ")); };
    return {"names between blanks, none twice, e.g. minilm-3 minilm-6", read, write};
}

Codec<std::map<std::string, std::string>> assignment() {
    return named<std::string>(
        "<device>:<name> between blanks, no device twice, * for all others, e.g. "
        "jetson_tx2:wifi_20 *:lte",
        [](std::string_view word) -> std::optional<std::string> {
            return is_entry_name(word) ? std::optional(std::string(word)) : std::nullopt;
        },
        [](const std::string& name) { return name; });
}

Codec<std::map<std::string, std::vector<std::string>>> choices() {
    using Names = std::vector<std::string>;
    return named<Names>(
        "<device>:<name>, or <device>:<name>|<name>, between blanks, no device twice, * for all "
        "others, e.g. jetson_tx2:wifi_20 *:lte|wifi_20",
        [](std::string_view word) -> std::optional<Names> {
            Names names;
            for (const std::string_view name : split(word, '|')) {
                if (!is_entry_name(name)) return std::nullopt;
                names.emplace_back(name);
            }
            return names;
        },
        [](const Names& names) { return fmt::format("{}", fmt::join(names, "|")); });
}

}  // namespace codec
}  // namespace mobi
