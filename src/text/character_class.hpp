// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace mobi {

/// What the splitting patterns of byte-pair tokenizers tell apart: `\p{L}`, `\p{N}`, `\s`, the
/// rest.
enum class CharacterClass : std::uint8_t { Other, Letter, Number, Space };

/// The class of a code point, by ICU; what Unicode gained after ICU 72's version 15.0 as the
/// tokenizers library 0.23 has it (text/newer_characters.hpp).  Compared over all 1,112,063 code
/// points but U+0000 (tests/scripts/compare_characters.py): equal.  Cost: a table look-up in the
/// basic plane.
CharacterClass class_of(char32_t c);

}  // namespace mobi
