// SPDX-License-Identifier: Apache-2.0
#include "device/compute_profile.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "device/compute_model.hpp"
#include "device/csv_text.hpp"

namespace mobi {
namespace {

constexpr std::array kNames{std::pair(Precision::Fp32, std::string_view("fp32")),
                            std::pair(Precision::Fp16, std::string_view("fp16")),
                            std::pair(Precision::Bf16, std::string_view("bf16")),
                            std::pair(Precision::Int8, std::string_view("int8")),
                            std::pair(Precision::Int4, std::string_view("int4"))};

constexpr std::string_view kPrecision = "precision";
constexpr std::string_view kDevice = "device";
constexpr std::string_view kSource = "source";

/// A column of numbers.
struct Figure {
    std::string_view key;
    std::optional<Quantity> quantity;
    std::string_view suffix;  ///< see csv_scale()
    CsvRange range;           ///< in SI
    bool whole = false;
};

constexpr double kMostNumber = 1e6;

const std::vector<Figure>& figures() {
    static const std::vector<Figure> list{
        {"time", Quantity::Time, "", {1e-9, 1e9}},
        {"flop", Quantity::FlopRate, "/s", {1, 1e24}},
        {"launches", std::nullopt, "", {0, kMostNumber}},
        {"batch", std::nullopt, "", {1, kMostNumber}, true},
        {"weights", Quantity::Size, "", {0, 1e15}},
        {"layers", std::nullopt, "", {1, kMostNumber}, true},
        {"width", std::nullopt, "", {1, kMostNumber}, true},
        {"ffn", std::nullopt, "", {1, kMostNumber}, true},
        {"heads", std::nullopt, "", {1, kMostNumber}, true},
        {"tokens", std::nullopt, "", {1, kMostNumber}, true},
    };
    return list;
}

const Figure* figure_of(std::string_view title) {
    const auto found = std::find_if(figures().begin(), figures().end(),
                                    [&](const Figure& one) { return one.key == csv_key(title); });
    return found == figures().end() ? nullptr : &*found;
}

std::string known_columns() {
    std::vector<std::string_view> names{kPrecision, kDevice, kSource};
    for (const Figure& figure : figures()) names.push_back(figure.key);
    return fmt::format("{}", fmt::join(names, ", "));
}

constexpr std::array<std::string_view, 5> kShape{"layers", "width", "ffn", "heads", "tokens"};

/// The columns of a file, and what must be among them.
class Columns {
  public:
    explicit Columns(const CsvReader& csv) {
        for (const std::string_view title : csv.titles()) {
            if (title.empty()) continue;
            const std::string_view key = csv_key(title);
            const Figure* const figure = figure_of(title);
            if (figure == nullptr && title != kPrecision && title != kDevice && title != kSource)
                throw DataError(fmt::format("{}:1: column '{}': accepted: {}", csv.name(),
                                            printable(title), known_columns()));
            keys_.emplace(key, figure == nullptr ? 1
                                                 : csv_scale(title, figure->quantity, csv.name(),
                                                             figure->suffix));
        }
        for (const std::string_view key : {kPrecision, kSource, std::string_view("time")})
            require(csv, has(key), fmt::format("no column '{}'; accepted: one is needed", key));
        const auto shapes = std::count_if(kShape.begin(), kShape.end(),
                                          [&](std::string_view key) { return has(key); });
        require(csv, has("flop") ? shapes == 0 : shapes == std::ssize(kShape),
                fmt::format("accepted: a column flop [GFLOP], or all of {}, not both",
                            fmt::join(kShape, ", ")));
        require(csv, has("flop") || !has("launches"),
                "column 'launches': accepted beside flop; a shape has its own");
    }

    bool has(std::string_view key) const { return keys_.find(key) != keys_.end(); }
    double scale(std::string_view key) const { return keys_.find(key)->second; }

  private:
    static void require(const CsvReader& csv, bool good, const std::string& what) {
        if (!good) throw DataError(fmt::format("{}: {}", csv.name(), what));
    }

    std::map<std::string_view, double> keys_;  // to SI
};

/// A line's words and numbers by column.
class Row {
  public:
    Row(const CsvReader& csv, const std::vector<std::string_view>& cells, const Columns& columns) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string_view title = csv.titles()[i];
            if (title.empty()) continue;
            const Figure* const figure = figure_of(title);
            if (figure == nullptr) {
                words_.emplace(title, cells[i]);
                continue;
            }
            const double value =
                csv_number(cells[i], columns.scale(figure->key), figure->range, title, csv.where());
            if (figure->whole && value != std::floor(value))
                throw DataError(fmt::format("{}: {} = '{}': accepted: a whole number", csv.where(),
                                            title, printable(cells[i])));
            numbers_.emplace(figure->key, value);
        }
    }

