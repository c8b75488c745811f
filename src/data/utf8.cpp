// SPDX-License-Identifier: Apache-2.0
#include "data/utf8.hpp"

#include <array>
#include <cstdint>

#include <unicode/utf8.h>

namespace mobi {

char32_t internal::next_beyond_ascii(std::string_view text, std::size_t& position) {
    std::int32_t code = 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    U8_NEXT_OR_FFFD(bytes, position, text.size(), code);
    return static_cast<char32_t>(code);
}

void append_utf8(std::string& out, char32_t c) {
    std::array<std::uint8_t, 4> bytes{};
    std::size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, c);
    out.append(reinterpret_cast<const char*>(bytes.data()), length);
}

bool is_utf8(std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    for (std::size_t i = 0; i < text.size();) {
        if (bytes[i] < 0x80) {
            ++i;
            continue;
        }
        std::int32_t code = 0;
        U8_NEXT(bytes, i, text.size(), code);
        if (code < 0) return false;
    }
    return true;
}

std::string replaced_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size();) append_utf8(out, next_character(text, i));
    return out;
}

}  // namespace mobi
