// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mobi {

/// The bytes that a piece of a byte-level vocabulary stands for.  Such vocabularies spell each byte
/// as one printable character: `!` to `~`, U+00A1 to U+00AC and U+00AE to U+00FF as themselves, the
/// other 68 as U+0100, U+0101 ... in order, so that a blank is U+0120.
/// Source: GPT-2, `bytes_to_unicode` of https://github.com/openai/gpt-2/blob/master/src/encoder.py
///
/// \return  nothing when a character is not of that alphabet: no text can become the piece.
std::optional<std::string> bytes_of_spelling(std::string_view piece);

}  // namespace mobi
