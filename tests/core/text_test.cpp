// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(SplitTest, KeepsEmptyFields) {
    EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
    EXPECT_EQ(split_words("  a \t b "), (std::vector<std::string_view>{"a", "b"}));
}

TEST(TakeLineTest, EveryLineEndCounts) {
    std::string_view rest = "a\nb\r\n\rc\n\rd";
    std::vector<std::string_view> lines;
    while (!rest.empty()) lines.push_back(take_line(rest));
    EXPECT_EQ(lines, (std::vector<std::string_view>{"a", "b", "", "c", "", "d"}));
    EXPECT_EQ(take_line(rest), "");
}

TEST(ByteOrderMarkTest, OnlyTheFirstIsTaken) {
    EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBF"
                                      "a\xEF\xBB\xBF"),
              "a\xEF\xBB\xBF");
    EXPECT_EQ(without_byte_order_mark("\xEF\xBB"), "\xEF\xBB");
}

TEST(NearestTest, SuggestsAMisspeltKeyAndNothingForNonsense) {
    const std::vector<std::string> keys{"server.batch", "server.epochs", "link.latency"};
    EXPECT_EQ(nearest("server.bacth", keys), "server.batch");
    EXPECT_EQ(nearest("zzzzzzzzzzzz", keys), std::nullopt);
    EXPECT_EQ(nearest("x", {}), std::nullopt);
}

TEST(PrintableTest, IsOneLineOfLimitedLength) {
    EXPECT_EQ(printable("plain text"), "plain text");
    EXPECT_EQ(printable("a\nb\x1b[2J\xff"), "a\\x0ab\\x1b[2J\\xff");
    EXPECT_EQ(printable(std::string(100, 'y'), 3), "yyy...");
    EXPECT_EQ(printable("yyy", 3), "yyy");
    EXPECT_TRUE(is_one_line("caf\u00e9"));
    EXPECT_FALSE(is_one_line("a\n"));
    EXPECT_FALSE(is_one_line(std::string_view("a\0", 2)));
}

TEST(PrintableTest, Utf8KeepsItsLetters) {
    EXPECT_EQ(printable_utf8("caf\u00e9 \u4e2d\r\n\x7f"), "caf\u00e9 \u4e2d\\x0d\\x0a\\x7f");
    EXPECT_EQ(printable_utf8("a\u0085b"), "a\\x85b");
    EXPECT_EQ(printable_utf8("\u4e2d\u4e2d\u4e2d", 2), "\u4e2d\u4e2d...");
    EXPECT_EQ(printable_utf8("\u4e2d\u4e2d", 2), "\u4e2d\u4e2d");
}

TEST(HumanTest, RoundsToThreeDigits) {
    EXPECT_EQ(human(1234567, "B"), "1.23 MB");
    EXPECT_EQ(human(12, "devices"), "12 devices");
    EXPECT_EQ(human_seconds(0.85), "850 ms");
    EXPECT_EQ(human_seconds(245), "4 min 05 s");
    EXPECT_EQ(human_seconds(7380), "2 h 03 min");
}

}  // namespace
}  // namespace mobi::test
