// SPDX-License-Identifier: Apache-2.0
#include "core/units.hpp"

#include <cmath>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "core/text.hpp"

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

struct Accepted {
    Quantity quantity;
    const char* units;
    std::vector<double> scales;  // in the order of the units
};

/// Every unit, by hand.
const std::vector<Accepted>& accepted() {
    static const std::vector<Accepted> all{
        {Quantity::Rate,
         "bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s, TB/s",
         {0.125, 125, 125e3, 125e6, 1, 1e3, 1e6, 1e9, 1e12}},
        {Quantity::Size,
         "B, kB, MB, GB, KiB, MiB, GiB",
         {1, 1e3, 1e6, 1e9, 1024, 1048576, 1073741824}},
        {Quantity::FlopRate,
         "FLOP/s, kFLOP/s, MFLOP/s, GFLOP/s, TFLOP/s",
         {1, 1e3, 1e6, 1e9, 1e12}},
        {Quantity::Time, "ns, us, ms, s, min, h", {1e-9, 1e-6, 1e-3, 1, 60, 3600}},
        {Quantity::Power, "mW, W", {1e-3, 1}},
        {Quantity::Energy, "J, kJ, Wh", {1, 1e3, 3600}}};
    return all;
}

TEST(ParseQuantityTest, EveryUnitIsAcceptedByItsQuantityAlone) {
    for (const Accepted& own : accepted()) {
        EXPECT_EQ(accepted_units(own.quantity), own.units);
        std::size_t i = 0;
        for (std::string_view unit : split(own.units, ',')) {
            unit = trim(unit);
            for (const std::string blanks : {"", " ", "  \t"})
                EXPECT_EQ(parse_quantity("3" + blanks + std::string(unit), own.quantity),
                          3 * own.scales.at(i))
                    << unit;
            for (const Accepted& other : accepted()) {
                if (other.quantity == own.quantity) continue;
                EXPECT_THROW(parse_quantity("3 " + std::string(unit), other.quantity),
                             std::invalid_argument)
                    << unit;
            }
            ++i;
        }
        EXPECT_EQ(i, own.scales.size());
    }
}

TEST(ParseQuantityTest, WhatIsNoNumberWithAUnitIsQuotedInTheError) {
    for (const std::string text : {"", "s", "1", "1 S", "1 s s", "1 sec", "+1 s", "1,5 s", "0x1 s",
                                   "1e s", "nan s", "-0.1 s", "1 m s", "1e400 s", "1 s\n2 s"}) {
        try {
            parse_quantity(text, Quantity::Time);
            ADD_FAILURE() << "accepted " << text;
        } catch (const std::invalid_argument& error) {
            EXPECT_EQ(error.what(),
                      "'" + text + "': a number and one of ns, us, ms, s, min, h is accepted");
        }
    }
}

TEST(ParseQuantityTest, IsFiniteAlsoInSiUnits) {
    EXPECT_EQ(parse_quantity("1e296 TB/s", Quantity::Rate), 1e296 * 1e12);
    EXPECT_THROW(parse_quantity("1e300 TB/s", Quantity::Rate), std::invalid_argument);
    EXPECT_THROW(parse_quantity("1e306 h", Quantity::Time), std::invalid_argument);
}

TEST(FormatQuantityPropertyTest, AnyNumberIsReadBackBitForBit) {
    RandomStream stream(1, Purpose::Test);
    for (const Accepted& own : accepted())
        for (int i = 0; i < 500; ++i) {
            // of all magnitudes, with many digits or few
            double value = std::exp(20 * stream.normal());
            if (stream.below(2) == 0) value = std::round(value * 100) / 100;
            const std::string text = format_quantity(value, own.quantity);
            ASSERT_EQ(parse_quantity(text, own.quantity), value) << text;
            for (const double scale : own.scales) {
                // no unit would have said it in fewer digits
                const std::string number = fmt::format("{}", value / scale);
                if (value / scale * scale != value) continue;
                ASSERT_LE(text.find(' '), number.size()) << text << " or " << number;
            }
        }
    EXPECT_EQ(format_quantity(0, Quantity::Power), "0 mW");
}

}  // namespace
}  // namespace mobi::test
