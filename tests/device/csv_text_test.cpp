// SPDX-License-Identifier: Apache-2.0
#include "device/csv_text.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using Cells = std::vector<std::string_view>;

template <typename Function>
std::string refusal(Function&& function) {
    try {
        function();
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(CsvReaderTest, CommentsBlankLinesAndBlanksAreLeftOut) {
    CsvReader csv("\xEF\xBB\xBF# made by hand\r\n\r\n a , b [ms] ,\r\n# no\r\n 1,2 ,3\r\n4,5,6",
                  "t");
    EXPECT_EQ(csv.titles(), (Cells{"a", "b [ms]", ""}));
    const auto* cells = csv.next();
    ASSERT_NE(cells, nullptr);
    EXPECT_EQ(*cells, (Cells{"1", "2", "3"}));
    EXPECT_EQ(csv.where(), "t:5");
    cells = csv.next();
    ASSERT_NE(cells, nullptr);
    EXPECT_EQ(*cells, (Cells{"4", "5", "6"}));
    EXPECT_EQ(csv.line(), 6u);
    EXPECT_EQ(csv.next(), nullptr);
    EXPECT_EQ(csv.next(), nullptr);
}

TEST(CsvReaderTest, AnEmptyTextHasNeitherTitlesNorLines) {
    for (const char* text : {"", "\n\n", "# a\n"}) {
        CsvReader csv(text, "t");
        EXPECT_TRUE(csv.titles().empty());
        EXPECT_EQ(csv.next(), nullptr);
    }
}

TEST(CsvReaderTest, RefusalsNameTheLine) {
    EXPECT_EQ(refusal([] { CsvReader("\na;b\n", "t"); }),
              "t:2: 'a;b': accepted: columns with commas between them, not semicolons");
    EXPECT_EQ(refusal([] { CsvReader("a [ms],a [s]\n", "t"); }),
              "t:1: two columns 'a'; accepted: one of a key");
    EXPECT_EQ(refusal([] {
                  CsvReader csv("a,b\n1,2,3\n", "t");
                  csv.next();
              }),
              "t:2: 3 fields; accepted: 2, as in the header");
}

TEST(CsvScaleTest, TheUnitOfATitleGivesTheFactorToSi) {
    EXPECT_EQ(csv_scale("t0 [ms]", Quantity::Time, "t"), 1e-3);
    EXPECT_EQ(csv_scale("flop [GFLOP]", Quantity::FlopRate, "t", "/s"), 1e9);
    EXPECT_EQ(csv_scale("loss", std::nullopt, "t"), 1);
    EXPECT_EQ(refusal([] { csv_scale("loss [s]", std::nullopt, "t"); }),
              "t:1: column 'loss [s]': accepted: loss, without a unit");
    EXPECT_TRUE(refusal([] {
                    csv_scale("flop", Quantity::FlopRate, "t", "/s");
                }).starts_with("t:1: column 'flop': accepted: flop [unit], with one of FLOP, "));
    EXPECT_EQ(refusal([] { csv_scale("flop [ms]", Quantity::FlopRate, "t", "/s"); }).find("/s"),
              std::string::npos);
}

TEST(CsvNumberTest, ACellIsScaledAndThenCompared) {
    const CsvRange range{0, 1, false};
    EXPECT_EQ(csv_number("500", 1e-3, range, "x [ms]", "t:2"), 0.5);
    for (const char* cell : {"0", "1001", "-1", "nan", "inf", "1 ", "", "0x1", "1e400"})
        EXPECT_EQ(refusal([&] { csv_number(cell, 1e-3, range, "x [ms]", "t:2"); }),
                  "t:2: x [ms] = '" + std::string(cell) + "': accepted: a number above 0 to 1")
            << cell;
}

}  // namespace
}  // namespace mobi::test
