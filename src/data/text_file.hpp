// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace mobi {

/// The whole file, byte for byte.
///
/// \param expected  what a missing file should have been, for the message, e.g. "SST-2 is published
///                  as train.tsv and dev.tsv".  A file that a script of `data/` fetches names
///                  the script instead.
/// \throws DataError  when the file is absent, a folder or unreadable.
std::string read_text_file(const std::filesystem::path& path, std::string_view expected = {});

/// E.g. "data/fetch_wordnet.sh fetches it" for a path below `data/cache/wordnet`; empty when no
/// script fetches it.
std::string_view fetch_command(const std::filesystem::path& path);

/// `text` without a UTF-8 byte-order mark.
/// \throws DataError  `name:line: ...` at the first byte that is not UTF-8, a NUL byte, or a UTF-16
///                    byte-order mark.
std::string_view checked_utf8(std::string_view name, std::string_view text);

}  // namespace mobi
