// SPDX-License-Identifier: Apache-2.0
//
// The two table forms that are read:
//
//   TSV   one row a line, fields between tabs; nothing is quoted, a quotation mark is a letter
//   CSV   fields between commas; a field may stand in quotation marks, then it may hold commas,
//   line
//         ends, and quotation marks written twice (RFC 4180)
//
// Both: UTF-8, with or without byte-order mark; lines end in LF or CRLF, the last one may lack it;
// empty lines at the end are ignored; every row has as many fields as there are columns.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mobi {

enum class TableFormat { Tsv, Csv };

/// Csv for a name that ends in `.csv`, else Tsv.
TableFormat table_format(const std::filesystem::path& path);

/// Rows of text cells under named columns.
class Table {
  public:
    /// \param name     stands in error messages: the file's path.
    /// \param columns  names of the columns of a file without header; empty: the first row has
    /// them. \throws DataError  `name:line: ...` on anything the file's head does not allow.
    static Table parse(std::string name,
                       std::string content,
                       TableFormat format,
                       std::vector<std::string> columns = {});

    std::size_t rows() const noexcept { return lines_.size(); }
    std::span<const std::string> columns() const noexcept { return columns_; }
    const std::string& name() const noexcept { return name_; }

    /// The place of a column.
    /// \throws DataError  naming the columns there are.
    std::size_t column(std::string_view column_name) const;

    /// A cell, unquoted.  Valid as long as this table.  \pre row < rows(), column <
    /// columns().size()
    std::string_view at(std::size_t row, std::size_t column) const;

    /// `"path:line"` of a row, as it stands in an editor.
    std::string where(std::size_t row) const;

  private:
    struct Cell {
        std::size_t offset, length;
    };
    class Parser;

    std::string name_;
    std::string content_;
    std::vector<std::string> columns_;
    std::vector<Cell> cells_;
    std::vector<std::size_t> lines_;
};

/// Reads a table whose format follows from the name.
/// \param expected  as in read_text_file().
Table read_table(const std::filesystem::path& path,
                 std::vector<std::string> columns = {},
                 std::string_view expected = {});

}  // namespace mobi
