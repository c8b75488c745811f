// SPDX-License-Identifier: Apache-2.0
#include "data/table.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/text_file.hpp"
#include "data/utf8.hpp"

namespace mobi {

TableFormat table_format(const std::filesystem::path& path) {
    return path.extension() == ".csv" ? TableFormat::Csv : TableFormat::Tsv;
}

/// Cuts `content_` into cells row by row.  Quoted cells are unquoted in place: they only shrink.
class Table::Parser {
  public:
    Parser(Table& table, TableFormat format, std::size_t start)
        : table_(table),
          text_(table.content_),
          position_(start),
          end_(table.content_.find_last_not_of("\r\n") + 1),
          separator_(format == TableFormat::Csv ? ',' : '\t'),
          quoted_(format == TableFormat::Csv) {}

    /// True when nothing but line ends is left.
    bool done() const { return position_ >= end_; }

    /// Reads one row into `cells`.
    void row(std::vector<Cell>& cells) {
        first_line_ = line_;
        bool more = true;
        while (more) {
            const bool quoted = quoted_ && position_ < text_.size() && text_[position_] == '"';
            cells.push_back(quoted ? quoted_cell() : plain_cell());
            more = end_of_cell();
        }
    }

    /// The line on which the last row began.
    std::size_t first_line() const { return first_line_; }

    [[noreturn]] void fail(std::size_t line, const std::string& problem) const {
        throw DataError(fmt::format("{}:{}: {}", table_.name_, line, problem));
    }

  private:
    Cell plain_cell() {
        const std::size_t start = position_;
        while (position_ < text_.size() && text_[position_] != separator_ &&
               text_[position_] != '\n') {
            if (quoted_ && text_[position_] == '"')
                fail(line_,
                     "a quotation mark inside a field without quotes; quote the whole field "
                     "and write the mark twice");
            ++position_;
        }
        std::size_t end = position_;
        const bool at_line_end = position_ == text_.size() || text_[position_] == '\n';
        if (at_line_end && end > start && text_[end - 1] == '\r') --end;
        return {start, end - start};
    }

    Cell quoted_cell() {
        const std::size_t opening_line = line_;
        const std::size_t start = ++position_;
        std::size_t end = start;  // of what is kept
        while (true) {
            if (position_ == text_.size())
                fail(opening_line, "the quoted field that begins here never ends");
            const char letter = text_[position_++];
            if (letter == '\n') ++line_;
            if (letter == '"') {
                if (position_ == text_.size() || text_[position_] != '"')
                    return {start, end - start};
                ++position_;
            }
            text_[end++] = letter;
        }
    }

    /// Steps over what ends a cell.  \return  whether the row goes on.
    bool end_of_cell() {
        if (position_ < text_.size() && text_[position_] == separator_) {
            ++position_;
            return true;
        }
        if (text_.compare(position_, 2, "\r\n") == 0) ++position_;
        if (position_ == text_.size()) return false;
        if (text_.compare(position_, std::string::npos, "\r") == 0) {
            ++position_;
            return false;
        }
        if (text_[position_] != '\n')
            fail(line_,
                 fmt::format("'{}' after the quotation mark that ends a field; a comma or the "
                             "end of the line must follow",
                             text_[position_]));
        ++position_;
        ++line_;
        return false;
    }

    Table& table_;
    std::string& text_;
    std::size_t position_;
    std::size_t end_;  // after the last character that is no line end
    std::size_t line_ = 1;
    std::size_t first_line_ = 1;
    char separator_;
    bool quoted_;
};

Table Table::parse(std::string name,
                   std::string content,
                   TableFormat format,
                   std::vector<std::string> columns) {
    Table table;
    table.name_ = std::move(name);
    table.content_ = std::move(content);
    table.columns_ = std::move(columns);
    const std::size_t mark =
        table.content_.size() - checked_utf8(table.name_, table.content_).size();
    Parser parser(table, format, mark);
    if (table.columns_.empty()) {
        if (parser.done()) parser.fail(1, "the file is empty; the first line names the columns");
        std::vector<Cell> header;
        parser.row(header);
        for (const Cell cell : header) {
            const std::string column = table.content_.substr(cell.offset, cell.length);
            if (column.empty())
                parser.fail(1, fmt::format("column {} has no name", table.columns_.size() + 1));
            if (std::find(table.columns_.begin(), table.columns_.end(), column) !=
                table.columns_.end())
                parser.fail(1, fmt::format("the column \"{}\" is named twice", column));
            table.columns_.push_back(column);
        }
    }
    const std::size_t width = table.columns_.size();
    while (!parser.done()) {
        const std::size_t before = table.cells_.size();
        parser.row(table.cells_);
        const std::size_t found = table.cells_.size() - before;
        if (found != width)
            parser.fail(parser.first_line(),
                        fmt::format("{} field{} where there are {} columns ({})", found,
                                    found == 1 ? "" : "s", width, fmt::join(table.columns_, ", ")));
        table.lines_.push_back(parser.first_line());
    }
    return table;
}

std::size_t Table::column(std::string_view column_name) const {
    const auto found = std::find(columns_.begin(), columns_.end(), column_name);
    if (found == columns_.end())
        throw DataError(fmt::format("{}: has no column \"{}\"; its columns are {}", name_,
                                    column_name, fmt::join(columns_, ", ")));
    return static_cast<std::size_t>(found - columns_.begin());
}

std::string_view Table::at(std::size_t row, std::size_t column) const {
    MOBI_CHECK(row < rows() && column < columns_.size(), "cell ({}, {})", row, column);
    const Cell cell = cells_[row * columns_.size() + column];
    return std::string_view(content_).substr(cell.offset, cell.length);
}

std::string Table::where(std::size_t row) const {
    return fmt::format("{}:{}", name_, lines_.at(row));
}

Table read_table(const std::filesystem::path& path,
                 std::vector<std::string> columns,
                 std::string_view expected) {
    return Table::parse(path.string(), read_text_file(path, expected), table_format(path),
                        std::move(columns));
}

}  // namespace mobi
