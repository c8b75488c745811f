// SPDX-License-Identifier: Apache-2.0
#include "core/text.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"

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

/// A text of these letters.
std::string draw(RandomStream& stream, std::string_view letters, std::size_t most) {
    std::string text(stream.below(most + 1), ' ');
    for (char& letter : text) letter = letters[stream.below(letters.size())];
    return text;
}

TEST(SplitTest, JoinedAgainItIsTheText) {
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < 1000; ++i) {
        const std::string text = draw(stream, "a,b ", 12);
        std::string joined;
        const auto fields = split(text, ',');
        for (const std::string_view field : fields) {
            EXPECT_EQ(field.find(','), std::string_view::npos);
            joined += std::string(field) + ",";
        }
        joined.pop_back();
        EXPECT_EQ(joined, text);
    }
}

TEST(SplitWordsTest, GivesTheWordsThatAStreamReads) {
    RandomStream stream(2, Purpose::Test);
    for (int i = 0; i < 1000; ++i) {
        const std::string text = draw(stream, "ab \t\r\n", 14);
        std::istringstream in(text);
        std::vector<std::string> expected;
        for (std::string word; in >> word;) expected.push_back(word);
        const auto words = split_words(text);
        EXPECT_EQ(std::vector<std::string>(words.begin(), words.end()), expected) << text;
        const std::string_view trimmed = trim(text);
        EXPECT_EQ(trimmed.empty(), expected.empty());
        if (!expected.empty()) {
            EXPECT_TRUE(trimmed.starts_with(expected.front())) << text;
            EXPECT_TRUE(trimmed.ends_with(expected.back())) << text;
        }
    }
}

TEST(TakeLineTest, LineEndsOfAllSystemsGiveTheSameLines) {
    RandomStream stream(3, Purpose::Test);
    for (int i = 0; i < 500; ++i) {
        std::vector<std::string> lines(1 + stream.below(5));
        for (std::string& line : lines) line = draw(stream, "ab ", 3);
        for (const std::string end : {"\n", "\r\n", "\r"}) {
            std::string text;
            for (const std::string& line : lines) text += line + end;
            std::string_view rest = text;
            std::vector<std::string> got;
            while (!rest.empty()) got.emplace_back(take_line(rest));
            EXPECT_EQ(got, lines);
        }
    }
}

/// Edit distance as it is defined.
std::size_t distance(std::string_view a, std::string_view b) {
    if (a.empty() || b.empty()) return std::max(a.size(), b.size());
    const std::size_t replaced = distance(a.substr(1), b.substr(1)) + (a[0] == b[0] ? 0 : 1);
    return std::min({replaced, distance(a.substr(1), b) + 1, distance(a, b.substr(1)) + 1});
}

TEST(NearestTest, IsTheFirstOfTheSmallestDistance) {
    RandomStream stream(4, Purpose::Test);
    for (int i = 0; i < 400; ++i) {
        const std::string word = draw(stream, "abc", 5);
        std::vector<std::string> candidates(1 + stream.below(4));
        for (std::string& candidate : candidates) candidate = draw(stream, "abc", 5);
        const auto best = *std::min_element(
            candidates.begin(), candidates.end(),
            [&](const auto& a, const auto& b) { return distance(word, a) < distance(word, b); });
        std::optional<std::string> expected = best;
        if (2 * distance(word, best) > std::max(word.size(), best.size())) expected.reset();
        EXPECT_EQ(nearest(word, candidates), expected) << word;
    }
}

TEST(PrintablePropertyTest, OfAnyBytesIsAsciiInOneLineAndNoLonger) {
    RandomStream stream(5, Purpose::Test);
    for (int i = 0; i < 2000; ++i) {
        std::string text(stream.below(12), ' ');
        for (char& letter : text)
            letter = static_cast<char>(stream.below(2) == 0 ? 'a' : stream.below(256));
        const auto most = static_cast<std::size_t>(stream.below(20));
        std::string whole;
        for (const char letter : text) {
            const auto byte = static_cast<unsigned char>(letter);
            whole += byte >= 32 && byte < 127 ? std::string(1, letter)
                                              : fmt::format("\\x{:02x}", unsigned{byte});
        }
        const std::string shown = printable(text, most);
        if (whole.size() <= most) {
            EXPECT_EQ(shown, whole);
            continue;
        }
        ASSERT_TRUE(shown.ends_with("...")) << shown;
        const std::string part = shown.substr(0, shown.size() - 3);
        EXPECT_LE(part.size(), most);
        EXPECT_GT(part.size() + 4, most) << "no room is left for what comes next";
        EXPECT_TRUE(whole.starts_with(part));
    }
}

TEST(PrintableTest, NoSpellingIsCutThrough) {
    EXPECT_EQ(printable("ab\n", 3), "ab...");
    EXPECT_EQ(printable("ab\n", 5), "ab...");
    EXPECT_EQ(printable("ab\n", 6), "ab\\x0a");
    EXPECT_EQ(printable("\n\n", 4), "\\x0a...");
    EXPECT_EQ(printable("a", 0), "...");
    EXPECT_EQ(printable("", 0), "");
}

TEST(HumanTest, ThePrefixChangesWhereThreeDigitsWouldRoundUp) {
    EXPECT_EQ(human(0, "B"), "0 B");
    EXPECT_EQ(human(999, "B"), "999 B");
    EXPECT_EQ(human(999.4, "B"), "999 B");
    EXPECT_EQ(human(999.5, "B"), "1 kB");
    EXPECT_EQ(human(999'499, "B"), "999 kB");
    EXPECT_EQ(human(999'500, "B"), "1 MB");
    EXPECT_EQ(human(-1500, "J"), "-1.5 kJ");
    EXPECT_EQ(human(0.25, "W"), "0.25 W");
    EXPECT_EQ(human(2.5e18, "FLOP"), "2.5 EFLOP");
}

TEST(HumanTest, SecondsGoOverToTheNextUnitWhereTheyWouldRoundToIt) {
    EXPECT_EQ(human_seconds(0), "0 ms");
    EXPECT_EQ(human_seconds(0.0123), "12.3 ms");
    EXPECT_EQ(human_seconds(0.9994), "999 ms");
    EXPECT_EQ(human_seconds(0.9996), "1 s");
    EXPECT_EQ(human_seconds(12.34), "12.3 s");
    EXPECT_EQ(human_seconds(59.94), "59.9 s");
    EXPECT_EQ(human_seconds(59.96), "1 min 00 s");
    EXPECT_EQ(human_seconds(3599.4), "59 min 59 s");
    EXPECT_EQ(human_seconds(3599.6), "1 h 00 min");
    EXPECT_EQ(human_seconds(100 * 3600 + 59), "100 h 00 min");
}

}  // namespace
}  // namespace mobi::test
