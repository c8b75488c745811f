// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace mobi {

/// The whole file, byte for byte.
///
/// \param expected  what a missing file should have been, for the message, e.g. "SST-2 is published
///                  as train.tsv and dev.tsv".  A file that a script of `data/` fetches names
///                  the script instead.
/// \param most      bytes.
/// \throws DataError  when the file is absent, unreadable, larger than `most`, of a format that
///                    foreign_format() recognises, or not a regular file: a folder, or a pipe,
///                    which would keep us until somebody writes to it.
std::string read_text_file(const std::filesystem::path& path,
                           std::string_view expected = {},
                           std::size_t most = std::size_t{1} << 30);

/// E.g. "data/fetch_wordnet.sh fetches it" for a path below `data/cache/wordnet`; empty when no
/// script fetches it.
std::string_view fetch_command(const std::filesystem::path& path);

}  // namespace mobi
