// SPDX-License-Identifier: Apache-2.0
#include "data/table.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "core/text.hpp"

namespace mobi::test {
namespace {

Table tsv(std::string content, std::vector<std::string> columns = {}) {
    return Table::parse("t.tsv", std::move(content), kTsv, std::move(columns));
}
Table csv(std::string content, std::vector<std::string> columns = {}) {
    return Table::parse("t.csv", std::move(content), kCsv, std::move(columns));
}

std::vector<std::vector<std::string>> cells(const Table& table) {
    std::vector<std::vector<std::string>> all(table.rows());
    for (std::size_t row = 0; row < table.rows(); ++row)
        for (std::size_t column = 0; column < table.columns().size(); ++column)
            all[row].emplace_back(table.at(row, column));
    return all;
}

using Cells = std::vector<std::vector<std::string>>;

TEST(TableTest, NamesColumnsByTheFirstLine) {
    const Table table = tsv("text\tlabel\na b\tx\nc\ty\n");
    EXPECT_EQ(cells(table), (Cells{{"a b", "x"}, {"c", "y"}}));
    EXPECT_EQ(table.column("label"), 1U);
    EXPECT_EQ(table.where(1), "t.tsv:3");
}

TEST(TableTest, AcceptsAnyLineEndAndAByteOrderMark) {
    const Cells expected{{"1", ""}, {"2", "x"}};
    for (const char* text : {"a\tb\n1\t\n2\tx\n", "a\tb\n1\t\n2\tx", "a\tb\r\n1\t\r\n2\tx\r\n",
                             "a\tb\r\n1\t\r\n2\tx\r",
                             "\xEF\xBB\xBF"
                             "a\tb\n1\t\n2\tx\n\n\r\n"})
        EXPECT_EQ(cells(tsv(text)), expected) << text;
    for (const char* text : {"a,b\n1,\n2,x\n", "a,b\r\n1,\"\"\r\n\"2\",\"x\"\r\n",
                             "\"a\",\"b\"\n1,\n2,\"x\"", "\xEF\xBB\xBF\"a\",b\n1,\n2,x\r\n"})
        EXPECT_EQ(cells(csv(text)), expected) << text;
}

TEST(TableTest, ACarriageReturnWithinALineIsALetter) {
    EXPECT_EQ(cells(tsv("a\tb\nx\ry\tz\n")), (Cells{{"x\ry", "z"}}));
}

TEST(TableTest, ATsvQuotationMarkIsALetter) {
    EXPECT_EQ(cells(tsv("a\tb\n\"x\t\"\"y\"\n")), (Cells{{"\"x", "\"\"y\""}}));
}

TEST(TableTest, ACsvFieldInQuotationMarksHoldsAnything) {
    const Table table = csv("a,b\n\"x, \"\"y\"\"\",\"line\nbreak\"\nz,\n");
    EXPECT_EQ(cells(table), (Cells{{"x, \"y\"", "line\nbreak"}, {"z", ""}}));
    EXPECT_EQ(table.where(0), "t.csv:2");
    EXPECT_EQ(table.where(1), "t.csv:4") << "counts the line end inside the field";
}

TEST(TableTest, AFileWithoutHeaderHasItsColumnsNamedForIt) {
    EXPECT_EQ(cells(csv("1,x\n2,y", {"class", "text"})), (Cells{{"1", "x"}, {"2", "y"}}));
    EXPECT_EQ(tsv("", {"a"}).rows(), 0U);
    EXPECT_EQ(tsv("\xEF\xBB\xBF\n\n", {"a"}).rows(), 0U);
}

TEST(TableTest, ASingleColumnMayHoldEmptyCellsButNotAtTheEnd) {
    EXPECT_EQ(cells(tsv("a\nx\n\ny\n\n\n")), (Cells{{"x"}, {""}, {"y"}}));
}

TEST(TableTest, AMissingColumnNamesThoseThereAre) {
    try {
        tsv("text\tlabel\n").column("sentence");
        FAIL();
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(),
                     "t.tsv: has no column \"sentence\"; its columns are text, label");
    }
}

TEST(TableTest, OldMacsEndLinesInCarriageReturnsAlone) {
    const Cells expected{{"1", "x y"}, {"2", ""}};
    EXPECT_EQ(cells(tsv("a\tb\r1\tx y\r2\t\r")), expected);
    EXPECT_EQ(cells(csv("a,b\r\"1\",x y\r2,\r\r")), expected);
    const Table quoted = csv("a,b\r\"one\ntwo\",x\ry,z\r");
    EXPECT_EQ(cells(quoted), (Cells{{"one\ntwo", "x"}, {"y", "z"}}))
        << "LF in quotation marks ends no line";
    EXPECT_EQ(quoted.where(1), "t.csv:3");
}

TEST(TableTest, QuotingAndSeparatorAreFreeOfEachOther) {
    const auto parse = [](const char* text, TableDialect dialect) {
        return cells(Table::parse("t", text, dialect));
    };
    EXPECT_EQ(parse("a\tb\n\"x\ty\"\t\"one\ntwo\"\n", {'\t', true}), (Cells{{"x\ty", "one\ntwo"}}));
    EXPECT_EQ(parse("a;b\n\"x;\"\"y\"\"\";1,5\n", {';', true}), (Cells{{"x;\"y\"", "1,5"}}));
    EXPECT_EQ(parse("a,b\n\"x,y\"\n", {',', false}), (Cells{{"\"x", "y\""}}));
}

TEST(TableTest, ColumnsWithoutANameOrWithTheSameOneAreReadPast) {
    const Table table = csv(",text , label,,x,x\n0,a,b,,1,2\n");
    EXPECT_EQ(table.at(0, table.column("text")), "a");
    EXPECT_EQ(table.at(0, table.column("label")), "b") << "no blank belongs to a column's name";
    try {
        table.column("x");
        FAIL();
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(), "t.csv:1: two columns are named \"x\", number 5 and 6");
    }
}

