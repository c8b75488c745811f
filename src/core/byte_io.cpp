// SPDX-License-Identifier: Apache-2.0
#include "core/byte_io.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {

void ByteWriter::put_text(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    put_bytes(std::as_bytes(std::span(text)));
}

void ByteWriter::put_bytes(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

std::string ByteReader::get_text() {
    const auto size = get<std::uint32_t>();
    const auto bytes = take(size);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::byte> ByteReader::take(std::size_t count) {
    if (count > bytes_.size()) fail(count, 1);
    const auto taken = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return taken;
}

void ByteReader::finish() const {
    if (!bytes_.empty())
        throw TransportError(fmt::format("{}: {} bytes too many", what_, bytes_.size()));
}

void ByteReader::fail(std::size_t count, std::size_t width) const {
    throw TransportError(fmt::format("{}: cut short, {} values of {} bytes expected, {} bytes left",
                                     what_, count, width, bytes_.size()));
}

}  // namespace mobi
