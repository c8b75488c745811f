// SPDX-License-Identifier: Apache-2.0
#include "data/utf8.hpp"

#include <array>
#include <cstdint>

#include <unicode/utf8.h>

namespace mobi {
namespace {

/// Steps over a character.  \return  its code point, negative when the bytes are not UTF-8
std::int32_t decode(std::string_view text, std::size_t& position) {
    std::int32_t code = 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    U8_NEXT(bytes, position, text.size(), code);
    return code;
}

}  // namespace

char32_t internal::next_beyond_ascii(std::string_view text, std::size_t& position) {
    const std::int32_t code = decode(text, position);
    return code < 0 ? U'\uFFFD' : static_cast<char32_t>(code);
}

void append_utf8(std::string& out, char32_t c) {
    std::array<std::uint8_t, 4> bytes{};
    std::size_t length = 0;
    U8_APPEND_UNSAFE(bytes, length, c);
    out.append(reinterpret_cast<const char*>(bytes.data()), length);
}

bool is_utf8(std::string_view text) {
    for (std::size_t i = 0; i < text.size();) {
        if (static_cast<unsigned char>(text[i]) < 0x80)
            ++i;
        else if (decode(text, i) < 0)
            return false;
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
