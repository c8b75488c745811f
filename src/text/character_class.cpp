// SPDX-License-Identifier: Apache-2.0
#include "text/character_class.hpp"

#include <array>
#include <cstddef>
#include <memory>

#include <unicode/uchar.h>

#include "text/newer_characters.hpp"

namespace mobi {
namespace {

CharacterClass class_of_newer(char32_t c) {
    const int traits = NewerCharacter::traits(c);
    if ((traits & NewerCharacter::kLetter) != 0) return CharacterClass::Letter;
    return (traits & NewerCharacter::kNumber) != 0 ? CharacterClass::Number : CharacterClass::Other;
}

CharacterClass find_class(char32_t c) {
    const auto code = static_cast<UChar32>(c);
    const std::uint32_t mask = U_GET_GC_MASK(code);
    if ((mask & U_GC_L_MASK) != 0) return CharacterClass::Letter;
    if ((mask & U_GC_N_MASK) != 0) return CharacterClass::Number;
    if ((mask & U_GC_CN_MASK) != 0) return class_of_newer(c);
    return u_isUWhiteSpace(code) != 0 ? CharacterClass::Space : CharacterClass::Other;
}

}  // namespace

CharacterClass class_of(char32_t c) {
    constexpr std::size_t plane = 0x10000;
    static const std::unique_ptr<const std::array<CharacterClass, plane>> table = [] {
        auto made = std::make_unique<std::array<CharacterClass, plane>>();
        for (std::size_t i = 0; i < plane; ++i) (*made)[i] = find_class(static_cast<char32_t>(i));
        return made;
    }();
    return c < plane ? (*table)[c] : find_class(c);
}

}  // namespace mobi
