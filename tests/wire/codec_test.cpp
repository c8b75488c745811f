// SPDX-License-Identifier: Apache-2.0
#include "wire/codec.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

constexpr Precision kAll[] = {Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8,
                              Precision::Int4};
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();

struct Encoded {
    std::vector<std::byte> codes;
    std::vector<float> scales, decoded;
    std::size_t clamped = 0;
};

Encoded through_the_wire(Precision precision, const std::vector<float>& rows, std::size_t width) {
    const std::size_t vectors = rows.size() / width;
    Encoded encoded;
    encoded.codes.resize(vectors * vector_bytes(precision, width));
    if (has_scale(precision)) encoded.scales.resize(vectors);
    encoded.decoded.resize(rows.size());
    encoded.clamped = encode_vectors(precision, rows, width, encoded.codes, encoded.scales);
    EXPECT_TRUE(codes_are_valid(precision, encoded.codes, encoded.scales, width));
    decode_vectors(precision, encoded.codes, encoded.scales, width, encoded.decoded);
    return encoded;
}

float decoded_one(Precision precision, float value) {
    return through_the_wire(precision, {value}, 1).decoded[0];
}

std::uint16_t code16(Precision precision, float value) {
    const Encoded encoded = through_the_wire(precision, {value}, 1);
    std::uint16_t code = 0;
    std::memcpy(&code, encoded.codes.data(), 2);
    return code;
}

/// Vectors of magnitudes from 1e-12 to 1e4, with outliers.
std::vector<float> random_rows(std::uint64_t index, std::size_t count) {
    RandomStream stream(1, Purpose::Test, index);
    const double magnitude = std::pow(10, 16 * stream.uniform() - 12);
    std::vector<float> rows(count);
    for (float& value : rows) {
        const double outlier = stream.uniform() < 0.01 ? 20 : 1;
        value = static_cast<float>(magnitude * outlier * stream.normal());
    }
    return rows;
}

TEST(CodecTest, VectorBytes) {
    EXPECT_EQ(vector_bytes(Precision::Fp32, 768), 3072U);
    EXPECT_EQ(vector_bytes(Precision::Fp16, 768), 1536U);
    EXPECT_EQ(vector_bytes(Precision::Bf16, 768), 1536U);
    EXPECT_EQ(vector_bytes(Precision::Int8, 768), 768U);
    EXPECT_EQ(vector_bytes(Precision::Int4, 768), 384U);
    EXPECT_EQ(vector_bytes(Precision::Int4, 7), 4U);
}

TEST(CodecTest, OnlyIntegersHaveScales) {
    EXPECT_FALSE(has_scale(Precision::Fp32));
    EXPECT_FALSE(has_scale(Precision::Fp16));
    EXPECT_FALSE(has_scale(Precision::Bf16));
    EXPECT_TRUE(has_scale(Precision::Int8));
    EXPECT_TRUE(has_scale(Precision::Int4));
}

TEST(CodecTest, Fp32IsExact) {
    const std::vector<float> rows{0.0F, -0.0F, kTiny, kMax, -kMax, 1.0F / 3};
    EXPECT_EQ(through_the_wire(Precision::Fp32, rows, 3).decoded, rows);
}

// The error of one value is at most half of a unit of its code.  Besides, h / s and code * s round
// once each, by 2^-24 of |h| (int codecs), hence the small term.
TEST(CodecTest, DecodedValuesLieWithinHalfAUnit) {
    for (std::uint64_t round = 0; round < 400; ++round)
        for (const std::size_t width : {1U, 2U, 7U, 96U, 129U}) {
            const std::vector<float> rows = random_rows(round, 3 * width);
            for (const Precision precision : kAll) {
                const Encoded encoded = through_the_wire(precision, rows, width);
                std::size_t beyond = 0;
                for (std::size_t i = 0; i < rows.size(); ++i) {
                    const double h = rows[i];
                    const double magnitude = std::abs(h);
                    double bound = 0;
                    if (precision == Precision::Fp16)
                        bound = magnitude >= 65520 ? magnitude - 65504
                                                   : std::max(magnitude * 0x1p-11, 0x1p-25);
                    if (precision == Precision::Bf16) bound = magnitude * 0x1p-8;
                    if (has_scale(precision))
                        bound = static_cast<double>(encoded.scales[i / width]) / 2 +
                                magnitude * 0x1p-22;
                    ASSERT_LE(std::abs(h - static_cast<double>(encoded.decoded[i])), bound)
                        << "precision " << static_cast<int>(precision) << " value " << h;
                    if (precision == Precision::Fp16 && magnitude >= 65520) ++beyond;
                }
                ASSERT_EQ(encoded.clamped, beyond);
            }
        }
}

