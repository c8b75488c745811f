// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mobi {

/// `text` without blanks, tabs and line ends at either end.
std::string_view trim(std::string_view text);

/// Splits at every `separator`; n separators give n + 1 fields.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Cuts the first line off `rest` and gives it without its end, which is LF, CRLF or, as on old
/// Macs, CR alone.
std::string_view take_line(std::string_view& rest);

/// `text` without the byte-order mark that some editors put before UTF-8.
std::string_view without_byte_order_mark(std::string_view text);

/// The words between blanks; none is empty.
std::vector<std::string_view> split_words(std::string_view text);

/// The candidate with the smallest edit distance to `word`, for "did you mean"; nothing when even
/// the nearest differs in more than half of its letters.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Whether there is no control character in it, such as a line end.
bool is_one_line(std::string_view text);

/// What a stranger's file holds, for an error's one line: control characters and bytes that are not
/// ASCII as `\xNN`, and no more than `most` characters, then `...`.
std::string printable(std::string_view text, std::size_t most = 80);

/// The same for text that is known to be UTF-8: only control characters are spelt `\xNN`, and what
/// is cut off is whole characters, so that people recognise their own words.
std::string printable_utf8(std::string_view text, std::size_t most = 80);

/// A number for people, with a power-of-1000 prefix: `human(1234567, "B")` = `"1.23 MB"`.
std::string human(double value, std::string_view unit);

/// Seconds for people: `"850 ms"`, `"12.3 s"`, `"4 min 05 s"`, `"2 h 03 min"`.
std::string human_seconds(double seconds);

}  // namespace mobi
