// SPDX-License-Identifier: Apache-2.0
#include "text/byte_alphabet.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "text/utf8.hpp"

namespace mobi::test {
namespace {

TEST(ByteAlphabetTest, SpellsEveryByteOnce) {
    std::set<std::string> bytes;
    for (char32_t c = 0; c < 0x3000; ++c) {
        std::string character;
        append_utf8(character, c);
        if (const auto found = bytes_of_spelling(character)) {
            EXPECT_EQ(found->size(), 1U);
            EXPECT_TRUE(bytes.insert(*found).second) << "a second spelling of one byte";
        }
    }
    EXPECT_EQ(bytes.size(), 256U);
}

TEST(ByteAlphabetTest, KnowsThePublishedSpellings) {
    EXPECT_EQ(bytes_of_spelling("Az~!"), "Az~!");
    EXPECT_EQ(bytes_of_spelling("\u0120the\u010A"), " the\n");
    EXPECT_EQ(bytes_of_spelling("\u0100\u0121\u0142\u0143"), std::string("\0\x7F\xA0\xAD", 4));
    EXPECT_EQ(bytes_of_spelling("\u00C3\u00A9"), "\u00E9") << "the two bytes of U+00E9";
    EXPECT_EQ(bytes_of_spelling(""), "");
}

TEST(ByteAlphabetTest, HasNoOtherCharacters) {
    for (const char* piece :
         {" ", "a b", "\n", "\u00A0", "\u00AD", "\u0144", "\u4E2D", "\U0001F642"})
        EXPECT_FALSE(bytes_of_spelling(piece)) << piece;
}

/// `bytes_to_unicode` of GPT-2's encoder.py, line by line.
std::map<char32_t, char> published_alphabet() {
    std::vector<int> bs;
    for (int b = '!'; b <= '~'; ++b) bs.push_back(b);
    for (int b = 0xA1; b <= 0xAC; ++b) bs.push_back(b);
    for (int b = 0xAE; b <= 0xFF; ++b) bs.push_back(b);
    std::vector<int> cs = bs;
    int n = 0;
    for (int b = 0; b < 256; ++b)
        if (std::find(bs.begin(), bs.end(), b) == bs.end()) {
            bs.push_back(b);
            cs.push_back(256 + n++);
        }
    std::map<char32_t, char> byte_of;
    for (std::size_t i = 0; i < bs.size(); ++i)
        byte_of[static_cast<char32_t>(cs[i])] = static_cast<char>(bs[i]);
    return byte_of;
}

TEST(ByteAlphabetTest, IsThePublishedOne) {
    const auto byte_of = published_alphabet();
    ASSERT_EQ(byte_of.size(), 256U);
    for (char32_t c = 0; c < 0x110000; ++c) {
        if (c >= 0xD800 && c < 0xE000) continue;
        std::string character;
        append_utf8(character, c);
        const auto bytes = bytes_of_spelling(character);
        const auto expected = byte_of.find(c);
        ASSERT_EQ(bytes.has_value(), expected != byte_of.end());
        if (bytes) {
            ASSERT_EQ(*bytes, std::string(1, expected->second));
        }
    }
}

TEST(ByteAlphabetTest, RandomBytesAreSpelledAndReadBack) {
    std::map<char, char32_t> spelling;
    for (const auto& [c, byte] : published_alphabet()) spelling[byte] = c;
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 1000; ++round) {
        std::string bytes, piece;
        for (auto length = stream.below(20); length > 0; --length) {
            bytes += static_cast<char>(stream.below(256));
            append_utf8(piece, spelling.at(bytes.back()));
        }
        ASSERT_EQ(bytes_of_spelling(piece), bytes);
        ASSERT_FALSE(bytes_of_spelling(piece + " "));  // one wrong character is enough
        ASSERT_FALSE(bytes_of_spelling("\xFF" + piece));
    }
}

}  // namespace
}  // namespace mobi::test
