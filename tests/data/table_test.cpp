// SPDX-License-Identifier: Apache-2.0
#include "data/table.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

Table tsv(std::string content, std::vector<std::string> columns = {}) {
    return Table::parse("t.tsv", std::move(content), TableFormat::Tsv, std::move(columns));
}
Table csv(std::string content, std::vector<std::string> columns = {}) {
    return Table::parse("t.csv", std::move(content), TableFormat::Csv, std::move(columns));
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

struct Malformed {
    TableFormat format;
    std::string content;
    const char* message;
};

TEST(TableTest, EveryFaultIsNamedWithPathAndLine) {
    constexpr auto kTsv = TableFormat::Tsv;
    constexpr auto kCsv = TableFormat::Csv;
    const std::vector<Malformed> all{
        {kTsv, "", "t:1: the file is empty; the first line names the columns"},
        {kTsv, "\n\n", "t:1: the file is empty; the first line names the columns"},
        {kTsv, "\xEF\xBB\xBF", "t:1: the file is empty; the first line names the columns"},
        {kTsv, "a\t\tb\n", "t:1: column 2 has no name"},
        {kTsv, "a\tb\ta\n", "t:1: the column \"a\" is named twice"},
        {kTsv, "a\tb\n1\t2\n3\n", "t:3: 1 field where there are 2 columns (a, b)"},
        {kTsv, "a\tb\n1\t2\t3\n", "t:2: 3 fields where there are 2 columns (a, b)"},
        {kTsv, "a\tb\n\n1\t2\n", "t:2: 1 field where there are 2 columns (a, b)"},
        {kTsv, "a\tb\n1\t2\n1\t\xE9t\xE9\n",
         "t:3: byte 0xE9 is not UTF-8 text (iconv -f latin1 -t utf-8 converts Latin-1)"},
        {kTsv, std::string("a\n1\n\0\n", 7), "t:3: a NUL byte is not UTF-8 text"},
        {kTsv, "a\n\xC0\x80\n",
         "t:2: byte 0xC0 is not UTF-8 text (iconv -f latin1 -t utf-8 converts Latin-1)"},
        {kTsv, "a\n\xED\xA0\x80",
         "t:2: byte 0xED is not UTF-8 text (iconv -f latin1 -t utf-8 converts Latin-1)"},
        {kTsv,
         std::string("\xFF\xFE"
                     "a\0",
                     4),
         "t:1: is UTF-16; UTF-8 is read (iconv -f utf-16 -t utf-8 converts it)"},
        {kCsv, "a,b\n1,\"2\n3,4\n", "t:2: the quoted field that begins here never ends"},
        {kCsv, "a,b\n1,\"", "t:2: the quoted field that begins here never ends"},
        {kCsv, "\"a", "t:1: the quoted field that begins here never ends"},
        {kCsv, "a,b\n\"1\n\",\"\n\"x\n",
         "t:4: 'x' after the quotation mark that ends a field; a comma or the end of the line must "
         "follow"},
        {kCsv, "a,b\n1,2\"3\"\n",
         "t:2: a quotation mark inside a field without quotes; quote the whole field and write the "
         "mark twice"},
        {kCsv, "a,b\n\"1\n2\"\n", "t:2: 1 field where there are 2 columns (a, b)"},
        {kCsv, "a,b\n1,2,\n", "t:2: 3 fields where there are 2 columns (a, b)"},
        {kCsv, "a,b\n1\t2\n", "t:2: 1 field where there are 2 columns (a, b)"},
    };
    for (const Malformed& file : all) {
        try {
            Table::parse("t", file.content, file.format);
            ADD_FAILURE() << "no error: " << file.message;
        } catch (const DataError& error) {
            EXPECT_STREQ(error.what(), file.message);
        }
    }
}

TEST(TableTest, TheFormatFollowsFromTheName) {
    EXPECT_EQ(table_format("x/train.csv"), TableFormat::Csv);
    EXPECT_EQ(table_format("x.csv/train.tsv"), TableFormat::Tsv);
    EXPECT_EQ(table_format("msr_paraphrase_train.txt"), TableFormat::Tsv);
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
