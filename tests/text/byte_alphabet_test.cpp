// SPDX-License-Identifier: Apache-2.0
#include "text/byte_alphabet.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mobi::test
