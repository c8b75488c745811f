// SPDX-License-Identifier: Apache-2.0
// Codes, scales and decoded values against an independent implementation: equal, not near.  Every
// case of the form of `quantisation`.
#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "support/reference_cases.hpp"
#include "support/safetensors_reader.hpp"
#include "wire/codec.hpp"

namespace mobi::test {
namespace {

class CodecReferenceTest : public ::testing::TestWithParam<std::string> {
  protected:
    void SetUp() override {
        MOBI_NEEDS_SHARED(GetParam());
        reference = read_reference(shared_path(GetParam()) / "reference.safetensors");
    }

    std::map<std::string, ReferenceTensor> reference;
};

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

TEST_P(CodecReferenceTest, Int8) {
    const Encoded encoded = through_the_wire(Precision::Int8, reference.at("input/vectors"));
    EXPECT_EQ(encoded.codes, reference.at("int8/codes").bytes);
    EXPECT_EQ(encoded.scales, reference.at("int8/scale").as<float>());
    EXPECT_EQ(encoded.decoded, reference.at("int8/decoded").as<float>());
}

TEST_P(CodecReferenceTest, Int4) {
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

TEST_P(CodecReferenceTest, Bf16) {
    const Encoded encoded = through_the_wire(Precision::Bf16, reference.at("half/input"));
    EXPECT_EQ(encoded.codes, reference.at("half/bf16").bytes);
    EXPECT_EQ(encoded.clamped, 0U);
}

// The reference lets 65520 become infinite; docs/method.md 1.3 clamps it and counts it.
TEST_P(CodecReferenceTest, Fp16) {
    const Encoded encoded = through_the_wire(Precision::Fp16, reference.at("half/input"));
    auto expected = reference.at("half/fp16").as<std::uint16_t>();
    std::size_t infinite = 0;
    for (std::uint16_t& code : expected)
        if ((code & 0x7fff) == 0x7c00) {
            --code;
            ++infinite;
        }
    EXPECT_EQ(encoded.clamped, infinite);
    std::vector<std::uint16_t> codes(expected.size());
    std::memcpy(codes.data(), encoded.codes.data(), encoded.codes.size());
    EXPECT_EQ(codes, expected);
}

TEST_P(CodecReferenceTest, Fp32IsTheInput) {
    const ReferenceTensor& input = reference.at("input/vectors");
    const Encoded encoded = through_the_wire(Precision::Fp32, input);
    EXPECT_EQ(encoded.codes, input.bytes);
    EXPECT_EQ(encoded.decoded, input.as<float>());
}

INSTANTIATE_TEST_SUITE_P(Cases,
                         CodecReferenceTest,
                         ::testing::ValuesIn(reference_cases([](const Json& facts) {
                             return has_path(facts, "/settings/rounding");
                         })),
                         [](const auto& test) { return case_name(test); });

}  // namespace
}  // namespace mobi::test
