// SPDX-License-Identifier: Apache-2.0
#include "wire/packet.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "wire/codec.hpp"

namespace mobi {
namespace {

constexpr std::uint32_t kMagic = 0x504c4d46;  // "FMLP"
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kCheckAt = 36;
constexpr std::size_t kMaxBytes = std::numeric_limits<std::uint32_t>::max();

/// Its enumerators' order is the wire's; the order of `Precision` is free.
std::uint8_t wire_number(Precision dtype) {
    switch (dtype) {
        case Precision::Fp32:
            return 0;
        case Precision::Fp16:
            return 1;
        case Precision::Bf16:
            return 2;
        case Precision::Int8:
            return 3;
        case Precision::Int4:
            return 4;
    }
    throw Bug(fmt::format("no wire number for precision {}", static_cast<int>(dtype)));
}

/// Sizes that follow from layout and sample count.
struct Sizes {
    std::size_t taps;      ///< bytes
    std::size_t scales;    ///< numbers
    std::size_t residual;  ///< numbers
    std::size_t labels;    ///< numbers
    std::size_t payload;   ///< bytes
    std::size_t total;     ///< bytes
};

Sizes sizes_of_one(const PacketLayout& layout) {
    constexpr std::int32_t short_limit = std::numeric_limits<std::uint16_t>::max();
    MOBI_CHECK(layout.taps >= 1 && layout.taps <= short_limit, "{} taps", layout.taps);
    MOBI_CHECK(layout.classes >= 1 && layout.classes <= short_limit, "{} classes", layout.classes);
    MOBI_CHECK(layout.width >= 1, "width {}", layout.width);
    MOBI_CHECK(!layout.labels || layout.classes >= 2, "labels without classes");
    const auto taps = static_cast<std::size_t>(layout.taps);
    Sizes one{};
    one.taps = taps * vector_bytes(layout.dtype, static_cast<std::size_t>(layout.width));
    one.scales = has_scale(layout.dtype) ? taps : 0;
    one.residual = static_cast<std::size_t>(layout.classes);
    one.labels = layout.labels ? 1 : 0;
    one.payload = 4 * (one.labels + one.residual + one.scales) + one.taps;
    one.total = 4 + one.payload;  // with its id
    return one;
}

/// Nothing when the packet would be too large for its field of 32 bits.
std::optional<Sizes> sizes_of(const PacketLayout& layout, std::size_t samples) {
    Sizes sizes = sizes_of_one(layout);
    if (samples > (kMaxBytes - kPacketHeaderBytes) / sizes.total) return std::nullopt;
    sizes.taps *= samples;
    sizes.scales *= samples;
    sizes.residual *= samples;
    sizes.labels *= samples;
    sizes.payload *= samples;
    sizes.total = kPacketHeaderBytes + sizes.total * samples;
    return sizes;
}

Sizes checked_sizes(const PacketLayout& layout, std::size_t samples) {
    const std::optional<Sizes> sizes = sizes_of(layout, samples);
    MOBI_CHECK(sizes, "{} samples do not fit one packet", samples);
    return *sizes;
}

/// FNV-1a of the bytes in front of the body, leaving out the check itself.  One changed byte always
/// changes it: each step maps different states to different states.
std::uint32_t check_of(std::span<const std::byte> front) {
    std::uint32_t hash = 0x811c9dc5;
    for (std::size_t i = 0; i < front.size(); ++i)
        if (i < kCheckAt || i >= kPacketHeaderBytes)
            hash = (hash ^ static_cast<std::uint32_t>(front[i])) * 0x01000193;
    return hash;
}

template <typename Expected, typename Got>
void expect(std::string_view field, const Expected& expected, const Got& got) {
    if (got != expected)
        throw TransportError(fmt::format("packet: {}: expected {}, got {}", field, expected, got));
}

[[noreturn]] void refuse(std::string_view field, std::string_view why) {
    throw TransportError(fmt::format("packet: {}: {}", field, why));
}

bool all_finite(std::span<const float> values) {
    return std::all_of(values.begin(), values.end(),
                       [](float value) { return std::isfinite(value); });
}

bool all_below(std::span<const std::int32_t> values, std::int32_t bound) {
    return std::all_of(values.begin(), values.end(),
                       [bound](std::int32_t value) { return value >= 0 && value < bound; });
}

/// The first field whose content no packet may have; empty when there is none.  The sizes are
/// right.
std::string_view wrong_field(const Packet& packet, const PacketLayout& layout) {
    constexpr std::int32_t any = std::numeric_limits<std::int32_t>::max();
    const std::int32_t lowest_device = packet.kind == PacketKind::Evaluation ? -1 : 0;
    if (packet.kind == PacketKind::Evaluation && layout.dtype != Precision::Fp32)
        return "dtype of an evaluation packet";
    if (packet.device < lowest_device) return "device";
    if (packet.backbone < 0) return "backbone";
    if (packet.packet < 0) return "packet number";
    if (packet.samples.empty()) return "number of samples";
    if (!all_below(packet.samples, any)) return "sample id";
    if (!all_below(packet.labels, layout.classes)) return "label";
    if (!codes_are_valid(layout.dtype, packet.taps, packet.scales,
                         static_cast<std::size_t>(layout.width)))
        return "taps";
    return {};
}

}  // namespace

std::size_t packet_bytes(const PacketLayout& layout, std::size_t samples, bool with_header) {
    const Sizes sizes = checked_sizes(layout, samples);
    return with_header ? sizes.total : sizes.payload;
}

Bytes encode_packet(const Packet& packet, const PacketLayout& layout) {
    const std::size_t samples = packet.samples.size();
    const Sizes sizes = checked_sizes(layout, samples);
    MOBI_CHECK(packet.taps.size() == sizes.taps, "{} bytes of taps, {} expected",
               packet.taps.size(), sizes.taps);
    MOBI_CHECK(packet.scales.size() == sizes.scales, "{} scales, {} expected", packet.scales.size(),
               sizes.scales);
    MOBI_CHECK(packet.residual.size() == sizes.residual, "{} residuals, {} expected",
               packet.residual.size(), sizes.residual);
    MOBI_CHECK(packet.labels.size() == sizes.labels, "{} labels, {} expected", packet.labels.size(),
               sizes.labels);
    const std::string_view wrong = wrong_field(packet, layout);
    MOBI_CHECK(wrong.empty(), "a packet with an impossible {}", wrong);
    if (!all_finite(packet.residual))
        throw DataError(fmt::format("packet {} of device {}: the backbone's output is not finite",
                                    packet.packet, packet.device));

    ByteWriter front;
    front.put(kMagic);
    front.put(kVersion);
    front.put(static_cast<std::uint8_t>(packet.kind));
    front.put(wire_number(layout.dtype));
    front.put(static_cast<std::uint8_t>(layout.labels ? 1 : 0));
    front.put(static_cast<std::uint32_t>(sizes.total));
    front.put(packet.device);
    front.put(packet.backbone);
    front.put(packet.packet);
    front.put(static_cast<std::uint32_t>(samples));
    front.put(static_cast<std::uint32_t>(layout.width));
    front.put(static_cast<std::uint16_t>(layout.taps));
    front.put(static_cast<std::uint16_t>(layout.classes));
    front.put(std::uint32_t{0});  // the check, below
    front.put_all(std::span(packet.samples));
    front.put_all(std::span(packet.labels));
    Bytes bytes = front.take();
    const std::uint32_t check = check_of(bytes);
    std::memcpy(bytes.data() + kCheckAt, &check, sizeof check);

    bytes.reserve(sizes.total);
    const auto append = [&bytes](std::span<const std::byte> part) {
        bytes.insert(bytes.end(), part.begin(), part.end());
    };
    append(std::as_bytes(std::span(packet.residual)));
    append(std::as_bytes(std::span(packet.scales)));
    append(packet.taps);
    return bytes;
}

PacketStamp read_stamp(std::span<const std::byte> bytes) {
    ByteReader reader(bytes, "packet");
    if (bytes.size() < kPacketHeaderBytes)
        refuse("header", fmt::format("{} of {} bytes", bytes.size(), kPacketHeaderBytes));
    expect("magic", kMagic, reader.get<std::uint32_t>());
    expect("version", kVersion, reader.get<std::uint8_t>());
    const auto kind = reader.get<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(PacketKind::Evaluation))
        refuse("kind", fmt::format("expected 0 or 1, got {}", kind));
    reader.take(6);  // dtype, labels, bytes
    PacketStamp stamp;
    stamp.kind = static_cast<PacketKind>(kind);
    stamp.device = reader.get<std::int32_t>();
    stamp.backbone = reader.get<std::int32_t>();
    stamp.packet = reader.get<std::int32_t>();
    return stamp;
}

