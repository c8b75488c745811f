// SPDX-License-Identifier: Apache-2.0
// Fuzz target of decode_packet().  The first five bytes choose the layout, the rest is the message.
// Either it is refused with a TransportError, or it is exactly what encode_packet() would write.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/error.hpp"
#include "wire/packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 5) return 0;
    mobi::PacketLayout layout;
    layout.dtype = static_cast<mobi::Precision>(data[0] % 5);
    layout.taps = 1 + data[1] % 4;
    layout.width = 1 + data[2] % 9;
    layout.classes = 1 + data[3] % 4;
    layout.labels = layout.classes > 1 && data[4] % 2 == 1;
    const auto message = std::as_bytes(std::span(data, size)).subspan(5);
    try {
        const mobi::Packet packet = mobi::decode_packet(message, layout);
        const mobi::Bytes again = mobi::encode_packet(packet, layout);
        if (!std::equal(again.begin(), again.end(), message.begin(), message.end())) std::abort();
    } catch (const mobi::TransportError&) {
        return 0;  // refused, as it should be
    }
    return 0;
}
