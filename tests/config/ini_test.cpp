// SPDX-License-Identifier: Apache-2.0
#include "config/ini.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(ReadIniTest, SectionsPrefixTheNamesThatFollow) {
    const auto text = read_ini("server.batch = 8\n\n[server]\nepochs=3 # of replay\n", "a.cfg");
    ASSERT_EQ(text.lines.size(), 2u);
    EXPECT_EQ(text.lines[0].key, "server.batch");
    EXPECT_EQ(text.lines[0].value, "8");
    EXPECT_EQ(text.lines[0].where, "a.cfg:1");
    EXPECT_EQ(text.lines[1].key, "server.epochs");
    EXPECT_EQ(text.lines[1].value, "3");
    EXPECT_EQ(text.lines[1].where, "a.cfg:4");
    EXPECT_TRUE(text.problems.empty());
}

TEST(ReadIniTest, IncludesAndRunsAreKeptApart) {
    const auto text = read_ini(
        "include = b.cfg\ninclude = c.cfg\n[runs]\ncold = --set data.train=\"a # b\" # why\n",
        "a.cfg");
    ASSERT_EQ(text.includes.size(), 2u);
    EXPECT_EQ(text.includes[1].value, "c.cfg");
    ASSERT_EQ(text.runs.size(), 1u);
    EXPECT_EQ(text.runs[0].key, "cold");
    EXPECT_EQ(text.runs[0].value, "--set data.train=\"a # b\"");
    EXPECT_TRUE(text.lines.empty());
    EXPECT_TRUE(text.problems.empty());
}

TEST(ReadIniTest, LineEndsAndAByteOrderMarkOfOtherSystemsAreAccepted) {
    const auto text = read_ini("\xef\xbb\xbf[server]\r\nbatch = 8\r\n", "a.cfg");
    ASSERT_EQ(text.lines.size(), 1u);
    EXPECT_EQ(text.lines[0].value, "8");
    EXPECT_TRUE(text.problems.empty());
}

TEST(ReadIniTest, AQuotedValueHoldsWhatAPlainOneCannot) {
    const auto text = read_ini(R"([data]
train = " a # b "  # comment
test = "say \"x\" \\"
text = it's 5" wide
)",
                               "a.cfg");
    ASSERT_EQ(text.lines.size(), 3u);
    EXPECT_EQ(text.lines[0].value, " a # b ");
    EXPECT_EQ(text.lines[1].value, R"(say "x" \)");
    EXPECT_EQ(text.lines[2].value, "it's 5\" wide");
}

TEST(ReadIniTest, EveryProblemIsReportedWithItsLine) {
    const auto text = read_ini(
        "batch 3\n[server\nbatch = 1\n[server]\nbatch = 2\nbatch = 3\n"
        "[data]\ntrain = \"open\ntest = \"a\" b\n[]\nbad\x01 = 1\n[runs]\na =\na =\na.b =\n",
        "a.cfg");
    EXPECT_EQ(text.problems,
              (std::vector<std::string>{
                  "a.cfg:1: batch 3: accepted: [section], key = value, or # and a comment",
                  "a.cfg:2: [server: accepted: [section] or [section.name], with letters a to z, "
                  "digits, _, -, . and *; the lines below it are not looked at",
                  "a.cfg:6: server.batch = 3: given twice, first at a.cfg:5",
                  "a.cfg:8: data.train = \"open: the closing quote is missing",
                  "a.cfg:9: data.test = \"a\" b: nothing is accepted behind the closing quote",
                  "a.cfg:10: []: accepted: [section] or [section.name], with letters a to z, "
                  "digits, _, -, . and *; the lines below it are not looked at",
                  "a.cfg:11: a control character is not accepted",
                  "a.cfg:14: a = : given twice, first at a.cfg:13",
                  "a.cfg:15: a.b: a run's name has letters, digits, _ and -"}));
}

TEST(QuoteValueTest, IsUndoneByReading) {
    for (const char* value : {"", "plain", " outer blanks ", "a # b", "\"quoted\"", "a\"b",
                              "back\\slash", "\\", "\"", "# all", "tab\tinside", "\ttab first"}) {
        EXPECT_EQ(unquote_value(quote_value(value)), value);
        const auto text = read_ini("[data]\ntrain = " + quote_value(value) + "\n", "a.cfg");
        ASSERT_EQ(text.lines.size(), 1u) << value;
        EXPECT_EQ(text.lines[0].value, value);
    }
    EXPECT_EQ(quote_value("data/train.tsv"), "data/train.tsv");
}

TEST(SplitArgumentsTest, SplitsAsAShellDoes) {
    EXPECT_EQ(split_arguments("  --set a=1   b=\"4 GiB\" 'c=x y' d=\"\" "),
              (std::vector<std::string>{"--set", "a=1", "b=4 GiB", "c=x y", "d="}));
    EXPECT_TRUE(split_arguments("").empty());
    EXPECT_THROW(split_arguments("a \"b"), std::invalid_argument);
}

}  // namespace
}  // namespace mobi::test
