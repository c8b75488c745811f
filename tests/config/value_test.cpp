// SPDX-License-Identifier: Apache-2.0
#include "config/value.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <optional>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

TEST(CodecTest, TextOfANumberGivesBackTheNumberExactly) {
    RandomStream stream(1, Purpose::Test);
    const Codec<double> codecs[] = {
        codec::number(0, INFINITY),           codec::positive_number(),
        codec::quantity(Quantity::Rate),      codec::quantity(Quantity::Size),
        codec::quantity(Quantity::FlopRate),  codec::quantity(Quantity::Time),
        codec::figure(Quantity::Power, true), codec::power_slope()};
    for (int i = 0; i < 20'000; ++i) {
        // any positive double, and numbers of few digits, which is what people write
        double value = std::abs(std::bit_cast<double>(stream.next_u64()));
        if (i % 2 == 0)
            value = static_cast<double>(stream.below(10'000)) *
                    std::pow(10.0, static_cast<double>(stream.below(24)) - 12);
        if (!(value > 0 && value <= 1e24)) continue;
        for (const auto& codec : codecs) {
            const auto again = codec.read(codec.write(value));
            ASSERT_TRUE(again) << codec.write(value);
            EXPECT_EQ(*again, value) << codec.write(value);
        }
    }
}

// A band as it is written gives back its three numbers, and the word between does not get in the
// way of a unit.
TEST(BandedFigureTest, TextOfABandGivesItBackExactly) {
    RandomStream stream(2, Purpose::Test);
    const Codec<double> codecs[] = {codec::figure(Quantity::Rate, false),
                                    codec::figure(Quantity::FlopRate, false),
                                    codec::quantity(Quantity::Time),
                                    codec::figure(Quantity::Power, true), codec::power_slope()};
    for (int i = 0; i < 2'000; ++i) {
        const double scale = std::pow(10.0, static_cast<double>(stream.below(20)) - 8);
        double ends[] = {stream.uniform() * scale, stream.uniform() * scale,
                         stream.uniform() * scale};
        std::sort(std::begin(ends), std::end(ends));
        const FigureBand band{ends[1], ends[0], ends[2]};
        for (const auto& codec : codecs) {
            const std::string text = write_banded(band.nominal, &band, codec);
            const auto again = read_banded(text, codec);
            ASSERT_TRUE(again && again->band) << text;
            EXPECT_EQ(*again->band, band) << text;
            EXPECT_EQ(again->value, band.nominal);
            EXPECT_FALSE(read_banded(codec.write(band.nominal), codec)->band);
        }
    }
}

TEST(BandedFigureTest, TheLeastMayLeaveItsUnitToTheMost) {
    const auto rate = codec::figure(Quantity::FlopRate, false);
    const auto time = codec::quantity(Quantity::Time);
    EXPECT_EQ(*read_banded("0.45 TFLOP/s in 0.022 .. 1.1 TFLOP/s", rate)->band,
              (FigureBand{0.45e12, 0.022e12, 1.1e12}));
    EXPECT_EQ(*read_banded("450 GFLOP/s in 22GFLOP/s..1.1TFLOP/s", rate)->band,
              (FigureBand{450e9, 22e9, 1.1e12}));
    EXPECT_EQ(*read_banded("5 min in 1 .. 10 min", time)->band, (FigureBand{300, 60, 600}));
    EXPECT_EQ(*read_banded("0 s in 0 .. 0 s", time)->band, (FigureBand{0, 0, 0}));
    EXPECT_DOUBLE_EQ(
        read_banded("76.7 mW per Mbit/s in 38 .. 153 mW per Mbit/s", codec::power_slope())
            ->band->least,
        0.038 / 125'000);
    EXPECT_FALSE(read_banded("unlimited in 1 Mbit/s .. 2 Mbit/s",
                             codec::quantity_or("unlimited", Quantity::Rate)));
    EXPECT_FALSE(read_banded("1 Mbit/s in unlimited .. 2 Mbit/s",
                             codec::quantity_or("unlimited", Quantity::Rate)));
    EXPECT_TRUE(read_banded("unlimited", codec::quantity_or("unlimited", Quantity::Rate)));
}

TEST(CodecTest, APowerSlopeIsInJoulesPerByte) {
    const auto slope = codec::power_slope();
    // 76.7 mW per Mbit/s = 0.0767 J/s / 125,000 B/s
    EXPECT_DOUBLE_EQ(slope.read("76.7 mW per Mbit/s").value(), 0.0767 / 125'000);
    EXPECT_DOUBLE_EQ(slope.read("8W per MB/s").value(), 8e-6);
    EXPECT_EQ(slope.write(slope.read("76.7 mW per Mbit/s").value()), "76.7 mW per Mbit/s");
    for (const char* text :
         {"76.7", "76.7 mW", "76.7 mW/Mbit/s", "mW per Mbit/s", "1 mW per 2 Mbit/s", "1 mW per ",
          "-1 mW per Mbit/s", "1 Mbit/s per mW"})
        EXPECT_FALSE(slope.read(text)) << text;
}

TEST(CodecTest, AFigureCanBeUnknown) {
    const auto figure = codec::figure(Quantity::Size, false);
    EXPECT_TRUE(std::isnan(figure.read("unknown").value()));
    EXPECT_EQ(figure.write(NAN), "unknown");
    EXPECT_FALSE(figure.read("0 B"));
    EXPECT_FALSE(figure.read("nan"));
    EXPECT_FALSE(figure.read("1e25 B"));
    EXPECT_EQ(codec::figure(Quantity::Power, true).read("0 W"), 0.0);
}

TEST(CodecTest, IntegersAreWholeAndInRange) {
    const auto integer = codec::integer(1);
    EXPECT_EQ(integer.read("32"), 32);
    for (const char* text : {"", "0", "-3", "1.5", "1e3", "32 ", "0x10", "2147483648", "all"})
        EXPECT_FALSE(integer.read(text)) << text;
    const auto layers = codec::integer_or("all", 1);
    EXPECT_EQ(layers.read("all"), 0);
    EXPECT_EQ(layers.write(0), "all");
    EXPECT_FALSE(layers.read("0"));
    const auto few = codec::integer_or("none", 1, 9);
    EXPECT_EQ(few.accepted, "none, or an integer from 1 to 9");
    EXPECT_EQ(few.read("9"), 9);
    EXPECT_FALSE(few.read("10"));
    EXPECT_EQ(codec::seed().read("18446744073709551615"), UINT64_MAX);
    EXPECT_FALSE(codec::seed().read("-1"));
}

TEST(CodecTest, ATimeAboveZeroIsANanosecondOrMore) {
    const auto time = codec::positive_quantity(Quantity::Time);
    EXPECT_EQ(time.read("1 ns"), 1e-9);
    EXPECT_FALSE(time.read("0.4 ns"));
    EXPECT_FALSE(time.read("0 s"));
    EXPECT_EQ(codec::quantity_or("none", Quantity::Time).read("none"), 0.0);
    EXPECT_FALSE(codec::quantity_or("none", Quantity::Time).read("1e-300 s"));
    EXPECT_DOUBLE_EQ(codec::quantity(Quantity::Time).read("0.4 ns").value_or(0), 0.4e-9);
}

TEST(CodecTest, AFigureMayHaveAnotherWordForNone) {
    const auto codec = codec::figure(Quantity::Time, true, "launches");
    EXPECT_TRUE(std::isnan(codec.read("launches").value_or(0)));
    EXPECT_EQ(codec.read("0 s"), 0.0);
    EXPECT_EQ(codec.read("2 ms"), 0.002);
    for (const char* text : {"", "launch", "unknown", "none", "200", "-1 ms", "launches 2 ms"})
        EXPECT_FALSE(codec.read(text)) << text;
    EXPECT_EQ(codec.write(std::nan("")), "launches");
    EXPECT_EQ(codec.write(200e-6), "0.2 ms");
}

TEST(CodecTest, NumbersAreFiniteAndInRange) {
    EXPECT_EQ(codec::number(0, 1).read("0.06"), 0.06);
    EXPECT_EQ(codec::number(0, 1).read("1"), 1.0);
    for (const char* text : {"1.01", "-0.1", "inf", "nan", "1 %", ""})
        EXPECT_FALSE(codec::number(0, 1).read(text)) << text;
    EXPECT_FALSE(codec::positive_number().read("0"));
    EXPECT_EQ(codec::number_or("none", 100).read("none"), 0.0);
    EXPECT_EQ(codec::number_or("none", 100).write(0), "none");
    EXPECT_FALSE(codec::number_or("none", 100).read("0"));
    EXPECT_FALSE(codec::number_or("none", 100).read("101"));
}

TEST(CodecTest, ChoicesAndBooleansTakeTheirWordsOnly) {
    EXPECT_EQ(codec::boolean().read("true"), true);
    for (const char* text : {"True", "1", "yes", ""}) EXPECT_FALSE(codec::boolean().read(text));
    const auto choice = codec::choice<int>({{"one", 1}, {"two", 2}});
    EXPECT_EQ(choice.accepted, "one | two");
    EXPECT_EQ(choice.read("two"), 2);
    EXPECT_EQ(choice.write(1), "one");
    EXPECT_FALSE(choice.read("three"));
}

TEST(CodecTest, AMixKeepsItsOrderAndHasNoClassTwice) {
    const auto mix = codec::counts();
    const auto value = mix.read("tx2:34  nx-16:33 agx_1:1").value();
    ASSERT_EQ(value.size(), 3u);
    EXPECT_EQ(value[0], std::pair(std::string("tx2"), 34));
    EXPECT_EQ(mix.write(value), "tx2:34 nx-16:33 agx_1:1");
    EXPECT_TRUE(mix.read("")->empty());
    for (const char* text : {"tx2", "tx2:", ":3", "tx2:0", "tx2:-1", "tx2:1.5", "tx2:1:2",
                             "tx2:1 tx2:2", "a/b:1", "*:1", "tx2:1,nx:2", "tx2:10000001"})
        EXPECT_FALSE(mix.read(text)) << text;
}

TEST(CodecTest, ChoicesAreKeptInOrderWithRepeats) {
    const auto choices = codec::choices();
    const auto value = choices.read("tx2:wifi|lte|wifi *:lte").value();
    EXPECT_EQ(value.at("tx2"), (std::vector<std::string>{"wifi", "lte", "wifi"}));
    EXPECT_EQ(choices.write(value), "*:lte tx2:wifi|lte|wifi");
    for (const char* text :
         {"tx2", "tx2:", "tx2:a|", "tx2:|a", "tx2:a||b", "tx2:a tx2:b", "tx2:*", "tx2:a,b"})
        EXPECT_FALSE(choices.read(text)) << text;
}

TEST(CodecTest, AnAssignmentMayHaveARest) {
    const auto assignment = codec::assignment();
    const auto value = assignment.read("tx2:wifi *:lte").value();
    EXPECT_EQ(value.at("*"), "lte");
    EXPECT_EQ(assignment.write(value), "*:lte tx2:wifi");
    for (const char* text : {"tx2", "tx2:*", "tx2:a tx2:b", "tx2:../x", "a b:c"})
        EXPECT_FALSE(assignment.read(text)) << text;
}

}  // namespace
}  // namespace mobi::test
