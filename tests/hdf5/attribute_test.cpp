// SPDX-License-Identifier: Apache-2.0
#include "hdf5/attribute.hpp"

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "hdf5/memory_file.hpp"
#include "support/contains.hpp"
#include "wire/codec.hpp"

namespace mobi::record {
namespace {

using test::contains;
using test::memory_file;

constexpr Precision kPrecisions[] = {Precision::Fp32, Precision::Fp16, Precision::Bf16,
                                     Precision::Int8, Precision::Int4};

class AttributeTest : public ::testing::Test {
  protected:
    const File file_ = memory_file();
    const hid_t object_ = file_.get();

    /// What a read is refused with.
    static std::string refusal(const std::function<void()>& read) {
        try {
            read();
        } catch (const RecordError& error) {
            return error.what();
        }
        return "accepted";
    }
};

TEST_F(AttributeTest, TextsComeBack) {
    const std::string texts[] = {"", "a", "caf\u00e9 \u4e2d\n\ttab", std::string(100'000, 'x')};
    int number = 0;
    for (const std::string& text : texts) {
        const std::string name = "text_" + std::to_string(number++);
        write_text(object_, name.c_str(), text);
        EXPECT_EQ(read_text(object_, name.c_str()), text);
    }
}

TEST_F(AttributeTest, ATextIsUtf8OfVariableLength) {
    write_text(object_, "t", "caf\u00e9");
    const Attribute attribute(H5Aopen(object_, "t", H5P_DEFAULT), "open");
    const DataType type(H5Aget_type(attribute.get()), "type");
    EXPECT_GT(H5Tis_variable_str(type.get()), 0);
    EXPECT_EQ(H5Tget_cset(type.get()), H5T_CSET_UTF8);
}

TEST_F(AttributeTest, TextsGoIntoOneAttributeInTheirOrder) {
    const std::vector<std::string> texts{"one", "", "caf\u00e9"};
    write_texts(object_, "texts", texts);
    write_texts(object_, "none", {});
    const Attribute attribute(H5Aopen(object_, "texts", H5P_DEFAULT), "open");
    std::vector<char*> read(texts.size());
    check_hdf5(H5Aread(attribute.get(), text_type().get(), read.data()), "read");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        EXPECT_EQ(texts[i], read[i]);
        H5free_memory(read[i]);
    }
    EXPECT_EQ(refusal([&] { read_text(object_, "none"); }),
              "read attribute 'none': 0 values, not one");
}

TEST_F(AttributeTest, NumbersComeBackToTheirLimits) {
    using Limits = std::numeric_limits<std::int64_t>;
    int number = 0;
    for (const std::int64_t value :
         {Limits::min(), std::int64_t{-1}, std::int64_t{0}, Limits::max()}) {
        const std::string name = "n" + std::to_string(number++);
        write_number(object_, name.c_str(), value);
        EXPECT_EQ(read_number(object_, name.c_str()), value);
    }
    for (const std::uint64_t value :
         {std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{1} << 63}) {
        const std::string name = "u" + std::to_string(number++);
        write_unsigned(object_, name.c_str(), value);
        EXPECT_EQ(read_unsigned(object_, name.c_str()), value);
    }
}

TEST_F(AttributeTest, ListsOfNumbersComeBack) {
    RandomStream stream(1, Purpose::Test);
    for (std::size_t size = 0; size < 40; size += 13) {
        std::vector<std::int32_t> values(size);
        for (std::int32_t& value : values) value = static_cast<std::int32_t>(stream.next_u32());
        const std::string name = "list_" + std::to_string(size);
        write_numbers(object_, name.c_str(), values);
        EXPECT_EQ(read_numbers(object_, name.c_str()), values);
    }
}

TEST_F(AttributeTest, AnAbsentOneIsNamed) {
    write_number(object_, "there", 1);
    for (const auto& text : {refusal([&] { read_text(object_, "gone"); }),
                             refusal([&] { read_number(object_, "gone"); }),
                             refusal([&] { read_unsigned(object_, "gone"); }),
                             refusal([&] { read_numbers(object_, "gone"); })})
        EXPECT_TRUE(contains(text, "read attribute 'gone'"));
}

TEST_F(AttributeTest, OneOfAnotherKindIsRefused) {
    write_text(object_, "text", "5");
    write_number(object_, "number", 5);
    const DataSpace scalar(H5Screate(H5S_SCALAR), "a scalar");
    const Attribute real(
        H5Acreate2(object_, "real", H5T_IEEE_F64LE, scalar.get(), H5P_DEFAULT, H5P_DEFAULT),
        "create");
    const double half = 0.5;
    check_hdf5(H5Awrite(real.get(), H5T_NATIVE_DOUBLE, &half), "write");
    EXPECT_EQ(refusal([&] { read_text(object_, "number"); }),
              "read attribute 'number': not a text");
    for (const char* const name : {"text", "real"}) {
        const std::string text = std::string("read attribute '") + name + "': not a whole number";
        EXPECT_EQ(refusal([&] { read_number(object_, name); }), text);
        EXPECT_EQ(refusal([&] { read_unsigned(object_, name); }), text);
        EXPECT_EQ(refusal([&] { read_numbers(object_, name); }), text);
    }
}

/// HDF5 would write all of them where there is room for one.
TEST_F(AttributeTest, SeveralValuesAreNotReadAsOne) {
    write_numbers(object_, "numbers", std::vector<std::int32_t>{1, 2, 3});
    write_texts(object_, "texts", std::vector<std::string>{"a", "b"});
    EXPECT_EQ(refusal([&] { read_number(object_, "numbers"); }),
              "read attribute 'numbers': 3 values, not one");
    EXPECT_EQ(refusal([&] { read_unsigned(object_, "numbers"); }),
              "read attribute 'numbers': 3 values, not one");
    EXPECT_EQ(refusal([&] { read_text(object_, "texts"); }),
              "read attribute 'texts': 2 values, not one");
}

TEST_F(AttributeTest, AnotherProgramsNumberOfOtherWidthIsRead) {
    const hsize_t one = 1;
    const DataSpace line(H5Screate_simple(1, &one, nullptr), "a line");
    const Attribute attribute(
        H5Acreate2(object_, "n", H5T_STD_I16BE, line.get(), H5P_DEFAULT, H5P_DEFAULT), "create");
    const short value = -300;
    check_hdf5(H5Awrite(attribute.get(), H5T_NATIVE_SHORT, &value), "write");
    EXPECT_EQ(read_number(object_, "n"), -300);
    EXPECT_EQ(read_numbers(object_, "n"), std::vector<std::int32_t>{-300});
}

TEST_F(AttributeTest, OneIsNotWrittenTwice) {
    write_number(object_, "n", 1);
    EXPECT_TRUE(contains(refusal([&] { write_number(object_, "n", 2); }), "write attribute 'n'"));
    EXPECT_EQ(read_number(object_, "n"), 1);
}

TEST_F(AttributeTest, NamesAreSorted) {
    EXPECT_EQ(attribute_names(object_), std::vector<std::string>{});
    for (const char* const name : {"unit", "a", "description", "B"}) write_number(object_, name, 0);
    EXPECT_EQ(attribute_names(object_),
              (std::vector<std::string>{"B", "a", "description", "unit"}));
}

TEST_F(AttributeTest, ADatasetIsDescribedWithItsUnit) {
    const Group group(H5Gcreate2(object_, "/g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), "create");
    describe(group.get(), "when it came", "ns");
    EXPECT_EQ(read_text(group.get(), "description"), "when it came");
    EXPECT_EQ(read_text(group.get(), "unit"), "ns");
    EXPECT_EQ(attribute_names(group.get()).size(), 2U);
}

TEST(EncodingTest, NamesAreReadBack) {
    for (const Precision precision : kPrecisions)
        EXPECT_EQ(parse_encoding(encoding_name(precision), "a"), precision);
    EXPECT_EQ(encoding_name(Precision::Bf16), "bf16");
    for (const char* const text : {"", "FP32", "fp32 ", "int2"}) {
        try {
            parse_encoding(text, "run file 'a.h5'");
            FAIL() << text;
        } catch (const DataError& error) {
            EXPECT_EQ(error.what(), std::string("run file 'a.h5': encoding '") + text +
                                        "' is not known: fp32, fp16, bf16, int8 or int4");
        }
    }
}

TEST(EncodingTest, AVectorTakesTheBytesOfItsCodes) {
    for (const Precision precision : kPrecisions)
        for (std::int64_t width = 1; width < 20; ++width) {
            const std::size_t bytes = encoded_bytes(precision, width);
            EXPECT_EQ(bytes, vector_bytes(precision, static_cast<std::size_t>(width)));
            EXPECT_EQ(bytes, static_cast<std::size_t>(encoded_width(precision, width)) *
                                 H5Tget_size(encoded_type(precision).get()));
        }
    EXPECT_EQ(encoded_width(Precision::Int4, 7), 4);
    EXPECT_EQ(encoded_width(Precision::Int8, 7), 7);
}

/// An IEEE half by its definition.
double value_of_half(std::uint32_t half) {
    const int exponent = static_cast<int>(half >> 10U & 31U);
    const double fraction = static_cast<double>(half & 1023U);
    const double sign = (half >> 15U) != 0 ? -1 : 1;
    if (exponent == 31)
        return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
    return sign *
           (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

TEST(EncodingTest, HalvesAreIeeeHalvesInEveryCode) {
    const DataType half = encoded_type(Precision::Fp16);
    ASSERT_EQ(H5Tget_size(half.get()), 2U);
    std::vector<double> values(65536);
    std::vector<std::uint16_t> codes(values.size());
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint16_t>(i);
    std::memcpy(values.data(), codes.data(), codes.size() * sizeof codes[0]);
    check_hdf5(H5Tconvert(half.get(), H5T_NATIVE_DOUBLE, values.size(), values.data(), nullptr,
                          H5P_DEFAULT),
               "convert");
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double expected = value_of_half(static_cast<std::uint32_t>(i));
        if (std::isnan(expected))
            ASSERT_TRUE(std::isnan(values[i])) << i;
        else
            ASSERT_EQ(values[i], expected) << i;
    }
}

TEST(EncodingTest, TheOthersAreTheTypesOfTheirCodes) {
    const auto is = [](Precision precision, hid_t type) {
        return H5Tequal(encoded_type(precision).get(), type) > 0;
    };
    EXPECT_TRUE(is(Precision::Fp32, H5T_IEEE_F32LE));
    EXPECT_TRUE(is(Precision::Bf16, H5T_STD_U16LE));
    EXPECT_TRUE(is(Precision::Int8, H5T_STD_I8LE));
    EXPECT_TRUE(is(Precision::Int4, H5T_STD_U8LE));
}

}  // namespace
}  // namespace mobi::record