TEST(CodecTest, EncodingIsAFixedPoint) {
    for (std::uint64_t round = 0; round < 100; ++round) {
        const std::vector<float> rows = random_rows(round, 64);
        for (const Precision precision : {Precision::Fp32, Precision::Fp16, Precision::Bf16}) {
            const Encoded once = through_the_wire(precision, rows, 64);
            const Encoded twice = through_the_wire(precision, once.decoded, 64);
            EXPECT_EQ(once.codes, twice.codes);
        }
    }
}

TEST(CodecTest, AZeroVectorHasScaleZeroAndCodesZero) {
    for (const Precision precision : {Precision::Int8, Precision::Int4}) {
        const Encoded encoded = through_the_wire(precision, std::vector<float>(10, -0.0F), 5);
        EXPECT_EQ(encoded.scales, (std::vector<float>{0, 0}));
        for (const std::byte code : encoded.codes) EXPECT_EQ(code, std::byte{0});
        for (const float value : encoded.decoded)
            EXPECT_EQ(std::bit_cast<std::uint32_t>(value), 0U);
    }
}

TEST(CodecTest, AVectorTooSmallForAScaleBecomesZero) {
    const Encoded encoded = through_the_wire(Precision::Int8, {kTiny, -3 * kTiny}, 2);
    EXPECT_EQ(encoded.scales[0], 0.0F);
    EXPECT_EQ(encoded.decoded, (std::vector<float>{0, 0}));
}

TEST(CodecTest, ASubnormalScaleDoesNotOverflowTheCodes) {
    // 190 / 127 rounds to 1 unit, 190 / 1 is beyond int8
    for (float units = 1; units < 1000; ++units)
        for (const Precision precision : {Precision::Int8, Precision::Int4}) {
            const Encoded encoded = through_the_wire(precision, {units * kTiny, -units * kTiny}, 2);
            EXPECT_GE(encoded.decoded[0], 0.0F);
            EXPECT_EQ(encoded.decoded[0], -encoded.decoded[1]);
        }
}

TEST(CodecTest, IntegerTiesGoToEven) {
    // max 127, so s = 1
    const std::vector<float> rows{127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5};
    const Encoded encoded = through_the_wire(Precision::Int8, rows, rows.size());
    EXPECT_EQ(encoded.scales[0], 1.0F);
    EXPECT_EQ(encoded.decoded, (std::vector<float>{127, 0, 2, 2, 0, -2, -2, 126}));
    const std::vector<float> small{-7, 0.5, 1.5, 2.5, -0.5, -1.5, 6.5, 5.5};
    EXPECT_EQ(through_the_wire(Precision::Int4, small, 8).decoded,
              (std::vector<float>{-7, 0, 2, 2, 0, -2, 6, 6}));
}

TEST(CodecTest, Int4PutsTheEvenIndexInTheLowNibble) {
    const Encoded encoded = through_the_wire(Precision::Int4, {7, -7, 1, -1, 3}, 5);
    EXPECT_EQ(encoded.codes,
              (std::vector<std::byte>{std::byte{0x97}, std::byte{0xf1}, std::byte{0x03}}));
}

TEST(CodecTest, EachVectorHasItsOwnScale) {
    const Encoded encoded = through_the_wire(Precision::Int8, {127, 1, 1.27F, 0.01F}, 2);
    EXPECT_EQ(encoded.scales, (std::vector<float>{1.0F, 1.27F / 127}));
}

TEST(CodecTest, HalfLimits) {
    EXPECT_EQ(code16(Precision::Fp16, 65504), 0x7bff);
    EXPECT_EQ(code16(Precision::Fp16, std::nextafter(65520.0F, 0.0F)), 0x7bff);
    EXPECT_EQ(code16(Precision::Fp16, -1e30F), 0xfbff);
    EXPECT_EQ(code16(Precision::Fp16, 1), 0x3c00);
    EXPECT_EQ(code16(Precision::Fp16, -0.0F), 0x8000);
    EXPECT_EQ(code16(Precision::Fp16, 0x1p-14F), 0x0400);  // smallest normal
    EXPECT_EQ(code16(Precision::Fp16, 0x1p-24F), 0x0001);  // smallest subnormal
    EXPECT_EQ(code16(Precision::Fp16, 0x1p-25F), 0x0000);  // tie to even
    EXPECT_EQ(code16(Precision::Fp16, std::nextafter(0x1p-25F, 1.0F)), 0x0001);
    EXPECT_EQ(code16(Precision::Fp16, 0x1.8p-24F), 0x0002);  // tie to even
    EXPECT_EQ(code16(Precision::Fp16, std::nextafter(0x1p-14F, 0.0F)),
              0x0400);  // rounds up to normal
    EXPECT_EQ(code16(Precision::Fp16, kTiny), 0x0000);
}

