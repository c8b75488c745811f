// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hdf5/handle.hpp"

namespace mobi::record {

/// A dataset opened for reading whose claims are checked before memory is reserved for them.
class StoredArray {
  public:
    /// \param file_name  for messages, e.g. `"run file 'a.h5'"`.
    /// \throws DataError  when there is no such dataset, or its shape claims more than is stored.
    StoredArray(hid_t file, const std::string& path, const std::string& file_name);

    hid_t dataset() const noexcept { return dataset_.get(); }
    hid_t type() const noexcept { return type_.get(); }
    const std::vector<std::int64_t>& shape() const noexcept { return shape_; }
    /// Extent of the first dimension; 1 for a scalar.
    std::int64_t rows() const noexcept { return shape_.empty() ? 1 : shape_.front(); }
    /// Elements of a row.
    std::int64_t row_elements() const noexcept { return row_elements_; }

    /// \throws DataError  unless a row has `elements` elements of `bytes` bytes each.
    void expect_row(std::int64_t elements, std::size_t bytes) const;

    /// Reads rows first .. first + count - 1 as `memory_type` into `out`.
    void read(hid_t memory_type, std::int64_t first, std::int64_t count, void* out) const;

    /// The rows as numbers.  \param memory_type  of T
    template <typename T>
    std::vector<T> read_rows(hid_t memory_type, std::int64_t first, std::int64_t count) const {
        std::vector<T> values(static_cast<std::size_t>(count * row_elements_));
        read(memory_type, first, count, values.data());
        return values;
    }
    template <typename T>
    std::vector<T> read_all(hid_t memory_type) const {
        return read_rows<T>(memory_type, 0, rows());
    }

    /// File and path, for messages.
    const std::string& what() const noexcept { return what_; }

  private:
    std::string what_;
    DataSet dataset_;
    DataType type_;
    std::vector<std::int64_t> shape_;
    std::int64_t row_elements_ = 1;
};

}  // namespace mobi::record
