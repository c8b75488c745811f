// SPDX-License-Identifier: Apache-2.0
#include "config/arguments.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

Arguments parse(const std::vector<std::string>& words) {
    const std::vector<ArgumentSpec> specs{{"set", true, "override"}, {"verbose", false, "more"}};
    return parse_arguments(words, specs);
}

std::string refusal(const std::vector<std::string>& words) {
    try {
        parse(words);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(ArgumentsTest, OptionsAndArgumentsMayBeMixed) {
    const auto arguments = parse({"--set", "a=1", "x.cfg", "--verbose", "--set=b=4 GiB", "y.cfg"});
    EXPECT_EQ(arguments.positional, (std::vector<std::string>{"x.cfg", "y.cfg"}));
    EXPECT_EQ(arguments.all("set"), (std::vector<std::string>{"a=1", "b=4 GiB"}));
    EXPECT_EQ(arguments.get("set"), "b=4 GiB");
    EXPECT_TRUE(arguments.has("verbose"));
}

TEST(ArgumentsTest, WhatIsNotGivenIsAbsent) {
    const auto arguments = parse({});
    EXPECT_FALSE(arguments.has("verbose"));
    EXPECT_TRUE(arguments.all("set").empty());
    EXPECT_EQ(arguments.get("set", "none"), "none");
}

TEST(ArgumentsTest, MistakesAreNamed) {
    EXPECT_TRUE(contains(refusal({"--sett", "a=1"}), "did you mean --set?"));
    EXPECT_TRUE(contains(refusal({"--set"}), "--set"));
    EXPECT_FALSE(contains(refusal({"--set"}), "accepted"));
    EXPECT_TRUE(contains(refusal({"--verbose=1"}), "--verbose"));
    EXPECT_FALSE(contains(refusal({"--verb"}), "accepted"));  // no guessing of prefixes
}

}  // namespace
}  // namespace mobi::test
