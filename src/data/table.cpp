// SPDX-License-Identifier: Apache-2.0
#include "data/table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "core/text_file.hpp"
#include "text/utf8.hpp"

namespace mobi {

namespace {

/// Names for the user, at most so many.
std::string shown_names(std::span<const std::string> names) {
    constexpr std::size_t kMost = 20;
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i)
        text += fmt::format("{}{}", i == 0 ? "" : ", ",
                            names[i].empty() ? "(no name)" : printable_utf8(names[i], 40));
    if (names.size() > kMost) text += fmt::format(", ... ({} in all)", names.size());
    return text;
}

/// Separators that a file may have in place of the one it is read with, and what selects them.
struct OtherSeparator {
    char letter;
    std::string_view word, plural;
};
constexpr std::array kSeparators{OtherSeparator{'\t', "tab", "tabs"},
                                 OtherSeparator{',', "comma", "commas"},
                                 OtherSeparator{';', "semicolon", "semicolons"}};

/// An object or an array of them at the beginning: no header looks like that.
bool looks_like_json(std::string_view text) {
    text = trim(text.substr(0, 256));
    if (!text.starts_with('{') && !text.starts_with('[')) return false;
    const std::string_view inside = trim(text.substr(1));
    return inside.starts_with('"') || (text.starts_with('[') && inside.starts_with('{'));
}

/// CR when no line ends in LF, else LF.
char line_end_of(std::string_view text, bool quoting) {
    bool quoted = false;
    bool carriage_return = false;
    for (const char letter : text) {
        if (quoting && letter == '"') quoted = !quoted;
        if (quoted) continue;
        if (letter == '\n') return '\n';
        carriage_return |= letter == '\r';
    }
    return carriage_return ? '\r' : '\n';
}

}  // namespace

bool is_csv_name(const std::filesystem::path& path) {
    std::string end = path.extension().string();
    for (char& letter : end)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return end == ".csv";
}

TableDialect table_dialect(const std::filesystem::path& path,
                           TableSeparator separator,
                           TableQuoting quoting) {
    TableDialect dialect;
    switch (separator) {
        case TableSeparator::Auto:
            dialect.separator = is_csv_name(path) ? ',' : '\t';
            break;
        case TableSeparator::Tab:
            dialect.separator = '\t';
            break;
        case TableSeparator::Comma:
            dialect.separator = ',';
            break;
        case TableSeparator::Semicolon:
            dialect.separator = ';';
            break;
    }
    dialect.quoting =
        quoting == TableQuoting::Auto ? dialect.separator != '\t' : quoting == TableQuoting::Csv;
    return dialect;
}

/// Cuts `content_` into cells row by row.  Quoted cells are unquoted in place: they only shrink.
class Table::Parser {
  public:
    Parser(Table& table, std::size_t start)
        : table_(table),
          text_(table.content_),
          position_(start),
          end_(table.content_.find_last_not_of("\r\n") + 1),
          separator_(table.dialect_.separator),
          quoting_(table.dialect_.quoting),
          line_end_(line_end_of(std::string_view(text_).substr(start), quoting_)) {}

    /// True when nothing but line ends is left.
    bool done() const { return position_ >= end_; }

    /// Reads one row into `cells`.
    void row(std::vector<Cell>& cells) {
        first_line_ = line_;
        row_quotes_ = false;
        row_return_ = false;
        bool more = true;
        while (more) {
            const bool quoted = quoting_ && position_ < text_.size() && text_[position_] == '"';
            cells.push_back(quoted ? quoted_cell() : plain_cell());
            more = end_of_cell();
        }
    }

    /// The line on which the last row began.
    std::size_t first_line() const { return first_line_; }

    /// What the last row holds that explains a wrong number of fields; begins with "; ".
    std::string_view suspicion() const {
        if (row_quotes_)
            return "; its quotation marks are read as letters: data.quoting = csv reads fields in "
                   "quotation marks, which may hold line ends";
        if (row_return_)
            return "; a carriage return (CR) stands in it: lines end in LF or CRLF, or all of them "
                   "in CR";
        return "";
    }

    [[noreturn]] void fail(std::size_t line, const std::string& problem) const {
        throw DataError(fmt::format("{}:{}: {}", table_.name_, line, problem));
    }

  private:
    Cell plain_cell() {
        const std::size_t start = position_;
        while (position_ < text_.size() && text_[position_] != separator_ &&
               text_[position_] != line_end_) {
            const char letter = text_[position_];
            if (letter == '"' && quoting_)
                fail(line_,
                     "a quotation mark inside a field without quotes; quote the whole field and "
                     "write the mark twice (data.quoting = none reads it as a letter)");
            row_quotes_ |= letter == '"';
            ++position_;
        }
        std::size_t end = position_;
        const bool at_line_end = position_ == text_.size() || text_[position_] == line_end_;
        if (at_line_end && end > start && text_[end - 1] == '\r') --end;
        row_return_ |=
            std::string_view(text_).substr(start, end - start).find('\r') != std::string_view::npos;
        return {start, end - start};
    }