/// Why there is no column "text".
std::string without_text(std::string header, TableDialect dialect) {
    try {
        Table::parse("t", std::move(header), dialect).column("text");
    } catch (const DataError& error) {
        return error.what();
    }
    return "found";
}

TEST(TableTest, AMissingColumnNamesTheKeyThatWouldFindIt) {
    EXPECT_EQ(
        without_text("text;label\n", kCsv),
        "t: has no column \"text\"; it has one column, \"text;label\", with semicolons in it: "
        "set data.separator = semicolon");
    EXPECT_EQ(without_text("text\tlabel\n", kCsv),
              "t: has no column \"text\"; it has one column, \"text\\x09label\", with tabs in it: "
              "set data.separator = tab");
    EXPECT_EQ(
        without_text("text,label\n", kTsv),
        "t: has no column \"text\"; it has one column, \"text,label\", with commas in it: set "
        "data.separator = comma");
    EXPECT_EQ(without_text("\"text\"\t\"label\"\n", kTsv),
              "t: has no column \"text\"; its columns are \"text\", \"label\"; data.quoting = csv "
              "takes the quotation marks away");
    EXPECT_EQ(without_text("Text\tlabel\n", kTsv),
              "t: has no column \"text\"; its columns are Text, label; did you mean \"Text\"?");
    EXPECT_EQ(without_text("\tlabel\n", kTsv),
              "t: has no column \"text\"; its columns are (no name), label");
    EXPECT_EQ(
        without_text("Name\tText\ra\tb\nc\td\te\n", kTsv),
        "t: has no column \"text\"; its columns are Name, Text\\x0da, b; a carriage return (CR) "
        "stands among them: lines end in LF or CRLF, or all of them in CR");
}

struct Malformed {
    TableDialect dialect;
    std::string content;
    const char* message;
};

