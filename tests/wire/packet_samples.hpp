// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/rng.hpp"
#include "wire/codec.hpp"
#include "wire/packet.hpp"

namespace mobi::test {

inline constexpr Precision kPrecisions[] = {Precision::Fp32, Precision::Fp16, Precision::Bf16,
                                            Precision::Int8, Precision::Int4};

/// A packet of `samples` random samples that fits `layout`.
inline Packet random_packet(const PacketLayout& layout, std::size_t samples, std::uint64_t index) {
    RandomStream stream(2, Purpose::Test, index);
    Packet packet;
    packet.device = static_cast<std::int32_t>(stream.below(100000));
    packet.backbone = static_cast<std::int32_t>(stream.below(3));
    packet.packet = static_cast<std::int32_t>(stream.below(1000));
    const auto width = static_cast<std::size_t>(layout.width);
    const std::size_t vectors = static_cast<std::size_t>(layout.taps) * samples;
    std::vector<float> rows(vectors * width);
    for (float& value : rows) value = static_cast<float>(stream.normal());
    packet.taps.resize(vectors * vector_bytes(layout.dtype, width));
    if (has_scale(layout.dtype)) packet.scales.resize(vectors);
    encode_vectors(layout.dtype, rows, width, packet.taps, packet.scales);
    for (std::size_t i = 0; i < samples; ++i) {
        packet.samples.push_back(static_cast<std::int32_t>(stream.below(1U << 30)));
        if (layout.labels)
            packet.labels.push_back(static_cast<std::int32_t>(
                stream.below(static_cast<std::uint64_t>(layout.classes))));
        for (std::int32_t c = 0; c < layout.classes; ++c)
            packet.residual.push_back(static_cast<float>(stream.uniform() - 1));
    }
    return packet;
}

}  // namespace mobi::test
