// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/rng.hpp"

namespace mobi::test {

/// Random text: words of the golden vocabularies, single bytes, code points of every plane,
/// surrogates and overlong forms.
inline std::string random_text(RandomStream& stream, std::size_t length) {
    static constexpr std::array<const char*, 7> words{"the", "phone", "[SEP]", "<mask>",
                                                      " ",   "\t",    "learns"};
    std::string text;
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    for (std::size_t i = 0; i < length; ++i) {
        const auto kind = stream.below(8);
        if (kind < 4) {
            text += words[stream.below(words.size())];
        } else if (kind < 5) {
            put(static_cast<std::uint32_t>(stream.below(256)));
        } else if (kind < 6) {
            const auto c = static_cast<std::uint32_t>(stream.below(0x800));
            put(0xC0 | (c >> 6));
            put(0x80 | (c & 0x3F));
        } else {
            const auto c = static_cast<std::uint32_t>(stream.below(kind == 6 ? 0x10000 : 0x110000));
            if (kind == 6)
                put(0xE0 | (c >> 12));
            else
                put(0xF0 | (c >> 18));
            if (kind == 7) put(0x80 | ((c >> 12) & 0x3F));
            put(0x80 | ((c >> 6) & 0x3F));
            put(0x80 | (c & 0x3F));
        }
    }
    return text;
}

}  // namespace mobi::test
