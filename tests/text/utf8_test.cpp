// SPDX-License-Identifier: Apache-2.0
#include "text/utf8.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/error.hpp"

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

}  // namespace
}  // namespace mobi::test
