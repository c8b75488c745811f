// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the table reader.  The first byte chooses separator and quoting, and whether there
// is a header.  Either the text is refused with a DataError of one line, or its cells, written as
// CSV, are read back; the labels of its last column are refused or are two classes at least.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/text.hpp"
#include "data/class_names.hpp"
#include "data/table.hpp"

namespace {

std::string as_csv(const mobi::Table& table) {
    std::string text;
    for (std::size_t row = 0; row < table.rows(); ++row)
        for (std::size_t column = 0; column < table.columns().size(); ++column) {
            text += '"';
            for (const char letter : table.at(row, column)) {
                text += letter;
                if (letter == '"') text += '"';
            }
            text += column + 1 < table.columns().size() ? "\"," : "\"\r\n";
        }
    return text;
}

bool same_cells(const mobi::Table& a, const mobi::Table& b) {
    if (a.rows() != b.rows()) return false;
    for (std::size_t row = 0; row < a.rows(); ++row)
        for (std::size_t column = 0; column < a.columns().size(); ++column)
            if (a.at(row, column) != b.at(row, column)) return false;
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::array separators{'\t', ',', ';'};
    const mobi::TableDialect dialect{separators.at(data[0] / 4 % 3), data[0] % 2 == 1};
    std::vector<std::string> columns;
    if (data[0] / 2 % 2 == 1) columns = {"a", "b"};
    std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    try {
        const mobi::Table table = mobi::Table::parse("t", std::move(text), dialect, columns);
        const std::vector<std::string> names(table.columns().begin(), table.columns().end());
        const mobi::Table again = mobi::Table::parse("t", as_csv(table), mobi::kCsv, names);
        if (!same_cells(table, again)) std::abort();
        if (table.rows() > 0 && mobi::found_class_names(table, names.back()).names.size() < 2)
            std::abort();
    } catch (const mobi::DataError& refused) {  // as it should be
        if (!mobi::is_one_line(refused.what())) std::abort();
    }
    return 0;
}
