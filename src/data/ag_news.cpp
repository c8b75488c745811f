// SPDX-License-Identifier: Apache-2.0
#include "data/ag_news.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace mobi {
namespace {

// Windows-1252 of 0x80 ... 0x9F, as HTML reads such numbers; 0 = not assigned.
constexpr std::array<std::uint16_t, 32> kWindows1252{
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

constexpr std::array<std::pair<std::string_view, std::uint32_t>, 6> kNames{
    {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}}};

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

// The code point of `lt` or `#39`; 0 when the name means nothing.
std::uint32_t referenced(std::string_view name) {
    if (!name.starts_with('#')) {
        for (const auto& [known, code] : kNames)
            if (name == known) return code;
        return 0;
    }
    std::uint32_t code = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + 1, end, code);
    if (error != std::errc() || stop != end) return 0;
    if (code >= 0x80 && code < 0xA0) return kWindows1252[code - 0x80];
    if (code == 160) return ' ';
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    return code < 0x20 || code > 0x10FFFF || surrogate ? 0 : code;
}

}  // namespace

std::string decode_ag_news(std::string_view text) {
    constexpr std::size_t longest = 8;  // "#1114111"
    std::string out;
    out.reserve(text.size());
    bool starts =
        true;  // a reference without its `&` is one at the start, after a blank or a break
    for (std::size_t i = 0; i < text.size();) {
        const char letter = text[i];
        const bool marked = letter == '&' || letter == ' ';
        const std::size_t from = marked ? i + 1 : i;
        const std::size_t end = text.substr(0, from + longest + 1).find(';', from);
        const std::uint32_t code = (marked || starts) && end != std::string_view::npos
                                       ? referenced(text.substr(from, end - from))
                                       : 0;
        if (code != 0) {
            append_utf8(out, code);
            i = end + 1;
            starts = false;
            continue;
        }
        starts = letter == '\\';
        out += starts ? ' ' : letter;
        ++i;
    }
    return out;
}

}  // namespace mobi
