// SPDX-License-Identifier: Apache-2.0
#include "config/arguments.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
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

TEST(ArgumentsTest, OrderWithinAnOptionAndAmongArgumentsIsKept) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<std::string> words, positional, values;
        bool verbose = false;
        for (auto count = random.below(12); count > 0; --count) {
            const std::string value = "v" + std::to_string(count) + "=x y";
            switch (random.below(4)) {
                case 0:
                    words.push_back(value);
                    positional.push_back(value);
                    break;
                case 1:
                    words.emplace_back("--verbose");
                    verbose = true;
                    break;
                case 2:
                    words.push_back("--set=" + value);
                    values.push_back(value);
                    break;
                default:
                    words.emplace_back("--set");
                    words.push_back(value);
                    values.push_back(value);
            }
        }
        const Arguments arguments = parse(words);
        EXPECT_EQ(arguments.positional, positional);
        EXPECT_EQ(arguments.all("set"), values);
        EXPECT_EQ(arguments.has("set"), !values.empty());
        EXPECT_EQ(arguments.get("set", "none"), values.empty() ? "none" : values.back());
        EXPECT_EQ(arguments.has("verbose"), verbose);
    }
}

TEST(ArgumentsTest, AValueMayBeAlmostAnything) {
    for (const char* value : {"a=-1", "a=\"b c\"", "a=b=c", "=", "a=", "a=\xc3\xa9"}) {
        EXPECT_EQ(parse({"--set", value}).get("set"), value);
        EXPECT_EQ(parse({std::string("--set=") + value}).get("set"), value);
    }
}

TEST(ArgumentsTest, AnOptionFarFromAnyNamesNone) {
    const std::string words = refusal({"--zzzzzzzz=1"});
    EXPECT_TRUE(contains(words, "unknown option --zzzzzzzz"));
    EXPECT_FALSE(contains(words, "did you mean"));
    EXPECT_TRUE(contains(words, "--help"));
}

TEST(DescribeArgumentsTest, EveryOptionHasItsLine) {
    const std::vector<ArgumentSpec> specs{{"set", true, "override a key"},
                                          {"verbose", false, "say more"}};
    const std::string text = describe_arguments(specs);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
    EXPECT_TRUE(contains(text, "--set VALUE"));
    EXPECT_TRUE(contains(text, "override a key\n"));
    EXPECT_TRUE(contains(text, "--verbose "));
    EXPECT_FALSE(contains(text, "--verbose VALUE"));
}

}  // namespace
}  // namespace mobi::test