TEST(CodecTest, ClampedValuesAreCounted) {
    const std::vector<float> rows{65504, 65519, 65520, -65520, 1e9F, -kMax, 0, 1};
    EXPECT_EQ(through_the_wire(Precision::Fp16, rows, 4).clamped, 4U);
    EXPECT_EQ(through_the_wire(Precision::Fp32, rows, 4).clamped, 0U);
    const Encoded bf16 = through_the_wire(Precision::Bf16, rows, 4);
    EXPECT_EQ(bf16.clamped, 1U);  // the largest float would round to infinity
    EXPECT_TRUE(std::isfinite(bf16.decoded[5]));
}

TEST(CodecTest, EveryFiniteHalfComesBack) {
    for (unsigned code = 0; code < 0x10000; ++code) {
        if ((code & 0x7c00) == 0x7c00) continue;
        const auto narrow = static_cast<std::uint16_t>(code);
        std::vector<std::byte> codes(2);
        std::memcpy(codes.data(), &narrow, 2);
        std::vector<float> decoded(1);
        decode_vectors(Precision::Fp16, codes, {}, 1, decoded);
        const int exponent = static_cast<int>(code >> 10 & 31U);
        const double fraction = code & 0x3ffU;
        const double magnitude =
            exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
        ASSERT_EQ(static_cast<double>(decoded[0]), (code & 0x8000U) != 0 ? -magnitude : magnitude);
        ASSERT_EQ(code16(Precision::Fp16, decoded[0]), narrow);
    }
}

TEST(CodecTest, EveryFiniteBf16ComesBack) {
    for (unsigned code = 0; code < 0x10000; ++code) {
        if ((code & 0x7f80) == 0x7f80) continue;
        ASSERT_EQ(code16(Precision::Bf16, std::bit_cast<float>(code << 16)), code);
    }
}

TEST(CodecTest, TheLargestNumbersStayFinite) {
    for (const Precision precision : kAll)
        for (const float value : {kMax, std::nextafter(kMax, 0.0F), kMax / 3, 3.0e38F})
            EXPECT_TRUE(std::isfinite(decoded_one(precision, value)))
                << static_cast<int>(precision) << " " << value;
}

TEST(CodecTest, ValuesThatAreNotFiniteAreRefused) {
    for (const Precision precision : kAll)
        for (const float value :
             {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
              std::numeric_limits<float>::quiet_NaN()}) {
            std::vector<float> rows(12, 1.0F);
            rows[9] = value;
            std::vector<std::byte> codes(3 * vector_bytes(precision, 4));
            std::vector<float> scales(has_scale(precision) ? 3 : 0);
            try {
                encode_vectors(precision, rows, 4, codes, scales);
                ADD_FAILURE() << static_cast<int>(precision);
            } catch (const DataError& error) {
                EXPECT_NE(std::string(error.what()).find("tap vector 2 of 3"), std::string::npos);
            }
        }
}

TEST(CodecTest, SizesThatDoNotFitAreABug) {
    std::vector<float> rows(8), scales(2), none;
    std::vector<std::byte> codes(8);
    EXPECT_THROW(encode_vectors(Precision::Int8, rows, 4, codes, none), Bug);
    EXPECT_THROW(encode_vectors(Precision::Fp16, rows, 4, codes, none), Bug);
    EXPECT_THROW(encode_vectors(Precision::Int8, rows, 3, codes, scales), Bug);
    EXPECT_THROW(encode_vectors(Precision::Int8, rows, 0, codes, scales), Bug);
    EXPECT_THROW(decode_vectors(Precision::Int4, codes, scales, 4, rows), Bug);
    EXPECT_THROW(decode_vectors(Precision::Fp32, codes, scales, 2, rows), Bug);
}

TEST(CodecTest, NothingIsEncodedToNothing) {
    for (const Precision precision : kAll) EXPECT_EQ(encode_vectors(precision, {}, 4, {}, {}), 0U);
}

