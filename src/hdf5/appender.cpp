// SPDX-License-Identifier: Apache-2.0
#include "hdf5/appender.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"

namespace mobi::record {

std::int64_t rows_per_chunk(std::size_t row_bytes, std::size_t target_bytes) {
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(target_bytes / row_bytes));
}

DataSet create_growing(hid_t file,
                       const std::string& path,
                       const DataType& type,
                       std::int64_t width,
                       std::int64_t chunk_rows) {
    const std::string what = fmt::format("create {}", path);
    const int dimensions = width == 0 ? 1 : 2;
    const auto columns = static_cast<hsize_t>(width);
    const std::array<hsize_t, 2> size{0, columns};
    const std::array<hsize_t, 2> limit{H5S_UNLIMITED, columns};
    const std::array<hsize_t, 2> chunk{static_cast<hsize_t>(chunk_rows), columns};
    const DataSpace space(H5Screate_simple(dimensions, size.data(), limit.data()), what);
    const PropertyList creation(H5Pcreate(H5P_DATASET_CREATE), what);
    check_hdf5(H5Pset_obj_track_times(creation.get(), false), what);
    check_hdf5(H5Pset_chunk(creation.get(), dimensions, chunk.data()), what);
    check_hdf5(H5Pset_fill_time(creation.get(), H5D_FILL_TIME_NEVER), what);
    return {H5Dcreate2(file, path.c_str(), type.get(), space.get(), H5P_DEFAULT, creation.get(),
                       H5P_DEFAULT),
            what};
}

Appender::Appender(hid_t file, std::string path)
    : path_(std::move(path)),
      dataset_(H5Dopen2(file, path_.c_str(), H5P_DEFAULT), fmt::format("open {}", path_)) {
    const DataType type(H5Dget_type(dataset_.get()), "read a type");
    const PropertyList creation(H5Dget_create_plist(dataset_.get()), "read a layout");
    std::array<hsize_t, 2> chunk{0, 1};
    dimensions_ = H5Pget_chunk(creation.get(), 2, chunk.data());
    check_hdf5(dimensions_, fmt::format("read the layout of {}", path_));
    width_ = chunk[1];
    chunk_rows_ = static_cast<std::int64_t>(chunk[0]);
    row_bytes_ = H5Tget_size(type.get()) * width_;
    chunk_bytes_ = row_bytes_ * chunk[0];
}

void Appender::append(std::span<const std::byte> rows) {
    MOBI_CHECK(rows.size() % row_bytes_ == 0, "{}: {} bytes are no whole rows of {}", path_,
               rows.size(), row_bytes_);
    if (rows.empty()) return;
    rows_ += static_cast<std::int64_t>(rows.size() / row_bytes_);
    while (!rows.empty()) {
        if (gathered_bytes_ == 0 && rows.size() >= chunk_bytes_) {  // needs no copy
            write_chunk(chunk_first_row_ + chunk_rows_, rows.first(chunk_bytes_));
            chunk_first_row_ += chunk_rows_;
            rows = rows.subspan(chunk_bytes_);
            continue;
        }
        gathered_.resize(chunk_bytes_);
        const std::size_t part = std::min(rows.size(), chunk_bytes_ - gathered_bytes_);
        std::memcpy(gathered_.data() + gathered_bytes_, rows.data(), part);
        gathered_bytes_ += part;
        rows = rows.subspan(part);
        dirty_ = true;
        if (gathered_bytes_ < chunk_bytes_) continue;
        write_chunk(chunk_first_row_ + chunk_rows_, gathered_);
        chunk_first_row_ += chunk_rows_;
        std::fill(gathered_.begin(), gathered_.end(), std::byte{0});
        gathered_bytes_ = 0;
        dirty_ = false;
    }
}

void Appender::flush() {
    if (!dirty_) return;
    write_chunk(rows_, gathered_);
    dirty_ = false;
}

void Appender::close() {
    flush();
    dataset_.close(fmt::format("close {}", path_));
}

void Appender::write_chunk(std::int64_t rows, std::span<const std::byte> chunk) {
    const std::string what = fmt::format("append rows to {}", path_);
    const std::array<hsize_t, 2> size{static_cast<hsize_t>(rows), width_};
    check_hdf5(H5Dset_extent(dataset_.get(), size.data()), what);
    const std::array<hsize_t, 2> offset{static_cast<hsize_t>(chunk_first_row_), 0};
    try {
        check_hdf5(H5Dwrite_chunk(dataset_.get(), H5P_DEFAULT, 0, offset.data(), chunk.size(),
                                  chunk.data()),
                   what);
    } catch (const RecordError&) {
        // On a full disk, what is in place of the chunk must not be taken for rows.
        const std::array<hsize_t, 2> stored{static_cast<hsize_t>(stored_rows_), width_};
        H5Dset_extent(dataset_.get(), stored.data());
        throw;
    }
    stored_rows_ = rows;
    written_bytes_ += static_cast<std::int64_t>(chunk.size());
}

}  // namespace mobi::record
