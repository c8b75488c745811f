#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/text/newer_characters.cpp: characters that Unicode gained after 15.0, as the tokenizers library has them.

Debian 12's ICU has Unicode 15.0, the library's regular expressions and Rust's lower case have later ones. Asked are
all characters that this Python's unicodedata does not know; it must not be newer than 15.0. Those that the ICU at
hand does know are not looked up in the table, so it may hold more than needed.

Needs the tokenizers library:  make_newer_characters.py > src/text/newer_characters.cpp
"""
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers

NEWER = [c for c in range(0x110000) if unicodedata.category(chr(c)) == "Cn"]


def matching(pattern):
    """Those of NEWER that a regular expression of the library matches."""
    found = []
    drop = normalizers.Replace(Regex(pattern), "")
    for start in range(0, len(NEWER), 4096):
        part = NEWER[start : start + 4096]
        left = set(drop.normalize_str("".join(map(chr, part))))
        found += [c for c in part if chr(c) not in left]
    return set(found)


def word_characters():
    """Those that keep a token that stands alone from being recognised: \\w of Rust's regular expressions."""
    tokenizer = Tokenizer(models.WordPiece({"?": 0}, unk_token="?"))
    tokenizer.add_tokens([AddedToken("x", single_word=True, normalized=False)])
    texts = [chr(c) + "x" for c in NEWER]
    found = set()
    for start in range(0, len(texts), 4096):
        for c, encoding in zip(NEWER[start:], tokenizer.encode_batch(texts[start : start + 4096])):
            if encoding.ids[-1] == 0:
                found.add(c)
    return found


def lower_cases():
    lower = normalizers.Lowercase()
    pairs = []
    for c in NEWER:
        text = lower.normalize_str(chr(c))
        if text != chr(c):
            assert len(text) == 1, hex(c)
            pairs.append((c, ord(text)))
    return pairs


def ranges(kinds):
    """Runs of neighbours of one kind."""
    runs = []
    for c, kind in sorted(kinds.items()):
        if runs and runs[-1][1] == c - 1 and runs[-1][2] == kind:
            runs[-1][1] = c
        else:
            runs.append([c, c, kind])
    return runs


def rows(cells, width=100):
    line = "    "
    for cell in cells:
        if len(line) + len(cell) + 1 > width:
            yield line.rstrip()
            line = "    "
        line += cell + " "
    yield line.rstrip()


def main():
    if tuple(map(int, unicodedata.unidata_version.split("."))) > (15, 0, 0):
        sys.exit(f"this Python has Unicode {unicodedata.unidata_version}; 15.0 or older is needed")
    letters, numbers, words = matching(r"\p{L}"), matching(r"\p{N}"), word_characters()
    kinds = {c: "|".join(name for name, members in (("kLetter", letters), ("kNumber", numbers), ("kWord", words))
                         if c in members) for c in letters | numbers | words}
    cells = [f"{{0x{first:X}, 0x{last:X}, {kind.replace('|', ' | ')}}}," for first, last, kind in ranges(kinds)]
    pairs = [f"{{0x{c:X}, 0x{lower:X}}}," for c, lower in lower_cases()]
    print(f"""// SPDX-License-Identifier: Apache-2.0
// Made by tests/golden/unicode/make_newer_characters.py of tokenizers {tokenizers.__version__}; not written by hand.
#include "text/newer_characters.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace mobi {{
namespace {{

constexpr auto kLetter = NewerCharacter::kLetter;
constexpr auto kNumber = NewerCharacter::kNumber;
constexpr auto kWord = NewerCharacter::kWord;

struct Range {{
    char32_t first, last;
    int traits;
}};

struct LowerCase {{
    char32_t capital, lower;
}};

// clang-format off
constexpr std::array kRanges = std::to_array<Range>({{""")
    print("\n".join(rows(cells)))
    print("""});

constexpr std::array kLowerCases = std::to_array<LowerCase>({""")
    print("\n".join(rows(pairs)))
    print("""});
// clang-format on

}  // namespace

int NewerCharacter::traits(char32_t c) {
    const auto after = std::upper_bound(
        kRanges.begin(), kRanges.end(), c,
        [](char32_t value, const Range& range) { return value < range.first; });
    if (after == kRanges.begin() || c > std::prev(after)->last) return 0;
    return std::prev(after)->traits;
}

char32_t NewerCharacter::lower_case(char32_t c) {
    const auto found = std::lower_bound(
        kLowerCases.begin(), kLowerCases.end(), c,
        [](const LowerCase& entry, char32_t value) { return entry.capital < value; });
    return found != kLowerCases.end() && found->capital == c ? found->lower : c;
}

}  // namespace mobi""")


if __name__ == "__main__":
    main()
