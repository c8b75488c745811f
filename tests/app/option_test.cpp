// SPDX-License-Identifier: Apache-2.0
#include "app/option.hpp"

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

Arguments given(const std::string& name, const std::vector<std::string>& values) {
    Arguments arguments;
    arguments.options[name] = values;
    return arguments;
}

template <typename Read>
std::string refusal_of(Read&& read) {
    try {
        read();
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(OptionTest, WhatIsNotGivenIsTheDefault) {
    EXPECT_EQ(option(Arguments{}, "threads", codec::integer(1), 7), 7);
    EXPECT_EQ(option(given("batch", {"3"}), "threads", codec::integer(1), 7), 7);
    EXPECT_EQ(option(Arguments{}, "threads", codec::integer(1), 0), 0)
        << "even one that nobody may give";
}

TEST(OptionTest, TheLastValueIsTaken) {
    EXPECT_EQ(option(given("threads", {"3"}), "threads", codec::integer(1), 7), 3);
    EXPECT_EQ(option(given("threads", {"3", "5"}), "threads", codec::integer(1), 7), 5);
}

TEST(OptionTest, AValueThatTheCodecRefusesIsNamedWithWhatIsAccepted) {
    const auto refused = [](const std::string& value) {
        return refusal_of(
            [&] { option(given("threads", {value}), "threads", codec::integer(1), 7); });
    };
    const std::string accepted = codec::integer(1).accepted;
    for (const char* value : {"0", "-1", "x", "", "1.5", "1 2"})
        EXPECT_EQ(refused(value), fmt::format("--threads {}: accepted: {}", value, accepted));
    EXPECT_EQ(refused("1"), "accepted");
}

TEST(OptionTest, OnlyTheLastValueIsLookedAt) {
    EXPECT_EQ(option(given("threads", {"x", "5"}), "threads", codec::integer(1), 7), 5);
    EXPECT_THROW(option(given("threads", {"5", "x"}), "threads", codec::integer(1), 7),
                 ConfigError);
}

TEST(OptionTest, AnyCodecServes) {
    EXPECT_EQ(option(given("seconds", {"0.25"}), "seconds", codec::positive_number(), 1.0), 0.25);
    EXPECT_EQ(option(given("on", {"true"}), "on", codec::boolean(), false), true);
    EXPECT_EQ(option(given("way", {"b"}), "way", codec::choice<int>({{"a", 4}, {"b", 9}}), 4), 9);
    EXPECT_EQ(refusal_of([&] {
                  option(given("way", {"c"}), "way", codec::choice<int>({{"a", 4}, {"b", 9}}), 4);
              }),
              "--way c: accepted: a | b");
}

TEST(ArithmeticOptionTest, TheHostKnowsTwoPrecisions) {
    EXPECT_EQ(arithmetic_option({}, Precision::Fp32), Precision::Fp32);
    EXPECT_EQ(arithmetic_option({}, Precision::Bf16), Precision::Bf16);
    EXPECT_EQ(arithmetic_option(given("dtype", {"fp32"}), Precision::Bf16), Precision::Fp32);
    EXPECT_EQ(arithmetic_option(given("dtype", {"bf16"}), Precision::Fp32), Precision::Bf16);
    for (const char* other : {"fp16", "int8", "FP32", ""})
        EXPECT_EQ(refusal_of([&] { arithmetic_option(given("dtype", {other}), Precision::Fp32); }),
                  fmt::format("--dtype {}: accepted: fp32 | bf16", other));
}

}  // namespace
}  // namespace mobi::test