Packet decode_packet(std::span<const std::byte> bytes, const PacketLayout& layout) {
    const PacketKind kind = read_stamp(bytes).kind;
    ByteReader reader(bytes.subspan(6), "packet");  // behind magic, version and kind
    expect("dtype", wire_number(layout.dtype), reader.get<std::uint8_t>());
    expect("labels", layout.labels ? 1 : 0, static_cast<int>(reader.get<std::uint8_t>()));
    expect("bytes", bytes.size(), std::size_t{reader.get<std::uint32_t>()});

    Packet packet;
    packet.kind = kind;
    packet.device = reader.get<std::int32_t>();
    packet.backbone = reader.get<std::int32_t>();
    packet.packet = reader.get<std::int32_t>();
    const std::size_t samples = reader.get<std::uint32_t>();
    expect("width", layout.width, static_cast<std::int64_t>(reader.get<std::uint32_t>()));
    expect("taps", layout.taps, static_cast<std::int32_t>(reader.get<std::uint16_t>()));
    expect("classes", layout.classes, static_cast<std::int32_t>(reader.get<std::uint16_t>()));
    const auto check = reader.get<std::uint32_t>();

    const std::optional<Sizes> planned = sizes_of(layout, samples);
    if (!planned || planned->total != bytes.size())
        refuse("samples", fmt::format("{} samples do not make {} bytes", samples, bytes.size()));
    const Sizes& sizes = *planned;
    expect("check", check_of(bytes.first(kPacketHeaderBytes + 4 * (samples + sizes.labels))),
           check);
    packet.samples = reader.get_all<std::int32_t>(samples);
    packet.labels = reader.get_all<std::int32_t>(sizes.labels);
    packet.residual = reader.get_all<float>(sizes.residual);
    packet.scales = reader.get_all<float>(sizes.scales);
    const std::span<const std::byte> taps = reader.take(sizes.taps);
    packet.taps.assign(taps.begin(), taps.end());
    reader.finish();

    const std::string_view wrong = wrong_field(packet, layout);
    if (!wrong.empty()) refuse(wrong, "a value that no sender writes");
    if (!all_finite(packet.residual)) refuse("residual", "a number that is not finite");
    return packet;
}

}  // namespace mobi
