// SPDX-License-Identifier: Apache-2.0
#include "text/newer_characters.hpp"

#include <string>

#include <gtest/gtest.h>
#include <unicode/uchar.h>

#include "text/bert_text.hpp"
#include "text/character_class.hpp"
#include "text/utf8.hpp"

namespace mobi::test {
namespace {

TEST(NewerCharactersTest, HasTheLettersAndNumbersAfterUnicode15) {
    EXPECT_EQ(NewerCharacter::traits(0x2EBF0), NewerCharacter::kLetter | NewerCharacter::kWord)
        << "15.1, an ideograph";
    EXPECT_EQ(NewerCharacter::traits(0x2EE5D), NewerCharacter::kLetter | NewerCharacter::kWord);
    EXPECT_EQ(NewerCharacter::traits(0x2EE5E), 0);
    EXPECT_EQ(NewerCharacter::traits(0x105C0), NewerCharacter::kLetter | NewerCharacter::kWord)
        << "16.0, Todhri";
    EXPECT_EQ(NewerCharacter::traits(0x10D40), NewerCharacter::kNumber | NewerCharacter::kWord);
    EXPECT_EQ(NewerCharacter::traits(0x0897), NewerCharacter::kWord) << "a mark";
    EXPECT_EQ(NewerCharacter::traits(U'a'), 0) << "not newer";
    EXPECT_EQ(NewerCharacter::traits(0x10FFFF), 0);
    EXPECT_EQ(NewerCharacter::lower_case(0x1C89), 0x1C8AU);
    EXPECT_EQ(NewerCharacter::lower_case(0x1C8A), 0x1C8AU);
}

// Whichever version ICU has, a newer character is of the class that the library gives it.
TEST(NewerCharactersTest, SplittersAndLowerCaseUseIt) {
    EXPECT_EQ(class_of(0x1C89), CharacterClass::Letter);
    EXPECT_EQ(class_of(0x105C0), CharacterClass::Letter);
    EXPECT_EQ(class_of(0x10D40), CharacterClass::Number);
    EXPECT_EQ(class_of(0x0897), CharacterClass::Other);
    std::string text;
    append_utf8(text, 0x1C89);
    std::string lower;
    BertText(BertTextOptions()).append(text, lower);
    std::size_t position = 0;
    EXPECT_EQ(next_character(lower, position), char32_t{0x1C8A});
}

TEST(NewerCharactersTest, IcuHasAtLeastUnicode15) {
    UVersionInfo version{};
    u_getUnicodeVersion(version);
    EXPECT_GE(version[0], 15) << "the table holds what came later only";
}

}  // namespace
}  // namespace mobi::test
