// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/byte_io.hpp"
#include "core/precision.hpp"

// One packet, as charged and as MPI carries it; little-endian, nothing is padded.  b samples, L
// taps, C classes, width d.
//
//   at            type         field
//    0            u32          magic, the letters FMLP
//    4            u8           version of this layout, 1
//    5            u8           kind: 0 upload, 1 evaluation
//    6            u8           dtype of the taps: 0 fp32, 1 fp16, 2 bf16, 3 int8, 4 int4
//    7            u8           1 = with labels, 0 = without
//    8            u32          bytes of the whole packet
//   12            i32          device; -1 in an evaluation packet, which is no device's
//   16            i32          backbone, the number of its type in the fleet
//   20            i32          packet, its number among the device's
//   24            u32          b
//   28            u32          d
//   32            u16          L
//   34            u16          C
//   36            u32          check: FNV-1a (32 bits) of all other bytes of header, ids and labels
//   40            i32 (b)      sample ids
//                 i32 (b)      labels, 0..C-1, only with labels
//                 f32 (b, C)   residual; in an evaluation packet the backbone's output
//                 f32 (L, b)   scales, int8 and int4 only
//                 (L, b, d)    taps, see codec.hpp
//
// Header = the 40 bytes and the sample ids; the rest, labels included, is payload
// (docs/method.md 1.8).

namespace mobi {

/// Bytes before the sample ids.
inline constexpr std::size_t kPacketHeaderBytes = 40;

/// What both ends know about the packets of one backbone type.
struct PacketLayout {
    Precision dtype = Precision::Fp32;
    std::int32_t taps = 0;     ///< L, 1 to 65,535
    std::int32_t width = 0;    ///< d, the backbone's
    std::int32_t classes = 0;  ///< C, 1 to 65,535; 1 for regression
    bool labels = false;       ///< `packet.labels`; needs two classes or more

    friend bool operator==(const PacketLayout&, const PacketLayout&) = default;
};

/// An evaluation packet carries taps of test samples, always in fp32, and the backbone's output in
/// the place of the residual.
enum class PacketKind : std::uint8_t { Upload, Evaluation };

/// The content of one upload: b samples of one device.
struct Packet {
    PacketKind kind = PacketKind::Upload;
    std::int32_t device = 0;
    std::int32_t backbone = 0;
    std::int32_t packet = 0;
    std::vector<std::int32_t> samples;  ///< (b) ids, not negative
    Bytes taps;                         ///< (L, b, d) wire codes, tap-major: encode_vectors()
    std::vector<float> scales;          ///< (L, b), int8 and int4 only
    std::vector<float> residual;        ///< (b, C), finite
    std::vector<std::int32_t> labels;   ///< (b), with `PacketLayout::labels` only

    friend bool operator==(const Packet&, const Packet&) = default;
};

/// The size of a packet: `encode_packet().size()` with header, the payload alone without.
///
/// Example: 30 samples of 12 fp32 taps of width 768 and two classes, without header: 1,106,160.
///
/// \throws Bug  when the layout is impossible or the packet would pass 2^32 - 1 bytes.
std::size_t packet_bytes(const PacketLayout& layout, std::size_t samples, bool with_header);

/// \pre  `packet` has at least one sample.
/// \throws Bug        when the packet does not fit the layout, or an evaluation packet's is not
/// fp32. \throws DataError  when the residual is not finite.
Bytes encode_packet(const Packet& packet, const PacketLayout& layout);

/// Reads what encode_packet() wrote: decode(encode(p)) == p, and encode(decode(x)) == x.
///
/// Refuses everything else: another length, any change in header, ids or labels (by the check),
/// what differs from `layout`, codes and scales that no encoder makes, numbers that are not finite.
/// A changed residual or tap that is still possible is not noticed.
///
/// \throws TransportError  names the field, what was expected and what came.
Packet decode_packet(std::span<const std::byte> bytes, const PacketLayout& layout);

/// What a receiver must know before it can choose a layout.
struct PacketStamp {
    PacketKind kind = PacketKind::Upload;
    std::int32_t device = 0;
    std::int32_t backbone = 0;
    std::int32_t packet = 0;
};

/// Reads kind, device, backbone and number from a packet's header, and checks no more than magic
/// and version. \throws TransportError  when the bytes do not begin like a packet.
PacketStamp read_stamp(std::span<const std::byte> bytes);

}  // namespace mobi
