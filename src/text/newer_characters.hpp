// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

/// What the tokenizers library 0.23 knows of characters that Unicode gained after 15.0, which is
/// what ICU 72 has.  Asked only where the ICU at hand has no such character.
struct NewerCharacter {
    static constexpr int kLetter = 1;  ///< `\p{L}`
    static constexpr int kNumber = 2;  ///< `\p{N}`
    static constexpr int kWord = 4;    ///< `\w`

    /// A sum of the above; 0 for every other character.
    static int traits(char32_t c);

    /// `c` itself where it has none.
    static char32_t lower_case(char32_t c);
};

}  // namespace mobi
