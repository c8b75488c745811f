// SPDX-License-Identifier: Apache-2.0
#include "hdf5/stored_array.hpp"

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"

namespace mobi::record {
namespace {

DataSet open_dataset(hid_t file, const std::string& path, const std::string& what) {
    prepare_hdf5();  // the caller's thread may not be the one that opened the file
    const hid_t dataset = H5Dopen2(file, path.c_str(), H5P_DEFAULT);
    if (dataset < 0) throw DataError(what + " is not there");
    return {dataset, what};
}

}  // namespace

StoredArray::StoredArray(hid_t file, const std::string& path, const std::string& file_name)
    : what_(fmt::format("{}: {}", file_name, path)),
      dataset_(open_dataset(file, path, what_)),
      type_(H5Dget_type(dataset_.get()), what_) {
    const DataSpace space(H5Dget_space(dataset_.get()), what_);
    const int dimensions = H5Sget_simple_extent_ndims(space.get());
    check_hdf5(dimensions, what_);
    std::vector<hsize_t> size(static_cast<std::size_t>(dimensions));
    check_hdf5(H5Sget_simple_extent_dims(space.get(), size.data(), nullptr), what_);
    shape_.assign(size.begin(), size.end());
    // by division, so that a lying shape cannot overflow the product
    hsize_t room = H5Dget_storage_size(dataset_.get()) / H5Tget_size(type_.get());
    for (const hsize_t length : size) {
        if (length > room)
            throw DataError(what_ + " is longer than what is stored: the file is damaged");
        if (length > 0) room /= length;
        if (length == 0) break;
    }
    for (std::size_t i = 1; i < shape_.size(); ++i)  // of no rows, the check above says nothing
        if (__builtin_mul_overflow(row_elements_, shape_[i], &row_elements_))
            throw DataError(what_ + " has longer rows than any file: the file is damaged");
}

void StoredArray::expect_row(std::int64_t elements, std::size_t bytes) const {
    if (row_elements_ != elements || H5Tget_size(type_.get()) != bytes)
        throw DataError(fmt::format("{}: a row of {} x {} bytes, expected {} x {}", what_,
                                    row_elements_, H5Tget_size(type_.get()), elements, bytes));
}

void StoredArray::read(hid_t memory_type, std::int64_t first, std::int64_t count, void* out) const {
    MOBI_CHECK(first >= 0 && count >= 0 && first + count <= rows(), "rows {} + {} of {}", first,
               count, rows());
    if (count == 0 || row_elements_ == 0) return;
    const std::string what = "read " + what_;
    if (shape_.empty()) {
        check_hdf5(H5Dread(dataset_.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out), what);
        return;
    }
    std::vector<hsize_t> start(shape_.size(), 0);
    std::vector<hsize_t> size(shape_.begin(), shape_.end());
    start[0] = static_cast<hsize_t>(first);
    size[0] = static_cast<hsize_t>(count);
    const DataSpace file_space(H5Dget_space(dataset_.get()), what);
    check_hdf5(H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr,
                                   size.data(), nullptr),
               what);
    const DataSpace memory(H5Screate_simple(static_cast<int>(size.size()), size.data(), nullptr),
                           what);
    check_hdf5(
        H5Dread(dataset_.get(), memory_type, memory.get(), file_space.get(), H5P_DEFAULT, out),
        what);
}

}  // namespace mobi::record
