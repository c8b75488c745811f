// SPDX-License-Identifier: Apache-2.0
#include "device/csv_text.hpp"

#include <charconv>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/text.hpp"

namespace mobi {
namespace {

std::string units_of(Quantity quantity, std::string_view suffix) {
    std::string units = accepted_units(quantity);
    for (std::size_t at = suffix.empty() ? std::string::npos : units.find(suffix);
         at != std::string::npos; at = units.find(suffix, at))
        units.erase(at, suffix.size());
    return units;
}

}  // namespace

std::string_view csv_key(std::string_view title) {
    return trim(title.substr(0, title.find('[')));
}

CsvReader::CsvReader(std::string_view text, std::string name)
    : rest_(without_byte_order_mark(text)), name_(std::move(name)) {
    if (!advance()) return;
    if (cells_.size() == 1 && text_of_line_.find_first_of(";\t") != std::string_view::npos)
        throw DataError(
            fmt::format("{}: '{}': accepted: columns with commas between them, not {}", where(),
                        printable(text_of_line_),
                        text_of_line_.find(';') == std::string_view::npos ? "tabs" : "semicolons"));
    std::set<std::string_view> keys;
    for (const std::string_view title : cells_)
        if (!title.empty() && !keys.insert(csv_key(title)).second)
            throw DataError(fmt::format("{}: two columns '{}'; accepted: one of a key", where(),
                                        printable(csv_key(title))));
    titles_ = cells_;
}

bool CsvReader::advance() {
    while (!rest_.empty()) {
        text_of_line_ = trim(take_line(rest_));
        ++line_;
        if (text_of_line_.empty() || text_of_line_.front() == '#') continue;
        cells_ = split(text_of_line_, ',');
        for (std::string_view& cell : cells_) cell = trim(cell);
        return true;
    }
    return false;
}

const std::vector<std::string_view>* CsvReader::next() {
    if (!advance()) return nullptr;
    if (cells_.size() != titles_.size())
        throw DataError(fmt::format("{}: {} fields; accepted: {}, as in the header", where(),
                                    cells_.size(), titles_.size()));
    return &cells_;
}

std::string CsvReader::where() const {
    return fmt::format("{}:{}", name_, line_);
}

double csv_scale(std::string_view title,
                 std::optional<Quantity> quantity,
                 const std::string& name,
                 std::string_view suffix) {
    const auto bracket = title.find('[');
    const bool has_unit = bracket != std::string_view::npos && title.ends_with(']');
    if (has_unit != quantity.has_value())
        throw DataError(fmt::format("{}:1: column '{}': accepted: {}", name, printable(title),
                                    quantity
                                        ? fmt::format("{} [unit], with one of {}", csv_key(title),
                                                      units_of(*quantity, suffix))
                                        : fmt::format("{}, without a unit", csv_key(title))));
    if (!has_unit) return 1;
    const std::string unit(trim(title.substr(bracket + 1, title.size() - bracket - 2)));
    try {
        return parse_quantity(fmt::format("1 {}{}", unit, suffix), *quantity);
    } catch (const std::invalid_argument&) {
        throw DataError(fmt::format("{}:1: column '{}': accepted units: {}", name, printable(title),
                                    units_of(*quantity, suffix)));
    }
}

double csv_number(std::string_view cell,
                  double scale,
                  const CsvRange& range,
                  std::string_view title,
                  const std::string& where) {
    double value = 0;
    const auto [stop, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    value *= scale;
    const bool good = error == std::errc() && stop == cell.data() + cell.size() &&
                      value >= range.least && value <= range.most &&
                      (range.zero || value > range.least);
    if (!good)
        throw DataError(
            fmt::format("{}: {} = '{}': accepted: a number {} {}{}", where, title, printable(cell),
                        range.zero ? "from" : "above", range.least,
                        range.most < CsvRange{}.most ? fmt::format(" to {}", range.most) : ""));
    return value;
}

}  // namespace mobi
