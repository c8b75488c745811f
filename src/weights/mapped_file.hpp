// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace mobi {

/// A range of memory that is a file, or that only looks like one.
class MappedFile {
  public:
    /// Maps a whole file read-only.  The pages are the page cache's: every process that maps the
    /// same file shares one copy.
    /// \throws DataError  when the file is missing or unreadable.
    static MappedFile open(const std::filesystem::path& path);

    /// Creates (or empties) a file of `size` bytes, all zero, and maps it for writing.  The disk
    /// space is reserved first, so that a full disk is an error here and not a signal later.
    /// \throws DataError  when it cannot be created.
    static MappedFile create(const std::filesystem::path& path, std::size_t size);

    /// Private memory without a file, zero, aligned to a page.
    static MappedFile anonymous(std::size_t size);

    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    ~MappedFile();

    std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }

    /// \pre made by create() or anonymous()
    std::span<std::byte> writable_bytes();

    /// Returns when what was written is on the disk.  \pre made by create()
    /// \throws DataError
    void sync(const std::filesystem::path& path);

  private:
    MappedFile() = default;

    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    bool writable_ = false;
};

}  // namespace mobi
