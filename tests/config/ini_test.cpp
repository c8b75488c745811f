// SPDX-License-Identifier: Apache-2.0
#include "config/ini.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

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
        "[data]\ntrain = \"open\ntest = \"a\" b\n[]\nbad\x01 = 1\n[runs]\na =\na =\n",
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
                  "a.cfg:14: a = : given twice, first at a.cfg:13"}));
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

/// A random text of the letters that have a meaning somewhere.
std::string random_text(RandomStream& random, std::string_view letters) {
    std::string text;
    for (auto length = random.below(16); length > 0; --length)
        text += letters[random.below(letters.size())];
    return text;
}

TEST(QuoteValueTest, AnyValueOfOneLineComesBack) {
    RandomStream random(1, Purpose::Test);
    for (int i = 0; i < 20'000; ++i) {
        const std::string value = random_text(random, "ab \t\"\\#='[];\xc3\xa9");
        const std::string quoted = quote_value(value);
        ASSERT_EQ(unquote_value(quoted), value) << quoted;
        const IniText text = read_ini("a.b = " + quoted + " # comment\n", "a.cfg");
        ASSERT_TRUE(text.problems.empty()) << quoted << ": " << text.problems[0];
        ASSERT_EQ(text.lines.at(0).value, value) << quoted;
    }
}

TEST(QuoteValueTest, WhatNeedsNoQuotesHasNone) {
    for (const char* value : {"20 Mbit/s", "it's", "a\"b", "back\\slash", "*:lte|wifi", "-1"})
        EXPECT_EQ(quote_value(value), value);
}

// Words are put together of pieces that are bare or in either quotes, so the answer is known.
TEST(SplitArgumentsTest, PiecesOfAWordJoinWhateverTheirQuotes) {
    for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<std::string> words;
        std::string text;
        for (auto count = random.below(6); count > 0; --count) {
            std::string word;
            text += std::string(1 + random.below(3), random.below(2) == 0 ? ' ' : '\t');
            for (auto pieces = 1 + random.below(3); pieces > 0; --pieces) {
                switch (random.below(3)) {
                    case 0: {
                        const std::string piece = "x" + random_text(random, "ab=#\\,");
                        word += piece;
                        text += piece;
                        break;
                    }
                    case 1: {
                        const std::string piece = random_text(random, "ab '=#\\\t");
                        word += piece;
                        text += '"' + piece + '"';
                        break;
                    }
                    default: {
                        const std::string piece = random_text(random, "ab \"=#\\\t");
                        word += piece;
                        text += "'" + piece + "'";
                    }
                }
            }
            words.push_back(word);
        }
        ASSERT_EQ(split_arguments(text), words) << text;
    }
}

TEST(SplitArgumentsTest, AnOpenQuoteIsRefusedWhicheverItIs) {
    for (const char* text : {"'", "\"", "a 'b\"", "'a' \"b'", "a=\"b c"})
        EXPECT_THROW(split_arguments(text), std::invalid_argument) << text;
}

// Lines of every kind in random order: each is found, under its own number.
TEST(ReadIniTest, EveryLineIsReadOrReportedUnderItsNumber) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::string text, section;
        std::vector<std::pair<std::string, std::string>> lines;  // where, key
        std::vector<std::string> problems;
        for (int number = 1; number <= 30; ++number) {
            const std::string where = "f:" + std::to_string(number);
            switch (random.below(6)) {
                case 0:
                    text += "   # a comment with = and [x]";
                    break;
                case 1:
                    section = "s" + std::to_string(random.below(3));
                    text += " [ " + section + " ]  # which";
                    break;
                case 2:
                    text += "no equals sign";
                    problems.push_back(where);
                    break;
                case 3:
                    break;
                default: {
                    const std::string name = "k" + std::to_string(number);
                    text += "  " + name + "\t=  value # why";
                    lines.emplace_back(where, section.empty() ? name : section + "." + name);
                }
            }
            text += random.below(2) == 0 ? "\n" : "\r\n";
        }
        const IniText read = read_ini(text, "f");
        ASSERT_EQ(read.lines.size(), lines.size()) << text;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            EXPECT_EQ(read.lines[i].where, lines[i].first);
            EXPECT_EQ(read.lines[i].key, lines[i].second);
            EXPECT_EQ(read.lines[i].value, "value");
        }
        ASSERT_EQ(read.problems.size(), problems.size()) << text;
        for (std::size_t i = 0; i < problems.size(); ++i)
            EXPECT_TRUE(read.problems[i].starts_with(problems[i] + ": ")) << read.problems[i];
    }
}

TEST(ReadIniTest, TheLastLineNeedsNoEnd) {
    EXPECT_EQ(read_ini("a.b = 1", "f").lines.at(0).value, "1");
    EXPECT_TRUE(read_ini("", "f").lines.empty());
    EXPECT_EQ(read_ini("[", "f").problems.size(), 1U);
    EXPECT_EQ(read_ini("=", "f").problems.size(), 1U);
    EXPECT_EQ(read_ini("a.b =", "f").lines.at(0).value, "");
}

}  // namespace
}  // namespace mobi::test
