// SPDX-License-Identifier: Apache-2.0
//
// Tables: UTF-8 text, with or without byte-order mark, a row a line, fields between separators.
//
//   quoting off  a quotation mark is a letter
//   quoting on   a field may stand in quotation marks, then it may hold separators, line ends, and
//                quotation marks written twice (RFC 4180)
//
// Lines end in LF or CRLF, or, where no line ends in LF, in CR alone (old Macs); the last one may
// lack it; empty lines at the end are ignored; every row has as many fields as there are columns.
// Columns may have no name (pandas writes its index under none) or the same one: that matters when
// they are asked for.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/parameters.hpp"

namespace mobi {

/// How a table's text is cut into fields.
struct TableDialect {
    char separator = '\t';
    bool quoting = false;
};
inline constexpr TableDialect kTsv{'\t', false};
inline constexpr TableDialect kCsv{',', true};

/// The dialect of a file: what the parameters leave to Auto follows from its name.
TableDialect table_dialect(const std::filesystem::path& path,
                           TableSeparator separator = TableSeparator::Auto,
                           TableQuoting quoting = TableQuoting::Auto);

/// Whether the name ends in `.csv`, in capitals or not.
bool is_csv_name(const std::filesystem::path& path);

/// Rows of text cells under named columns.
class Table {
  public:
    /// \param name     stands in error messages: the file's path.
    /// \param columns  names of the columns of a file without header; empty: the first row has
    ///                 them, without the blanks around them.
    /// \throws DataError  `name:line: ...` on anything that is no table of this dialect; it says
    ///                    what it looks like instead, and which key reads it.
    static Table parse(std::string name,
                       std::string content,
                       TableDialect dialect,
                       std::vector<std::string> columns = {});

    std::size_t rows() const noexcept { return lines_.size(); }
    std::span<const std::string> columns() const noexcept { return columns_; }
    const std::string& name() const noexcept { return name_; }
    TableDialect dialect() const noexcept { return dialect_; }

    /// The place of a column.
    /// \throws DataError  naming the columns there are, or the places of those of that name.
    std::size_t column(std::string_view column_name) const;

    /// A cell, unquoted.  Valid as long as this table.  \pre row < rows(), column <
    /// columns().size()
    std::string_view at(std::size_t row, std::size_t column) const;

    /// The line on which a row begins, as an editor counts.
    std::size_t line(std::size_t row) const { return lines_.at(row); }

    /// `"path:line"` of a row.
    std::string where(std::size_t row) const;

  private:
    struct Cell {
        std::size_t offset, length;
    };
    class Parser;

    void read_header(Parser& parser);
    std::string other_columns(std::string_view wanted) const;

    std::string name_;
    std::string content_;
    TableDialect dialect_;
    std::vector<std::string> columns_;
    std::vector<Cell> cells_;
    std::vector<std::size_t> lines_;
};

/// Reads a table whose dialect follows from the name.
/// \param expected  as in read_text_file().
Table read_table(const std::filesystem::path& path,
                 std::vector<std::string> columns = {},
                 std::string_view expected = {});

}  // namespace mobi
