// SPDX-License-Identifier: Apache-2.0
#include "messages/bundle.hpp"

#include <cstdint>
#include <utility>

namespace mobi {

void Bundle::add(std::span<const std::byte> packet) {
    if (bytes_.empty()) bytes_.reserve(kBytes + kAlone);
    const auto size = static_cast<std::uint32_t>(packet.size());
    const auto head = std::as_bytes(std::span(&size, 1));
    bytes_.insert(bytes_.end(), head.begin(), head.end());
    bytes_.insert(bytes_.end(), packet.begin(), packet.end());
}

Bytes Bundle::take() {
    return std::exchange(bytes_, {});
}

void for_each_packet(std::span<const std::byte> bundle,
                     const std::function<void(std::span<const std::byte>)>& take) {
    ByteReader reader(bundle, "bundle");
    while (reader.remaining() > 0) {
        const auto size = reader.get<std::uint32_t>();
        take(reader.take(size));
    }
}

}  // namespace mobi