    Cell quoted_cell() {
        const std::size_t opening_line = line_;
        const std::size_t start = ++position_;
        std::size_t end = start;  // of what is kept
        while (true) {
            if (position_ == text_.size())
                fail(opening_line,
                     "the quoted field that begins here never ends (data.quoting = none reads "
                     "quotation marks as letters)");
            const char letter = text_[position_++];
            if (letter == line_end_) ++line_;
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
        if (line_end_ == '\n' && text_.compare(position_, 2, "\r\n") == 0) ++position_;
        if (position_ == text_.size()) return false;
        if (text_.compare(position_, std::string::npos, "\r") == 0) {
            ++position_;
            return false;
        }
        if (text_[position_] != line_end_) fail_after_quotes();
        ++position_;
        ++line_;
        return false;
    }

    [[noreturn]] void fail_after_quotes() const {
        // the letter before the mark that we took for the end
        std::size_t after = position_;
        next_character(text_, after);
        const bool escaped = position_ >= 2 && text_[position_ - 2] == '\\';
        fail(line_, fmt::format("'{}' after the quotation mark that ends a field; a {} or the end "
                                "of the line must follow ({})",
                                printable_utf8(
                                    std::string_view(text_).substr(position_, after - position_)),
                                separator_ == '\t'  ? "tab"
                                : separator_ == ',' ? "comma"
                                                    : "semicolon",
                                escaped ? "within a field a mark is written twice, not after \\"
                                        : "data.quoting = none reads quotation marks as letters"));
    }

    Table& table_;
    std::string& text_;
    std::size_t position_;
    std::size_t end_;  // after the last character that is no line end
    std::size_t line_ = 1;
    std::size_t first_line_ = 1;
    char separator_;
    bool quoting_;
    char line_end_;
    bool row_quotes_ = false;  // the last row holds quotation marks that were letters
    bool row_return_ = false;  // or a carriage return
};

void Table::read_header(Parser& parser) {
    if (parser.done()) parser.fail(1, "the file is empty; the first line names the columns");
    std::vector<Cell> header;
    parser.row(header);
    for (const Cell cell : header)
        columns_.emplace_back(trim(std::string_view(content_).substr(cell.offset, cell.length)));
    if (columns_.front().starts_with("sep=") && columns_.size() <= 2)
        parser.fail(1,
                    "this line is Excel's, not the names of columns: delete it, and name the "
                    "separator in data.separator");
}

Table Table::parse(std::string name,
                   std::string content,
                   TableDialect dialect,
                   std::vector<std::string> columns) {
    Table table;
    table.name_ = std::move(name);
    table.content_ = std::move(content);
    table.dialect_ = dialect;
    table.columns_ = std::move(columns);
    const std::string_view text = checked_utf8(table.name_, table.content_);
    if (looks_like_json(text))
        throw DataError(
            fmt::format("{}: is JSON, not a table: pandas converts it: read_json(FILE, lines=True)"
                        ".to_csv(NEW, index=False), lines=True where an object stands on each line",
                        table.name_));
    Parser parser(table, table.content_.size() - text.size());
    if (table.columns_.empty()) table.read_header(parser);
    const std::size_t width = table.columns_.size();
    while (!parser.done()) {
        const std::size_t before = table.cells_.size();
        parser.row(table.cells_);
        const std::size_t found = table.cells_.size() - before;
        if (found != width)
            parser.fail(
                parser.first_line(),
                fmt::format("{} field{} where there are {} columns ({}){}", found,
                            found == 1 ? "" : "s", width, shown_names(table.columns_),
                            found == width + 1 && table.lines_.empty() && parser.suspicion().empty()
                                ? "; do names of rows stand first, as R writes them? The header "
                                  "has to name them too"
                                : parser.suspicion()));
        table.lines_.push_back(parser.first_line());
    }
    return table;
}

/// What the header has in place of a column, and what would read it.
std::string Table::other_columns(std::string_view wanted) const {
    if (columns_.size() == 1) {
        const std::string& only = columns_.front();
        for (const OtherSeparator& other : kSeparators)
            if (other.letter != dialect_.separator && only.find(other.letter) != std::string::npos)
                return fmt::format(
                    "it has one column, \"{}\", with {} in it: set data.separator = {}",
                    printable_utf8(only), other.plural, other.word);
    }
    std::string text = fmt::format("its columns are {}", shown_names(columns_));
    const bool quoted = std::any_of(columns_.begin(), columns_.end(), [&](const std::string& name) {
        return name == fmt::format("\"{}\"", wanted);
    });
    const bool returns = std::any_of(columns_.begin(), columns_.end(), [](const std::string& name) {
        return name.find('\r') != std::string::npos;
    });
    if (quoted) return text + "; data.quoting = csv takes the quotation marks away";
    if (returns)
        return text +
               "; a carriage return (CR) stands among them: lines end in LF or CRLF, or all "
               "of them in CR";
    if (const auto meant = nearest(wanted, columns_); meant && !meant->empty())
        text += fmt::format("; did you mean \"{}\"?", printable_utf8(*meant));
    return text;
}

std::size_t Table::column(std::string_view column_name) const {
    const auto found = std::find(columns_.begin(), columns_.end(), column_name);
    if (found == columns_.end())
        throw DataError(fmt::format("{}: has no column \"{}\"; {}", name_,
                                    printable_utf8(column_name), other_columns(column_name)));
    const auto again = std::find(found + 1, columns_.end(), column_name);
    if (again != columns_.end())
        throw DataError(fmt::format("{}:1: two columns are named \"{}\", number {} and {}", name_,
                                    printable_utf8(column_name), found - columns_.begin() + 1,
                                    again - columns_.begin() + 1));
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
    return Table::parse(path.string(), read_text_file(path, expected), table_dialect(path),
                        std::move(columns));
}

}  // namespace mobi
