// SPDX-License-Identifier: Apache-2.0
#include "text/utf8.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "text/random_text.hpp"

namespace mobi::test {
namespace {

using namespace std::string_view_literals;

std::string refusal(std::string_view text) {
    try {
        checked_utf8("t", text);
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(CheckedUtf8Test, TheConversionIsNamedWhereTheBytesTellIt) {
    EXPECT_EQ(refusal("text\tlabel\n\xE9t\xE9 fran\xE7"
                      "ais\tx\n"),
              "t:2: byte 0xE9 is not UTF-8 text (iconv -f latin1 -t utf-8 converts Latin-1)");
    EXPECT_EQ(refusal("he said \x93it\x92s fine\x94 \x96 caf\xE9\n"),
              "t:1: byte 0x93 is not UTF-8 text (iconv -f cp1252 -t utf-8 converts Western text of "
              "Windows)");
}

TEST(CheckedUtf8Test, NoConversionIsNamedThatWouldMakeGarbage) {
    const std::string_view other =
        " is not UTF-8 text (convert it from the encoding it is in: iconv -f ENCODING -t utf-8)";
    // "Privet, mir" in Windows-1251 and KOI8-R, "hello" in Shift JIS and GBK, Mac Roman's "ete"
    for (const std::string_view text :
         {"\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0\n"sv,
          "\xF0\xD2\xC9\xD7\xC5\xD4, \xCD\xC9\xD2\n"sv,
          "\x82\xB1\x82\xF1\x82\xC9\x82\xBF\x82\xCD\n"sv, "\xC4\xE3\xBA\xC3\n"sv, "\x8Et\x8E\r"sv})
        EXPECT_NE(refusal(text).find(other), std::string::npos) << refusal(text);
}

TEST(CheckedUtf8Test, WhatIsDamagedOrNoTextIsSaid) {
    EXPECT_EQ(
        refusal("\u4e2d\u6587\n\u00e9t\u00e9 \xE9\n"),
        "t:2: byte 0xE9 is not UTF-8 text (the text is UTF-8 elsewhere: this line is damaged, "
        "or comes from another file)");
    EXPECT_EQ(refusal("\x03\x01\xFF\x10\n"),
              "t:1: byte 0xFF is not UTF-8 text (it holds control characters too: is it text?)");
    EXPECT_EQ(refusal("a\rb\r\0"sv), "t:3: a NUL byte is not UTF-8 text");
    EXPECT_EQ(refusal("caf\u00e9\n"), "accepted");
}

/// Table 3-7 of the Unicode Standard, byte by byte: how many bytes of `text` belong together at
/// `start`, and the code point, negative where they are the beginning of nothing.
std::pair<std::size_t, std::int64_t> naive_decode(std::string_view text, std::size_t start) {
    const auto byte = [&](std::size_t i) -> unsigned {
        return start + i < text.size() ? static_cast<unsigned char>(text[start + i]) : 0U;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {1, lead};
    std::size_t length = 0;
    unsigned low = 0x80;
    unsigned high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) length = 2;
    if (lead >= 0xE0 && lead <= 0xEF) length = 3;
    if (lead >= 0xF0 && lead <= 0xF4) length = 4;
    if (length == 0) return {1, -1};
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
    std::int64_t code = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if (byte(i) < low || byte(i) > high) return {i, -1};  // what was right so far is one error
        code = code << 6 | (byte(i) & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    return {length, code};
}

TEST(Utf8Test, EveryCodePointIsReadBack) {
    for (char32_t c = 0; c < 0x110000; ++c) {
        if (c >= 0xD800 && c < 0xE000) continue;
        std::string text = "x";
        append_utf8(text, c);
        std::size_t position = 1;
        ASSERT_EQ(next_character(text, position), c);
        ASSERT_EQ(position, text.size());
        ASSERT_EQ(naive_decode(text, 1), std::pair(text.size() - 1, std::int64_t{c}));
    }
}

TEST(Utf8Test, AnyBytesAreReadAsTheStandardSays) {
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 20000; ++round) {
        std::string text = random_text(stream, stream.below(12));
        if (round % 2 == 0)  // bytes near the borders of the table
            for (auto count = stream.below(10); count > 0; --count)
                text += "\x7F\x80\x8F\x90\x9F\xA0\xBF\xC0\xC1\xC2\xDF\xE0\xEC\xED\xEE\xF0\xF4\xF5"
                    [stream.below(18)];
        bool valid = true;
        std::string replaced;
        for (std::size_t i = 0; i < text.size();) {
            const auto [bytes, code] = naive_decode(text, i);
            std::size_t position = i;
            ASSERT_EQ(next_character(text, position),
                      code < 0 ? U'\uFFFD' : static_cast<char32_t>(code));
            ASSERT_EQ(position, i + bytes);
            replaced += code < 0 ? "\uFFFD" : text.substr(i, bytes);
            valid &= code >= 0;
            i += bytes;
        }
        ASSERT_EQ(is_utf8(text), valid);
        ASSERT_EQ(replaced_utf8(text), replaced);
        ASSERT_TRUE(is_utf8(replaced));
    }
}

TEST(Utf8Test, TheFormsThatLookLikeUtf8AreNone) {
    for (const std::string_view text :
         {"\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x80\x80"sv, "\xE0\x9F\xBF"sv, "\xF0\x8F\xBF\xBF"sv,
          "\xED\xA0\x80"sv, "\xED\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF5\x80\x80\x80"sv, "\x80"sv,
          "\xFE"sv, "\xFF"sv, "a\xC3"sv, "\xE4\xB8"sv, "\xF0\x9F\x99"sv})
        EXPECT_FALSE(is_utf8(text));
    for (const std::string_view text :
         {""sv, "\0"sv, "\xC2\x80"sv, "\xE0\xA0\x80"sv, "\xED\x9F\xBF"sv, "\xEE\x80\x80"sv,
          "\xEF\xBF\xBF"sv, "\xF0\x90\x80\x80"sv, "\xF4\x8F\xBF\xBF"sv})
        EXPECT_TRUE(is_utf8(text));
}

TEST(CheckedUtf8Test, TheLineOfTheFirstWrongByteIsCounted) {
    RandomStream stream(2, Purpose::Test);
    for (int round = 0; round < 500; ++round) {
        const std::string end = std::array{"\n", "\r\n", "\r"}[stream.below(3)];
        std::string text;
        const auto lines = stream.below(6);
        for (std::uint64_t i = 0; i < lines; ++i)
            text += std::array{"", "a", "\u00E9t\u00E9", "\u4E2D"}[stream.below(4)] + end;
        EXPECT_EQ(checked_utf8("t", text), text);
        const std::string expected = "t:" + std::to_string(lines + 1) + ": byte 0xC3 is not";
        EXPECT_EQ(refusal(text + "x\xC3" + end + "\xFF").substr(0, expected.size()), expected);
    }
}

TEST(CheckedUtf8Test, AMarkOfItsOrderIsTakenAway) {
    EXPECT_EQ(checked_utf8("t", "\xEF\xBB\xBFtext"), "text");
    EXPECT_EQ(checked_utf8("t", "\xEF\xBB\xBF"), "");
    EXPECT_EQ(checked_utf8("t", ""), "");
    EXPECT_EQ(checked_utf8("t", "text\uFEFF"), "text\uFEFF") << "only in front";
    for (const std::string_view text : {"\xFF\xFEt\0"sv, "\xFE\xFF\0t"sv})
        EXPECT_EQ(refusal(text),
                  "t:1: is UTF-16; UTF-8 is read (iconv -f utf-16 -t utf-8 converts "
                  "it)");
}

}  // namespace
}  // namespace mobi::test
