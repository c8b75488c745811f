// SPDX-License-Identifier: Apache-2.0
#include "record/table_appender.hpp"

#include <algorithm>

namespace mobi::record {

void TableAppender::append_structs(std::span<const std::byte> rows) {
    constexpr std::size_t kRowsAtOnce = 4096;
    while (!rows.empty()) {
        const auto part = rows.first(std::min(rows.size(), kRowsAtOnce * table_->row_bytes));
        packed_.resize(part.size() / table_->row_bytes * appender_.row_bytes());
        pack_rows(*table_, part, packed_);
        appender_.append(packed_);
        rows = rows.subspan(part.size());
    }
}

}  // namespace mobi::record
