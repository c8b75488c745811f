// SPDX-License-Identifier: Apache-2.0
#include "text/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>
#include <unicode/utf8.h>

#include "core/error.hpp"
#include "core/text.hpp"

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
    std::string_view before = text.substr(0, position);
    // old Macs end lines in CR alone; beside LF it is a part of CRLF
    const char end = before.find('\n') == std::string_view::npos ? '\r' : '\n';
    return 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), end));
}

/// Bytes of 0x80 to 0x9F that Western texts of Windows have: euro, quotation marks, dashes, dots,
/// bullet, trade mark, ligatures.
constexpr std::string_view kWindowsSigns =
    "\x80\x82\x84\x85\x8B\x8C\x91\x92\x93\x94\x95\x96\x97\x99\x9B\x9C";

/// What the bytes beyond ASCII of a text look like that is not UTF-8.
struct HighBytes {
    std::size_t count = 0;
    std::size_t touching = 0;  ///< with another one beside it
    std::size_t utf8 = 0;      ///< characters that are UTF-8
    bool control = false;      ///< ASCII's control characters, NUL: no text at all
    bool windows = false;      ///< signs that Windows has and Latin-1 has not
    bool neither = false;      ///< bytes that neither has in Western text
};

HighBytes look_at(std::string_view text) {
    HighBytes found;
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t start = i;
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x80) {
            ++i;
            found.control |= byte == 0x7F || (byte < ' ' && (byte < '\t' || byte > '\r'));
            continue;
        }
        if (decode(text, i) >= 0) {
            ++found.utf8;
            continue;
        }
        i = start + 1;
        const auto is_high = [&](std::size_t place) {
            return place < text.size() && static_cast<unsigned char>(text[place]) >= 0x80;
        };
        ++found.count;
        if ((start > 0 && is_high(start - 1)) || is_high(start + 1)) ++found.touching;
        if (byte >= 0xA0) continue;
        const bool sign = kWindowsSigns.find(text[start]) != std::string_view::npos;
        (sign ? found.windows : found.neither) = true;
    }
    return found;
}

/// What to do about a text that is not UTF-8.
std::string_view remedy(std::string_view text) {
    const HighBytes found = look_at(text);
    if (found.control) return "it holds control characters too: is it text?";
    if (found.utf8 > found.count)
        return "the text is UTF-8 elsewhere: this line is damaged, or comes from another file";
    // letters beyond ASCII stand alone in Western words; in others they stand side by side
    if (found.neither || found.touching * 2 > found.count)
        return "convert it from the encoding it is in: iconv -f ENCODING -t utf-8";
    return found.windows ? "iconv -f cp1252 -t utf-8 converts Western text of Windows"
                         : "iconv -f latin1 -t utf-8 converts Latin-1";
}

[[noreturn]] void fail_utf8(std::string_view name, std::string_view text, std::size_t position) {
    const auto byte = static_cast<std::uint8_t>(text[position]);
    throw DataError(byte == 0 ? fmt::format("{}:{}: a NUL byte is not UTF-8 text", name,
                                            line_of(text, position))
                              : fmt::format("{}:{}: byte 0x{:02X} is not UTF-8 text ({})", name,
                                            line_of(text, position), byte, remedy(text)));
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
    text = without_byte_order_mark(text);
    for (std::size_t i = 0; i < text.size();) {
        const std::size_t start = i;
        const std::int32_t code = decode(text, i);
        if (code <= 0) fail_utf8(name, text, start);
    }
    return text;
}

}  // namespace mobi
