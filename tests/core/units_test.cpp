// SPDX-License-Identifier: Apache-2.0
#include "core/units.hpp"

#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

TEST(ParseQuantityTest, BitsAndBytesDifferByEight) {
    EXPECT_DOUBLE_EQ(parse_quantity("20 Mbit/s", Quantity::Rate), 2.5e6);
    EXPECT_DOUBLE_EQ(parse_quantity("2.5MB/s", Quantity::Rate), 2.5e6);
}

TEST(ParseQuantityTest, BinaryAndDecimalSizesDiffer) {
    EXPECT_EQ(parse_quantity("8 GiB", Quantity::Size), 8589934592.0);
    EXPECT_EQ(parse_quantity("8 GB", Quantity::Size), 8e9);
}

TEST(ParseQuantityTest, ANumberWithoutAUnitIsAnError) {
    try {
        parse_quantity("20", Quantity::Rate);
        FAIL() << "accepted a rate without a unit";
    } catch (const std::invalid_argument& error) {
        EXPECT_NE(std::string(error.what()).find("Mbit/s"), std::string::npos);
    }
}

TEST(ParseQuantityTest, NegativeAndInfiniteAreErrors) {
    EXPECT_THROW(parse_quantity("-1 s", Quantity::Time), std::invalid_argument);
    EXPECT_THROW(parse_quantity("inf W", Quantity::Power), std::invalid_argument);
    EXPECT_THROW(parse_quantity("", Quantity::Time), std::invalid_argument);
}

TEST(FormatQuantityTest, IsTheInverseOfParse) {
    for (const char* text : {"20 Mbit/s", "100 Mbit/s", "59.7 GB/s", "1.3 kbit/s"})
        EXPECT_EQ(
            parse_quantity(format_quantity(parse_quantity(text, Quantity::Rate), Quantity::Rate),
                           Quantity::Rate),
            parse_quantity(text, Quantity::Rate))
            << text;
    EXPECT_EQ(format_quantity(2.5e6, Quantity::Rate), "20 Mbit/s");
    EXPECT_EQ(format_quantity(8589934592.0, Quantity::Size), "8 GiB");
    EXPECT_EQ(format_quantity(0.005, Quantity::Time), "5 ms");
}

}  // namespace
}  // namespace mobi::test