TEST(TableTest, EveryFaultIsNamedWithPathAndLine) {
    constexpr TableDialect kQuotedTsv{'\t', true};
    const std::vector<Malformed> all{
        {kTsv, "", "t:1: the file is empty; the first line names the columns"},
        {kTsv, "\n\n", "t:1: the file is empty; the first line names the columns"},
        {kTsv, "\xEF\xBB\xBF", "t:1: the file is empty; the first line names the columns"},
        {kTsv, "a\tb\n\"1\n2\"\tx\n",
         "t:2: 1 field where there are 2 columns (a, b); its quotation marks are read as letters: "
         "data.quoting = csv reads fields in quotation marks, which may hold line ends"},
        {kTsv, "a\tb\n1\t2\r3\t4\n",
         "t:2: 3 fields where there are 2 columns (a, b); a carriage return (CR) stands in it: "
         "lines end in LF or CRLF, or all of them in CR"},
        {kTsv, "{\"a\": 1}\n",
         "t: is JSON, not a table: pandas converts it: read_json(FILE, lines=True).to_csv(NEW, "
         "index=False), lines=True where an object stands on each line"},
        {kCsv, "[\n  {\"a\": 1}]\n",
         "t: is JSON, not a table: pandas converts it: read_json(FILE, lines=True).to_csv(NEW, "
         "index=False), lines=True where an object stands on each line"},
        {{';', true},
         "sep=;\na;b\n1;2\n",
         "t:1: this line is Excel's, not the names of columns: delete it, and name the separator "
         "in data.separator"},
        {kQuotedTsv, "a\tb\n\"x\" y\tz\n",
         "t:2: ' ' after the quotation mark that ends a field; a tab or the end of the line must "
         "follow (data.quoting = none reads quotation marks as letters)"},
        {kCsv, "a,b\n\"x \\\"y\\\"\",z\n",
         "t:2: 'y' after the quotation mark that ends a field; a comma or the end of the line must "
         "follow (within a field a mark is written twice, not after \\)"},
        {kTsv, "a\tb\n1\t2\n3\n", "t:3: 1 field where there are 2 columns (a, b)"},
        {kTsv, "a\tb\n1\t2\t3\n",
         "t:2: 3 fields where there are 2 columns (a, b); do names of rows stand first, as R "
         "writes "
         "them? The header has to name them too"},
        {kTsv, "a\tb\n1\t2\n1\t2\t3\n", "t:3: 3 fields where there are 2 columns (a, b)"},
        {kTsv, "a\tb\n\n1\t2\n", "t:2: 1 field where there are 2 columns (a, b)"},
        {kTsv, "a\tb\n1\t2\n1\t\xE9t\xE9\n",
         "t:3: byte 0xE9 is not UTF-8 text (iconv -f latin1 -t utf-8 converts Latin-1)"},
        {kTsv, std::string("a\n1\n\0\n", 7), "t:3: a NUL byte is not UTF-8 text"},
        {kTsv, "a\n\xC0\x80\n",
         "t:2: byte 0xC0 is not UTF-8 text (convert it from the encoding it is in: iconv -f "
         "ENCODING -t utf-8)"},
        {kTsv, "a\n\xED\xA0\x80",
         "t:2: byte 0xED is not UTF-8 text (convert it from the encoding it is in: iconv -f "
         "ENCODING -t utf-8)"},
        {kTsv,
         std::string("\xFF\xFE"
                     "a\0",
                     4),
         "t:1: is UTF-16; UTF-8 is read (iconv -f utf-16 -t utf-8 converts it)"},
        {kCsv, "a,b\n1,\"2\n3,4\n",
         "t:2: the quoted field that begins here never ends (data.quoting = none reads quotation "
         "marks as letters)"},
        {kCsv, "a,b\n1,\"",
         "t:2: the quoted field that begins here never ends (data.quoting = none reads quotation "
         "marks as letters)"},
        {kCsv, "\"a",
         "t:1: the quoted field that begins here never ends (data.quoting = none reads quotation "
         "marks as letters)"},
        {kCsv, "a,b\n\"1\n\",\"\n\"x\n",
         "t:4: 'x' after the quotation mark that ends a field; a comma or the end of the line must "
         "follow (data.quoting = none reads quotation marks as letters)"},
        {kCsv, "a,b\n1,2\"3\"\n",
         "t:2: a quotation mark inside a field without quotes; quote the whole field and write the "
         "mark twice (data.quoting = none reads it as a letter)"},
        {kCsv, "a,b\n\"1\n2\"\n", "t:2: 1 field where there are 2 columns (a, b)"},
        {kCsv, "a,b\n1,2\n1,2,\n", "t:3: 3 fields where there are 2 columns (a, b)"},
        {kCsv, "a,b\n1\t2\n", "t:2: 1 field where there are 2 columns (a, b)"},
    };
    for (const Malformed& file : all) {
        try {
            Table::parse("t", file.content, file.dialect);
            ADD_FAILURE() << "no error: " << file.message;
        } catch (const DataError& error) {
            EXPECT_STREQ(error.what(), file.message);
        }
    }
}

