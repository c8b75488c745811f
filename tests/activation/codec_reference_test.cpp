// SPDX-License-Identifier: Apache-2.0
// Codes, scales and decoded values against an independent implementation: equal, not near.
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "activation/codec.hpp"
#include "support/safetensors_reader.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

constexpr const char* kReference = "vectors/algorithms/quantisation/reference.safetensors";

struct Encoded {
    std::vector<std::byte> codes;
    std::vector<float> scales, decoded;
    std::size_t clamped = 0;
};

Encoded through_the_wire(Precision precision, const ReferenceTensor& tensor) {
    const std::vector<float> rows = tensor.as<float>();
    const std::size_t width = tensor.shape.at(1);
    Encoded encoded;
    encoded.codes.resize(tensor.shape.at(0) * vector_bytes(precision, width));
    if (has_scale(precision)) encoded.scales.resize(tensor.shape.at(0));
    encoded.decoded.resize(rows.size());
    encoded.clamped = encode_vectors(precision, rows, width, encoded.codes, encoded.scales);
    EXPECT_TRUE(codes_are_valid(precision, encoded.codes, encoded.scales, width));
    decode_vectors(precision, encoded.codes, encoded.scales, width, encoded.decoded);
    return encoded;
}

TEST(CodecReferenceTest, Int8) {
    MOBI_NEEDS_SHARED(kReference);
    const auto reference = read_reference(shared_path(kReference));
    const Encoded encoded = through_the_wire(Precision::Int8, reference.at("input/vectors"));
    EXPECT_EQ(encoded.codes, reference.at("int8/codes").bytes);
    EXPECT_EQ(encoded.scales, reference.at("int8/scale").as<float>());
    EXPECT_EQ(encoded.decoded, reference.at("int8/decoded").as<float>());
}

TEST(CodecReferenceTest, Int4) {
    MOBI_NEEDS_SHARED(kReference);
    const auto reference = read_reference(shared_path(kReference));
    const Encoded encoded = through_the_wire(Precision::Int4, reference.at("input/vectors"));
    EXPECT_EQ(encoded.codes, reference.at("int4/packed").bytes);
    EXPECT_EQ(encoded.scales, reference.at("int4/scale").as<float>());
    EXPECT_EQ(encoded.decoded, reference.at("int4/decoded").as<float>());
    const auto codes = reference.at("int4/codes").as<std::int8_t>();
    for (std::size_t i = 0; i < codes.size(); ++i) {
        const unsigned pair = std::to_integer<unsigned>(encoded.codes[i / 2]);
        const unsigned nibble = i % 2 == 0 ? pair & 15U : pair >> 4;
        ASSERT_EQ(nibble, static_cast<unsigned>(codes[i]) & 15U) << i;
    }
}

TEST(CodecReferenceTest, Bf16) {
    MOBI_NEEDS_SHARED(kReference);
    const auto reference = read_reference(shared_path(kReference));
    const Encoded encoded = through_the_wire(Precision::Bf16, reference.at("half/input"));
    EXPECT_EQ(encoded.codes, reference.at("half/bf16").bytes);
    EXPECT_EQ(encoded.clamped, 0U);
}

// The reference lets 65520 become infinite; METHODS.md 1.3 clamps it and counts it.
TEST(CodecReferenceTest, Fp16) {
    MOBI_NEEDS_SHARED(kReference);
    const auto reference = read_reference(shared_path(kReference));
    const Encoded encoded = through_the_wire(Precision::Fp16, reference.at("half/input"));
    auto expected = reference.at("half/fp16").as<std::uint16_t>();
    std::size_t infinite = 0;
    for (std::uint16_t& code : expected)
        if ((code & 0x7fff) == 0x7c00) {
            --code;
            ++infinite;
        }
    EXPECT_EQ(infinite, 1U);
    EXPECT_EQ(encoded.clamped, infinite);
    std::vector<std::uint16_t> codes(expected.size());
    std::memcpy(codes.data(), encoded.codes.data(), encoded.codes.size());
    EXPECT_EQ(codes, expected);
}

TEST(CodecReferenceTest, Fp32IsTheInput) {
    MOBI_NEEDS_SHARED(kReference);
    const auto reference = read_reference(shared_path(kReference));
    const ReferenceTensor& input = reference.at("input/vectors");
    const Encoded encoded = through_the_wire(Precision::Fp32, input);
    EXPECT_EQ(encoded.codes, input.bytes);
    EXPECT_EQ(encoded.decoded, input.as<float>());
}

}  // namespace
}  // namespace mobi::test
