// SPDX-License-Identifier: Apache-2.0
#include "data/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>
#include <unicode/utf8.h>

#include "core/error.hpp"

namespace mobi {
namespace {

/// Steps over a character.  \return  its code point, negative when the bytes are not UTF-8
std::int32_t decode(std::string_view text, std::size_t& position) {
    std::int32_t code = 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    U8_NEXT(bytes, position, text.size(), code);
    return code;
}

std::size_t line_of(std::string_view text, std::size_t position) {
    return 1 + static_cast<std::size_t>(std::count(
                   text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
}

[[noreturn]] void fail_utf8(std::string_view name, std::string_view text, std::size_t position) {
    const auto byte = static_cast<std::uint8_t>(text[position]);
    throw DataError(
        byte == 0
            ? fmt::format("{}:{}: a NUL byte is not UTF-8 text", name, line_of(text, position))
            : fmt::format("{}:{}: byte 0x{:02X} is not UTF-8 text (iconv -f latin1 -t utf-8 "
                          "converts Latin-1)",
                          name, line_of(text, position), byte));
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

std::string_view checked_utf8(std::string_view name, std::string_view text) {
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
        throw DataError(fmt::format(
            "{}:1: is UTF-16; UTF-8 is read (iconv -f utf-16 -t utf-8 converts it)", name));
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t start = i;
        const std::int32_t code = decode(text, i);
        if (code <= 0) fail_utf8(name, text, start);
    }
    return text;
}

}  // namespace mobi
