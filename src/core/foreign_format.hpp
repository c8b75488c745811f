// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace mobi {

/// As many first bytes as foreign_format() looks at.
inline constexpr std::size_t foreign_format_bytes = 512;

/// What a file is and what its owner can do about it, for a message.
struct ForeignFormat {
    std::string_view is;      ///< e.g. "gzip"
    std::string_view remedy;  ///< e.g. "'gunzip < FILE > NEW' unpacks it"
};

/// Recognises a file of a format that this program never reads by its first bytes: a Git LFS
/// pointer, a page of HTML, an archive (gzip, zip, bzip2, xz, zstd, lz4, 7z, RAR), a table of
/// another program (parquet, Arrow, ORC, HDF5, SQLite, NumPy, Excel), a pickle, XML, RTF, a PDF, or
/// text in UTF-16 or UTF-32.
///
/// Names lie: a download may have saved the error page, and `git clone` without Git LFS leaves a
/// pointer of 130 bytes under the name of the weights.  What the bytes of such a file break first
/// (a header length, a letter that is no UTF-8) says nothing about what is wrong.
///
/// \param first  the first bytes of the file; foreign_format_bytes of them, fewer when it is
///               shorter.
/// \return       nothing when the bytes may be what they should be.
std::optional<ForeignFormat> foreign_format(std::string_view first);

/// "PATH: is gzip, not WANTED: 'gunzip < FILE > NEW' unpacks it".
///
/// \param wanted  what the file should be, e.g. "text" or "a safetensors file".
std::string foreign_format_message(const std::filesystem::path& path,
                                   const ForeignFormat& format,
                                   std::string_view wanted);

}  // namespace mobi
