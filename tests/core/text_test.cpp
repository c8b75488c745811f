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

TEST(HumanTest, RoundsToThreeDigits) {
    EXPECT_EQ(human(1234567, "B"), "1.23 MB");
    EXPECT_EQ(human(12, "devices"), "12 devices");
    EXPECT_EQ(human_seconds(0.85), "850 ms");
    EXPECT_EQ(human_seconds(245), "4 min 05 s");
    EXPECT_EQ(human_seconds(7380), "2 h 03 min");
}

}  // namespace
}  // namespace mobi::test
