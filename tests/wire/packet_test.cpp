// SPDX-License-Identifier: Apache-2.0
#include "wire/packet.hpp"

#include <cstring>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "wire/packet_samples.hpp"

namespace mobi::test {
namespace {

std::string refusal(std::span<const std::byte> bytes, const PacketLayout& layout) {
    try {
        decode_packet(bytes, layout);
    } catch (const TransportError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(PacketTest, ThePaperLikeDeviceSends1106160Bytes) {
    const PacketLayout layout{Precision::Fp32, 12, 768, 2, false};
    EXPECT_EQ(packet_bytes(layout, 30, false), 1'106'160U);
    EXPECT_EQ(packet_bytes(layout, 30, true), 1'106'160U + kPacketHeaderBytes + 4 * 30);
}

// docs/method.md 1.8; 4 C = 8 bytes of residual
TEST(PacketTest, TapBytesPerSampleOfTheMethodsPage) {
    const struct {
        std::int32_t width;
        std::size_t fp32, fp16, int8;
    } rows[] = {{768, 36'864, 18'432, 9'216},
                {1024, 49'152, 24'576, 12'288},
                {2048, 98'304, 49'152, 24'576}};
    for (const auto& row : rows) {
        EXPECT_EQ(packet_bytes({Precision::Fp32, 12, row.width, 2, false}, 1, false), row.fp32 + 8);
        EXPECT_EQ(packet_bytes({Precision::Fp16, 12, row.width, 2, false}, 1, false), row.fp16 + 8);
        EXPECT_EQ(packet_bytes({Precision::Int8, 12, row.width, 2, false}, 1, false),
                  row.int8 + 8 + 4 * 12);
    }
}

TEST(PacketTest, TheFormulaIsTheSizeAndDecodeInvertsEncode) {
    std::uint64_t index = 0;
    for (const Precision dtype : kPrecisions)
        for (const bool labels : {false, true})
            for (const std::int32_t width : {1, 7, 40, 384})
                for (const std::int32_t taps : {1, 3, 12})
                    for (const std::int32_t classes : {2, 26})
                        for (const std::size_t samples : {1U, 2U, 8U}) {
                            const PacketLayout layout{dtype, taps, width, classes, labels};
                            const Packet packet = random_packet(layout, samples, ++index);
                            const Bytes bytes = encode_packet(packet, layout);
                            ASSERT_EQ(bytes.size(), packet_bytes(layout, samples, true));
                            ASSERT_EQ(bytes.size(), packet_bytes(layout, samples, false) +
                                                        kPacketHeaderBytes + 4 * samples);
                            ASSERT_EQ(decode_packet(bytes, layout), packet);
                        }
}

TEST(PacketTest, RegressionSendsOneResidual) {
    const PacketLayout layout{Precision::Int8, 3, 16, 1, false};
    const Packet packet = random_packet(layout, 4, 1);
    EXPECT_EQ(packet.residual.size(), 4U);
    EXPECT_EQ(decode_packet(encode_packet(packet, layout), layout), packet);
}

TEST(PacketTest, AnEvaluationPacketIsFp32AndNoDevices) {
    const PacketLayout layout{Precision::Fp32, 3, 16, 2, false};
    Packet packet = random_packet(layout, 4, 1);
    packet.kind = PacketKind::Evaluation;
    packet.device = -1;
    EXPECT_EQ(decode_packet(encode_packet(packet, layout), layout), packet);
    const PacketLayout half{Precision::Fp16, 3, 16, 2, false};
    Packet narrow = random_packet(half, 4, 1);
    narrow.kind = PacketKind::Evaluation;
    EXPECT_THROW(encode_packet(narrow, half), Bug);
}

// Every byte of the documented layout, of a packet small enough to write by hand.
TEST(PacketTest, TheLayoutIsTheDocumentedOne) {
    const PacketLayout layout{Precision::Int8, 1, 3, 2, true};
    Packet packet;
    packet.device = 5;
    packet.backbone = 1;
    packet.packet = 9;
    packet.samples = {258};
    packet.labels = {1};
    packet.residual = {0.5F, -0.5F};
    packet.scales = {1.0F};
    packet.taps = {std::byte{127}, std::byte{0}, std::byte{0xff}};
    const Bytes bytes = encode_packet(packet, layout);
    const unsigned char expected[] = {
        'F', 'M', 'L',  'P',  1,   0, 3,   1,  // magic, version, upload, int8, labels
        63,  0,   0,    0,    5,   0, 0,   0,    1, 0, 0, 0,
        9,   0,   0,    0,                                    // bytes, device, backbone, packet
        1,   0,   0,    0,    3,   0, 0,   0,    1, 0, 2, 0,  // samples, width, taps, classes
        0,   0,   0,    0,                                    // check, compared below
        2,   1,   0,    0,    1,   0, 0,   0,                 // id, label
        0,   0,   0,    0x3f, 0,   0, 0,   0xbf,              // residual
        0,   0,   0x80, 0x3f, 127, 0, 0xff};                  // scale, codes
    ASSERT_EQ(bytes.size(), sizeof expected);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i >= 36 && i < 40) continue;
        EXPECT_EQ(std::to_integer<int>(bytes[i]), expected[i]) << "at " << i;
    }
    std::uint32_t hash = 0x811c9dc5;
    for (std::size_t i = 0; i < 48; ++i)
        if (i < 36 || i >= 40) hash = (hash ^ expected[i]) * 0x01000193;
    std::uint32_t check = 0;
    std::memcpy(&check, bytes.data() + 36, 4);
    EXPECT_EQ(check, hash);
}

TEST(PacketTest, EveryTruncationIsRefused) {
    for (const Precision dtype : kPrecisions) {
        const PacketLayout layout{dtype, 2, 5, 3, true};
        const Bytes bytes = encode_packet(random_packet(layout, 3, 4), layout);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            ASSERT_THROW(decode_packet(std::span(bytes).first(size), layout), TransportError);
        Bytes longer = bytes;
        longer.push_back(std::byte{0});
        EXPECT_THROW(decode_packet(longer, layout), TransportError);
    }
}

TEST(PacketTest, EveryChangedByteBeforeTheNumbersIsRefused) {
    const PacketLayout layout{Precision::Int8, 2, 5, 3, true};
    const std::size_t samples = 3;
    const Bytes bytes = encode_packet(random_packet(layout, samples, 4), layout);
    for (std::size_t i = 0; i < kPacketHeaderBytes + 8 * samples; ++i)
        for (unsigned value = 0; value < 256; ++value) {
            if (bytes[i] == std::byte(value)) continue;
            Bytes changed = bytes;
            changed[i] = std::byte(value);
            ASSERT_THROW(decode_packet(changed, layout), TransportError) << "byte " << i;
        }
}

TEST(PacketTest, AnotherLayoutIsRefused) {
    const PacketLayout layout{Precision::Fp16, 3, 8, 4, false};
    const Bytes bytes = encode_packet(random_packet(layout, 2, 4), layout);
    EXPECT_EQ(refusal(bytes, layout), "accepted");
    EXPECT_EQ(refusal(bytes, {Precision::Bf16, 3, 8, 4, false}),
              "packet: dtype: expected 2, got 1");
    EXPECT_EQ(refusal(bytes, {Precision::Fp16, 2, 12, 4, false}),
              "packet: width: expected 12, got 8");
    EXPECT_EQ(refusal(bytes, {Precision::Fp16, 6, 8, 4, false}), "packet: taps: expected 6, got 3");
    EXPECT_EQ(refusal(bytes, {Precision::Fp16, 3, 8, 2, false}),
              "packet: classes: expected 2, got 4");
    EXPECT_EQ(refusal(bytes, {Precision::Fp16, 3, 8, 4, true}),
              "packet: labels: expected 1, got 0");
}

TEST(PacketTest, NumbersThatNoSenderWritesAreRefused) {
    const PacketLayout layout{Precision::Int8, 1, 4, 2, false};
    const Bytes bytes = encode_packet(random_packet(layout, 1, 4), layout);
    const std::size_t residual = kPacketHeaderBytes + 4;
    const std::size_t scale = residual + 8;
    const auto changed = [&](std::size_t at, float value) {
        Bytes copy = bytes;
        std::memcpy(copy.data() + at, &value, sizeof value);
        return refusal(copy, layout);
    };
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(changed(residual, nan), "packet: residual: a number that is not finite");
    EXPECT_EQ(changed(scale, nan), "packet: taps: a value that no sender writes");
    EXPECT_EQ(changed(scale, -1), "packet: taps: a value that no sender writes");
    EXPECT_EQ(changed(scale, 0), "packet: taps: a value that no sender writes");
    EXPECT_EQ(changed(scale, 2), "accepted");
    Bytes code = bytes;
    code.back() = std::byte{0x80};
    EXPECT_EQ(refusal(code, layout), "packet: taps: a value that no sender writes");
}

TEST(PacketTest, WhatDoesNotFitTheLayoutIsABug) {
    const PacketLayout layout{Precision::Int8, 2, 4, 2, true};
    const auto spoilt = [&](auto&& spoil) {
        Packet packet = random_packet(layout, 2, 4);
        spoil(packet);
        return packet;
    };
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.taps.pop_back(); }), layout), Bug);
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.scales.pop_back(); }), layout), Bug);
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.residual.pop_back(); }), layout), Bug);
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.labels.clear(); }), layout), Bug);
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.labels[0] = 2; }), layout), Bug);
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.samples[1] = -1; }), layout), Bug);
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.device = -1; }), layout), Bug);
    EXPECT_THROW(encode_packet(spoilt([](Packet& p) { p.backbone = -1; }), layout), Bug);
    EXPECT_THROW(encode_packet(Packet{}, {Precision::Fp32, 1, 4, 2, false}), Bug);
    EXPECT_THROW(packet_bytes({Precision::Fp32, 0, 4, 2, false}, 1, true), Bug);
    EXPECT_THROW(packet_bytes({Precision::Fp32, 1, 4, 1, true}, 1, true), Bug);
    EXPECT_THROW(packet_bytes({Precision::Fp32, 65535, 1 << 30, 2, false}, 1, true), Bug);
    EXPECT_THROW(packet_bytes({Precision::Fp32, 1, 4, 2, false}, std::size_t{1} << 62, true), Bug);
}

