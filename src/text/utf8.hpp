// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mobi {

namespace internal {
char32_t next_beyond_ascii(std::string_view text, std::size_t& position);
}  // namespace internal

/// Decodes the character at `position` and steps over it; a byte sequence that is not UTF-8 gives
/// U+FFFD.  \pre position < text.size()
inline char32_t next_character(std::string_view text, std::size_t& position) {
    const auto byte = static_cast<unsigned char>(text[position]);
    if (byte >= 0x80) return internal::next_beyond_ascii(text, position);
    ++position;
    return byte;
}

/// \pre c is a code point and no surrogate
void append_utf8(std::string& out, char32_t c);

bool is_utf8(std::string_view text);

/// `text` with U+FFFD for whatever is not UTF-8.
std::string replaced_utf8(std::string_view text);

/// `text` without a UTF-8 byte-order mark.
/// \throws DataError  `name:line: ...` at the first byte that is not UTF-8, a NUL byte, or a UTF-16
///                    byte-order mark.  Says how to convert the text only where its bytes tell the
///                    encoding: another one would make it garbage that nobody notices.
std::string_view checked_utf8(std::string_view name, std::string_view text);

}  // namespace mobi