    std::string_view word(std::string_view key) const {
        const auto found = words_.find(key);
        return found == words_.end() ? std::string_view() : found->second;
    }
    double number(std::string_view key, double otherwise = 0) const {
        const auto found = numbers_.find(key);
        return found == numbers_.end() ? otherwise : found->second;
    }

  private:
    std::map<std::string_view, std::string_view> words_;
    std::map<std::string_view, double> numbers_;
};

MeasuredPoint point_of(const Row& row, bool shape, const std::string& where) {
    MeasuredPoint point;
    point.flop = row.number("flop");
    point.launches = row.number("launches");
    if (shape) {
        const auto whole = [&](std::string_view key) {
            return static_cast<std::int32_t>(row.number(key));
        };
        ModelSize size;
        size.layers = whole("layers");
        size.width = whole("width");
        size.ffn = whole("ffn");
        size.heads = size.kv_heads = whole("heads");
        if (size.width % size.heads != 0)
            throw DataError(
                fmt::format("{}: heads = {}: accepted: what divides the width", where, size.heads));
        size.head_dim = size.width / size.heads;
        point.flop = forward_flop(size, row.number("tokens"));
        point.launches = forward_launches(size);
    }
    point.flop *= row.number("batch", 1);
    point.weight_bytes = row.number("weights");
    point.time_s = row.number("time");
    point.source = row.word(kSource);
    if (point.source.empty())
        throw DataError(
            fmt::format("{}: source is empty; accepted: where the figure is from", where));
    return point;
}

Precision precision_of(std::string_view word, const std::string& where) {
    std::vector<std::string_view> accepted;
    for (const auto& [precision, name] : kNames) {
        if (name == word) return precision;
        accepted.push_back(name);
    }
    throw DataError(fmt::format("{}: precision = '{}': accepted: {}", where, printable(word),
                                fmt::join(accepted, ", ")));
}

bool names(std::string_view cell, std::string_view device) {
    const auto words = split(cell, '|');
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view word) { return trim(word) == device; });
}

}  // namespace

std::string_view name_of(Precision precision) {
    for (const auto& [one, name] : kNames)
        if (one == precision) return name;
    return "";
}

ComputeProfile ComputeProfile::parse(std::string_view text,
                                     const std::string& name,
                                     std::string_view device) {
    ComputeProfile profile;
    profile.name_ = name;
    CsvReader csv(text, name);
    const Columns columns(csv);
    bool any = false;
    while (const auto* const cells = csv.next()) {
        const Row row(csv, *cells, columns);
        const Precision precision = precision_of(row.word(kPrecision), csv.where());
        MeasuredPoint point = point_of(row, !columns.has("flop"), csv.where());
        if (columns.has(kDevice) && !names(row.word(kDevice), device)) continue;
        profile.of_[static_cast<std::size_t>(precision)].points.push_back(std::move(point));
        any = true;
    }
    if (!any)
        throw DataError(
            fmt::format("{}: no point of '{}'; accepted: a line a measured pass", name, device));
    for (OfPrecision& one : profile.of_)
        if (!one.points.empty()) one.law = fit_law(one.points);
    return profile;
}

ComputeProfile ComputeProfile::read(const std::string& path, std::string_view device) {
    return parse(read_text_file(path, "device.*.profile is a CSV with a line a measured pass"),
                 path, device);
}

const std::vector<MeasuredPoint>& ComputeProfile::points(Precision weights) const {
    return of_[static_cast<std::size_t>(weights)].points;
}

const LawFit* ComputeProfile::law(Precision weights) const {
    const auto& law = of_[static_cast<std::size_t>(weights)].law;
    return law ? &*law : nullptr;
}

void ComputeProfile::check_bandwidth(double bytes_per_s, std::string_view device) const {
    if (std::isnan(bytes_per_s)) return;
    for (const OfPrecision& one : of_)
        for (const MeasuredPoint& point : one.points)
            if (point.weight_bytes / bytes_per_s > point.time_s)
                throw DataError(
                    fmt::format("{}: {}: {} is less than reading {} of weights takes at "
                                "device.{}.memory_bandwidth = {}: one of the two figures is wrong",
                                name_, printable(point.source), human_seconds(point.time_s),
                                human(point.weight_bytes, "B"), device, human(bytes_per_s, "B/s")));
}

}  // namespace mobi
