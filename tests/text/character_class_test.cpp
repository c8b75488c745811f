// SPDX-License-Identifier: Apache-2.0
#include "text/character_class.hpp"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>
#include <unicode/uchar.h>

#include "text/newer_characters.hpp"

namespace mobi::test {
namespace {

/// The class by the letters of the general category, and the white space of the standard.
CharacterClass naive_class(char32_t c) {
    switch (u_charType(static_cast<UChar32>(c))) {
        case U_UPPERCASE_LETTER:
        case U_LOWERCASE_LETTER:
        case U_TITLECASE_LETTER:
        case U_MODIFIER_LETTER:
        case U_OTHER_LETTER:
            return CharacterClass::Letter;
        case U_DECIMAL_DIGIT_NUMBER:
        case U_LETTER_NUMBER:
        case U_OTHER_NUMBER:
            return CharacterClass::Number;
        default:
            break;
    }
    // PropList.txt, White_Space: the same since Unicode 6.3
    const bool space = (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 ||
                       c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
                       c == 0x202F || c == 0x205F || c == 0x3000;
    return space ? CharacterClass::Space : CharacterClass::Other;
}

TEST(ClassOfTest, EveryAssignedCharacterIsOfItsCategory) {
    for (char32_t c = 0; c < 0x110000; ++c) {
        if (u_charType(static_cast<UChar32>(c)) == U_UNASSIGNED) continue;
        ASSERT_EQ(class_of(c), naive_class(c)) << static_cast<std::uint32_t>(c);
    }
}

TEST(ClassOfTest, EveryUnassignedOneIsAsTheTableOfNewerOnesSays) {
    for (char32_t c = 0; c < 0x110000; ++c) {
        if (u_charType(static_cast<UChar32>(c)) != U_UNASSIGNED) continue;
        const int traits = NewerCharacter::traits(c);
        const CharacterClass expected =
            (traits & NewerCharacter::kLetter) != 0   ? CharacterClass::Letter
            : (traits & NewerCharacter::kNumber) != 0 ? CharacterClass::Number
                                                      : CharacterClass::Other;
        ASSERT_EQ(class_of(c), expected) << static_cast<std::uint32_t>(c);
    }
}

TEST(NewerCharacterTableTest, ItsRangesHoldTogether) {
    int letters = 0;
    for (char32_t c = 0; c < 0x110000; ++c) {
        const int traits = NewerCharacter::traits(c);
        EXPECT_EQ(
            traits & ~(NewerCharacter::kLetter | NewerCharacter::kNumber | NewerCharacter::kWord),
            0);
        // a letter is a word character and no number
        if ((traits & NewerCharacter::kLetter) != 0) {
            EXPECT_EQ(traits, NewerCharacter::kLetter | NewerCharacter::kWord);
            ++letters;
        }
        const char32_t lower = NewerCharacter::lower_case(c);
        EXPECT_EQ(NewerCharacter::lower_case(lower), lower) << static_cast<std::uint32_t>(c);
    }
    EXPECT_GT(letters, 5000);  // two planes of ideographs among them
}

}  // namespace
}  // namespace mobi::test
