// SPDX-License-Identifier: Apache-2.0
#include "data/class_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "text/utf8.hpp"

namespace mobi {
namespace {

std::optional<double> number(std::string_view name) {
    double value = 0;
    const char* const end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

/// A name and where it stands first.
struct Spelling {
    std::string_view name;
    std::size_t line = 0;
};

/// A line for each name that has the key of an earlier one.
std::vector<std::string> alike(const std::string& file, const std::vector<Spelling>& spellings) {
    std::vector<std::string> warnings;
    std::map<std::string, Spelling> first;
    for (const Spelling& spelling : spellings) {
        const auto [other, is_new] = first.emplace(name_key(spelling.name), spelling);
        if (!is_new)
            warnings.push_back(fmt::format(
                "{}: the classes \"{}\" (line {}) and \"{}\" (line {}) differ only in how they are "
                "written; they count as two",
                file, printable_utf8(other->second.name, 60), other->second.line,
                printable_utf8(spelling.name, 60), spelling.line));
    }
    return warnings;
}

void check_count(const std::string& file, std::size_t count, std::string_view what) {
    if (count > kMostClasses)
        throw DataError(
            fmt::format("{}: {} {}; at most {} classes", file, count, what, kMostClasses));
}

/// What a column of labels looks like that is meant for something else.
std::vector<std::string> other_meanings(const Table& table,
                                        const std::string& column,
                                        const std::vector<Spelling>& found) {
    constexpr std::size_t kMany = 20;
    std::vector<std::string> warnings;
    for (const Spelling& spelling : found)
        if (is_missing_value(spelling.name))
            warnings.push_back(
                fmt::format("{}:{}: the label \"{}\" looks like a value that is missing; it counts "
                            "as a class",
                            table.name(), spelling.line, spelling.name));
    const bool numbers = std::all_of(found.begin(), found.end(), [](const Spelling& spelling) {
        return number(spelling.name).has_value();
    });
    if (numbers && found.size() > kMany)
        warnings.push_back(fmt::format(
            "{}: the {} different labels are all numbers; each counts as a class (for regression "
            "set data.classes = 1)",
            table.name(), found.size()));
    else if (found.size() > kMany && found.size() * 2 > table.rows())
        warnings.push_back(
            fmt::format("{}: {} rows have {} different labels: is column \"{}\" "
                        "that of the label?",
                        table.name(), table.rows(), found.size(), column));
    return warnings;
}

}  // namespace

std::string_view label_at(const Table& table, std::size_t row, std::size_t column) {
    const std::string_view label = trim(table.at(row, column));
    const std::string name = printable_utf8(table.columns()[column]);
    if (label.empty())
        throw DataError(
            fmt::format("{}: the label (column \"{}\") is empty", table.where(row), name));
    if (!is_one_line(label))
        throw DataError(
            fmt::format("{}: the label \"{}\" (column \"{}\") holds a control character",
                        table.where(row), printable_utf8(label, 60), name));
    return label;
}

ClassNames found_class_names(const Table& table, const std::string& column) {
    const std::size_t place = table.column(column);
    std::map<std::string_view, std::size_t> first;  // label -> line
    std::optional<std::size_t> with_blanks;         // the first such row
    for (std::size_t row = 0; row < table.rows(); ++row) {
        const std::string_view label = label_at(table, row, place);
        first.emplace(label, table.line(row));
        if (!with_blanks && label.size() < table.at(row, place).size()) with_blanks = row;
    }
    if (table.rows() > 0 && first.size() < 2)
        throw DataError(
            fmt::format("{}: every row has the label \"{}\"; two classes or more are needed (for "
                        "regression set data.classes = 1)",
                        table.name(), printable_utf8(first.begin()->first, 60)));
    check_count(table.name(), first.size(),
                fmt::format("different labels in column \"{}\"", printable_utf8(column)));
    std::vector<Spelling> spellings;
    ClassNames found;
    for (const auto& [name, line] : first) {
        spellings.push_back({name, line});
        found.names.emplace_back(name);
    }
    if (with_blanks)
        found.warnings.push_back(
            fmt::format("{}: the blanks around \"{}\", and around other labels, do not count",
                        table.where(*with_blanks), table.at(*with_blanks, place)));
    for (auto& warnings :
         {alike(table.name(), spellings), other_meanings(table, column, spellings)})
        found.warnings.insert(found.warnings.end(), warnings.begin(), warnings.end());
    return found;
}

ClassNames read_class_names(const std::string& path) {
    const std::string content =
        read_text_file(path,
                       "data.classes is a file with one class name a line, the number 1 for "
                       "regression, or empty for the names found in train");
    std::vector<Spelling> spellings;
    std::set<std::string_view> seen;
    std::string_view rest = checked_utf8(path, content);
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const std::string_view name = trim(take_line(rest));
        if (name.empty()) continue;
        if (!is_one_line(name))
            throw DataError(fmt::format("{}:{}: the class \"{}\" holds a control character", path,
                                        number, printable_utf8(name, 60)));
        if (!seen.insert(name).second)
            throw DataError(
                fmt::format("{}:{}: the class \"{}\" is named twice", path, number, name));
        spellings.push_back({name, number});
    }
    if (spellings.size() < 2)
        throw DataError(fmt::format("{}: {} class name{}; two or more are needed, one a line", path,
                                    spellings.size(), spellings.size() == 1 ? "" : "s"));
    check_count(path, spellings.size(), "class names");
    ClassNames classes;
    classes.warnings = alike(path, spellings);
    for (const Spelling& spelling : spellings) classes.names.emplace_back(spelling.name);
    return classes;
}

std::string name_key(std::string_view name) {
    std::string folded;
    icu::StringByteSink<std::string> sink(&folded, static_cast<std::int32_t>(name.size()));
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* const fold = icu::Normalizer2::getNFKCCasefoldInstance(status);
    if (U_SUCCESS(status) != 0)
        fold->normalizeUTF8(0,
                            icu::StringPiece(name.data(), static_cast<std::int32_t>(name.size())),
                            sink, nullptr, status);
    MOBI_CHECK(U_SUCCESS(status) != 0, "folding a name: {}", u_errorName(status));
    if (const auto value = number(trim(folded)))
        return fmt::format("{}", *value + 0.0);  // and no -0
    std::string key;
    for (const std::string_view word : split_words(folded)) key.append(word) += ' ';
    return key;
}

bool is_missing_value(std::string_view cell) {
    constexpr std::array<std::string_view, 10> kSpellings{"nan", "NaN", "NAN",  "None", "<NA>",
                                                          "NA",  "N/A", "#N/A", "NULL", "null"};
    return std::find(kSpellings.begin(), kSpellings.end(), cell) != kSpellings.end();
}

}  // namespace mobi
