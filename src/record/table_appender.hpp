// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "hdf5/appender.hpp"
#include "schema/table.hpp"

namespace mobi::record {

/// An Appender that takes row structs.
class TableAppender {
  public:
    TableAppender(hid_t file, const Table& table)
        : table_(&table), appender_(file, std::string(table.path)) {}

    template <typename Row>
    void append(std::span<const Row> rows) {
        append_structs(std::as_bytes(rows));
    }
    void flush() { appender_.flush(); }
    void close() { appender_.close(); }
    const Table& table() const noexcept { return *table_; }
    std::int64_t rows() const noexcept { return appender_.rows(); }
    std::int64_t written_bytes() const noexcept { return appender_.written_bytes(); }

  private:
    void append_structs(std::span<const std::byte> rows);

    const Table* table_;
    Appender appender_;
    std::vector<std::byte> packed_;
};

}  // namespace mobi::record