TEST(TableTest, TheDialectFollowsFromTheNameUnlessItIsGiven) {
    const auto dialect = [](const char* path, TableSeparator separator = TableSeparator::Auto,
                            TableQuoting quoting = TableQuoting::Auto) {
        const TableDialect found = table_dialect(path, separator, quoting);
        return std::string(1, found.separator) + (found.quoting ? "quoted" : "");
    };
    for (const char* path : {"x/train.csv", "TRAIN.CSV", "a.tsv.Csv"})
        EXPECT_EQ(dialect(path), ",quoted") << path;
    for (const char* path : {"x.csv/train.tsv", "train.TSV", "msr_paraphrase_train.txt", "train",
                             ".csv", "train.csv.bak"})
        EXPECT_EQ(dialect(path), "\t") << path;
    EXPECT_EQ(dialect("a.csv", TableSeparator::Semicolon), ";quoted");
    EXPECT_EQ(dialect("a.csv", TableSeparator::Tab), "\t");
    EXPECT_EQ(dialect("a.txt", TableSeparator::Comma), ",quoted");
    EXPECT_EQ(dialect("a.tsv", TableSeparator::Auto, TableQuoting::Csv), "\tquoted");
    EXPECT_EQ(dialect("a.csv", TableSeparator::Auto, TableQuoting::None), ",");
}

/// Random cells of all that is awkward, written as Python's csv module writes them.
class RandomTable {
  public:
    explicit RandomTable(std::uint64_t seed) : random_(3, Purpose::Test, seed) {
        const auto columns = 2 + random_.below(3);
        for (std::uint64_t column = 0; column < columns; ++column)
            names_.push_back("c" + std::to_string(column));
        rows_.resize(1 + random_.below(6));
        for (auto& row : rows_)
            for (std::size_t column = 0; column < names_.size(); ++column) row.push_back(cell());
    }

    const std::vector<std::string>& names() const { return names_; }
    const Cells& rows() const { return rows_; }

    std::string written(TableDialect dialect, const std::string& line_end) {
        std::string text;
        write(names_, dialect, line_end, text);
        for (const auto& row : rows_) write(row, dialect, line_end, text);
        return text;
    }

  private:
    std::string cell() {
        static const std::vector<std::string> pieces{"\"",        "\"\"",   ",",    "\t", ";",
                                                     "\n",        "\r",     "\r\n", " ",  "a",
                                                     "caf\u00e9", "\u4e2d", "\\"};
        std::string text;
        for (auto length = random_.below(6); length > 0; --length)
            text += pieces[static_cast<std::size_t>(random_.below(pieces.size()))];
        return text;
    }

    /// Quotes where it must, and by chance where it need not.
    void write(const std::vector<std::string>& cells,
               TableDialect dialect,
               const std::string& line_end,
               std::string& text) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string& cell = cells[i];
            const std::string special = std::string("\"\r\n") + dialect.separator;
            const bool must = cell.find_first_of(special) != std::string::npos;
            if (i > 0) text += dialect.separator;
            if (!must && random_.below(4) > 0) {
                text += cell;
                continue;
            }
            text += '"';
            for (const char letter : cell) text += letter == '"' ? "\"\"" : std::string(1, letter);
            text += '"';
        }
        text += line_end;
    }

    RandomStream random_;
    std::vector<std::string> names_;
    Cells rows_;
};

TEST(TableTest, WhatACsvWriterWroteIsReadBack) {
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
        RandomTable random(seed);
        for (const TableDialect dialect : {kCsv, TableDialect{'\t', true}, TableDialect{';', true}})
            for (const char* line_end : {"\n", "\r\n", "\r"}) {
                const std::string text = random.written(dialect, line_end);
                const Table table = Table::parse("t", text, dialect);
                ASSERT_EQ(cells(table), random.rows()) << seed << ": " << printable(text, 400);
                EXPECT_EQ(table.columns().size(), random.names().size());
            }
    }
}

TEST(TableTest, AMissingFileSaysHowToGetIt) {
    const auto message = [](const std::filesystem::path& path, std::string_view expected) {
        try {
            read_table(path, {}, expected);
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(message("data/cache/wordnet/no.tsv", "x"),
              "data/cache/wordnet/no.tsv: no such file; data/fetch_wordnet.sh fetches it");
    EXPECT_EQ(message("../x/data/cache/wordnet_all/no.tsv", "x"),
              "../x/data/cache/wordnet_all/no.tsv: no such file; data/fetch_wordnet.sh --all "
              "fetches it");
    EXPECT_EQ(message("/no/where.tsv", "SST-2 is published as train.tsv"),
              "/no/where.tsv: no such file; SST-2 is published as train.tsv");
    EXPECT_EQ(message("/no/where.tsv", ""), "/no/where.tsv: no such file");
    EXPECT_EQ(message("/", ""), "/: not a regular file but a folder");
}

}  // namespace
}  // namespace mobi::test
