// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hdf5/handle.hpp"

namespace mobi::record {

/// Creates an empty dataset that grows by rows: chunked, unfiltered, without time stamps.
///
/// \param path   its parents exist.
/// \param type   of one element
/// \param width  elements of a row; 0: one element a row, the dataset has one dimension.
/// \param chunk_rows  rows of a chunk.
DataSet create_growing(hid_t file,
                       const std::string& path,
                       const DataType& type,
                       std::int64_t width,
                       std::int64_t chunk_rows);

/// Rows of `row_bytes` in a chunk of about `target_bytes`; at least one.
std::int64_t rows_per_chunk(std::size_t row_bytes, std::size_t target_bytes);

/// Appends rows to a dataset of create_growing(), whole chunks at a time.
///
/// Rows gather in memory until their chunk is full, then the chunk goes straight to the file,
/// past the library's conversion, cache and filters (H5Dwrite_chunk).  flush() writes the chunk
/// that is not full yet, too; it is written again when more rows have come.  Such a chunk is only
/// ever extended, so that a concurrent reader sees the same bytes in the rows it knows of.
///
/// Not thread-safe.
class Appender {
  public:
    /// Opens `path`, which must be empty.
    Appender(hid_t file, std::string path);

    /// \param rows  whole rows, as they are stored.
    void append(std::span<const std::byte> rows);

    /// Hands what has gathered to the library; H5Fflush() brings it to the disk.
    void flush();

    /// flush(), then closes the dataset and reports failure.
    void close();

    std::size_t row_bytes() const noexcept { return row_bytes_; }
    std::int64_t rows() const noexcept { return rows_; }
    /// Bytes handed to the library so far, repeats included.
    std::int64_t written_bytes() const noexcept { return written_bytes_; }

  private:
    /// Makes the dataset `rows` long and writes the chunk that begins at chunk_first_row_.
    void write_chunk(std::int64_t rows, std::span<const std::byte> chunk);

    std::string path_;
    DataSet dataset_;
    int dimensions_ = 1;
    hsize_t width_ = 1;
    std::size_t row_bytes_ = 0;
    std::size_t chunk_bytes_ = 0;
    std::int64_t chunk_rows_ = 0;
    std::int64_t rows_ = 0;
    std::int64_t stored_rows_ = 0;      // of them, in the file
    std::int64_t chunk_first_row_ = 0;  // of the chunk in `gathered_`
    std::size_t gathered_bytes_ = 0;
    bool dirty_ = false;
    std::vector<std::byte>
        gathered_;  // one chunk, zero where no row is yet; empty before the first
    std::int64_t written_bytes_ = 0;
};

}  // namespace mobi::record