TEST(CodecTest, CodesThatNoEncoderMakesAreNotValid) {
    const auto valid = [](Precision precision, std::vector<unsigned char> bytes,
                          std::vector<float> scales, std::size_t width) {
        return codes_are_valid(precision, std::as_bytes(std::span(bytes)), scales, width);
    };
    EXPECT_FALSE(valid(Precision::Fp32, {0, 0, 0x80, 0x7f}, {}, 1));
    EXPECT_FALSE(valid(Precision::Fp16, {0, 0x7c}, {}, 1));
    EXPECT_FALSE(valid(Precision::Fp16, {1, 0xfc}, {}, 1));
    EXPECT_FALSE(valid(Precision::Bf16, {0x80, 0xff}, {}, 1));
    EXPECT_TRUE(valid(Precision::Int8, {0x81, 0x7f}, {1}, 2));
    EXPECT_FALSE(valid(Precision::Int8, {0x80, 0x7f}, {1}, 2));  // -128
    EXPECT_FALSE(valid(Precision::Int8, {0, 1}, {0}, 2));        // not zero
    EXPECT_FALSE(valid(Precision::Int8, {0, 1}, {-1}, 2));
    EXPECT_FALSE(valid(Precision::Int8, {0, 0}, {-0.0F}, 2));
    EXPECT_FALSE(valid(Precision::Int8, {0, 1}, {std::numeric_limits<float>::infinity()}, 2));
    EXPECT_FALSE(valid(Precision::Int8, {0, 1}, {kMax}, 2));  // 127 times that overflows
    EXPECT_FALSE(valid(Precision::Int8, {0, 1}, {std::numeric_limits<float>::quiet_NaN()}, 2));
    EXPECT_TRUE(valid(Precision::Int4, {0x97, 0x07}, {1}, 3));
    EXPECT_FALSE(valid(Precision::Int4, {0x97, 0x17}, {1}, 3));  // unused nibble
    EXPECT_FALSE(valid(Precision::Int4, {0x87, 0x07}, {1}, 3));  // -8
    EXPECT_FALSE(valid(Precision::Int4, {0x00, 0x07}, {0}, 3));
}

/// The nearest of the finite values of a format with this many bits of mantissa behind the one, the
/// even one of two, as a number; `smallest` is the exponent of its smallest normal number.
double nearest_even(double value, int mantissa, int smallest, double largest) {
    const double magnitude = std::abs(value);
    if (magnitude == 0) return value;
    const double unit = std::ldexp(1, std::max(std::ilogb(magnitude), smallest) - mantissa);
    return std::copysign(std::min(std::nearbyint(magnitude / unit) * unit, largest), value);
}

TEST(CodecTest, AnyFloatBecomesTheNearestOfItsFormat) {
    RandomStream stream(5, Purpose::Test);
    std::vector<float> rows;
    while (rows.size() < 200'000) {
        auto bits = stream.next_u32();
        if (stream.below(2) == 0) bits = (bits & 0xff800000U) | (bits & 0x7U) << 12;  // half-way
        if (stream.below(2) == 0)  // in the range of fp16, subnormal ones too
            bits = (bits & 0x807fffffU) | static_cast<std::uint32_t>(100 + stream.below(44)) << 23;
        const auto value = std::bit_cast<float>(bits);
        if (std::isfinite(value)) rows.push_back(value);
    }
    const double largest_bf16 = std::ldexp(255, 120);
    const std::vector<float> half = through_the_wire(Precision::Fp16, rows, 1).decoded;
    const std::vector<float> brain = through_the_wire(Precision::Bf16, rows, 1).decoded;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const double value = rows[i];
        ASSERT_EQ(static_cast<double>(half[i]), nearest_even(value, 10, -14, 65504)) << value;
        ASSERT_EQ(static_cast<double>(brain[i]), nearest_even(value, 7, -126, largest_bf16))
            << value;
        ASSERT_EQ(std::signbit(half[i]), std::signbit(rows[i]));
    }
}

TEST(CodecTest, IntegersArePackedAsDocumented) {
    for (std::uint64_t round = 0; round < 100; ++round)
        for (const std::size_t width : {1U, 2U, 5U, 64U}) {
            const std::vector<float> rows = random_rows(round, 3 * width);
            for (const auto& [precision, limit] :
                 {std::pair(Precision::Int8, 127.0F), std::pair(Precision::Int4, 7.0F)}) {
                const Encoded encoded = through_the_wire(precision, rows, width);
                std::vector<std::byte> codes(3 * vector_bytes(precision, width));
                for (std::size_t v = 0; v < 3; ++v) {
                    float largest = 0;
                    for (std::size_t i = 0; i < width; ++i)
                        largest = std::max(largest, std::abs(rows[v * width + i]));
                    const float scale = largest / limit;
                    ASSERT_EQ(encoded.scales[v], scale);
                    std::byte* const to = codes.data() + v * vector_bytes(precision, width);
                    for (std::size_t i = 0; i < width; ++i) {
                        const auto code = static_cast<unsigned>(
                            static_cast<int>(std::nearbyint(rows[v * width + i] / scale)));
                        if (precision == Precision::Int8)
                            to[i] = static_cast<std::byte>(code & 255U);
                        else
                            to[i / 2] |= static_cast<std::byte>((code & 15U) << (i % 2 * 4));
                    }
                }
                ASSERT_EQ(encoded.codes, codes);
            }
        }
}

}  // namespace
}  // namespace mobi::test