TEST(PacketTest, AResidualThatIsNotFiniteIsNotSent) {
    const PacketLayout layout{Precision::Fp32, 1, 4, 2, false};
    Packet packet = random_packet(layout, 2, 4);
    packet.residual[3] = std::numeric_limits<float>::infinity();
    EXPECT_THROW(encode_packet(packet, layout), DataError);
}

TEST(PacketStampTest, TellsWhoseAPacketIsWhateverItsLayout) {
    std::uint64_t index = 0;
    for (const Precision dtype : kPrecisions) {
        const PacketLayout layout{dtype, 2, 5, 3, false};
        Packet packet = random_packet(layout, 2, ++index);
        const Bytes bytes = encode_packet(packet, layout);
        for (const std::size_t size : {bytes.size(), kPacketHeaderBytes}) {
            const PacketStamp stamp = read_stamp(std::span(bytes).first(size));
            EXPECT_EQ(stamp.kind, PacketKind::Upload);
            EXPECT_EQ(stamp.device, packet.device);
            EXPECT_EQ(stamp.backbone, packet.backbone);
            EXPECT_EQ(stamp.packet, packet.packet);
        }
    }
    const PacketLayout layout{Precision::Fp32, 2, 5, 3, false};
    Packet packet = random_packet(layout, 2, 1);
    packet.kind = PacketKind::Evaluation;
    packet.device = -1;
    const PacketStamp stamp = read_stamp(encode_packet(packet, layout));
    EXPECT_EQ(stamp.kind, PacketKind::Evaluation);
    EXPECT_EQ(stamp.device, -1);
}

TEST(PacketStampTest, WhatDoesNotBeginLikeAPacketIsRefusedByItsField) {
    const PacketLayout layout{Precision::Fp32, 2, 5, 3, false};
    const Bytes bytes = encode_packet(random_packet(layout, 2, 1), layout);
    const auto refused = [](std::span<const std::byte> part) -> std::string {
        try {
            read_stamp(part);
        } catch (const TransportError& error) {
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refused(std::span(bytes).first(39)), "packet: header: 39 of 40 bytes");
    const auto changed = [&](std::size_t at, int value) {
        Bytes copy = bytes;
        copy[at] = static_cast<std::byte>(value);
        return refused(copy);
    };
    EXPECT_EQ(changed(0, 'G'), "packet: magic: expected 1347177798, got 1347177799");
    EXPECT_EQ(changed(4, 2), "packet: version: expected 1, got 2");
    EXPECT_EQ(changed(5, 2), "packet: kind: expected 0 or 1, got 2");
    EXPECT_EQ(changed(6, 99), "accepted") << "the layout is not looked at";
}

// The numbers of the dtypes are the wire's, whatever the order of the enumerators.
TEST(PacketTest, EveryPrecisionHasItsDocumentedNumber) {
    const Precision order[] = {Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8,
                               Precision::Int4};
    for (int number = 0; number < 5; ++number) {
        const PacketLayout layout{order[number], 1, 4, 2, false};
        EXPECT_EQ(std::to_integer<int>(encode_packet(random_packet(layout, 1, 1), layout)[6]),
                  number);
    }
}

TEST(PacketTest, TheSizeIsTheSumOfTheDocumentedFields) {
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < 2000; ++i) {
        PacketLayout layout;
        layout.dtype = kPrecisions[stream.below(5)];
        layout.taps = static_cast<std::int32_t>(1 + stream.below(40));
        layout.width = static_cast<std::int32_t>(1 + stream.below(5000));
        layout.classes = static_cast<std::int32_t>(1 + stream.below(200));
        layout.labels = layout.classes > 1 && stream.below(2) == 1;
        const auto b = 1 + stream.below(100);
        const auto vectors = static_cast<std::uint64_t>(layout.taps) * b;
        const bool integer = layout.dtype == Precision::Int8 || layout.dtype == Precision::Int4;
        const auto bits = static_cast<std::uint64_t>(8 * bytes_per_number(layout.dtype));
        const std::uint64_t payload =
            (layout.labels ? 4 * b : 0) + 4 * b * static_cast<std::uint64_t>(layout.classes) +
            (integer ? 4 * vectors : 0) +
            vectors * ((static_cast<std::uint64_t>(layout.width) * bits + 7) / 8);
        ASSERT_EQ(packet_bytes(layout, b, false), payload);
        ASSERT_EQ(packet_bytes(layout, b, true), 40 + 4 * b + payload);
    }
}

}  // namespace
}  // namespace mobi::test
