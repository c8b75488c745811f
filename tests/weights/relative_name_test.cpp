// SPDX-License-Identifier: Apache-2.0
#include "weights/relative_name.hpp"

#include <array>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi {
namespace {

TEST(RelativeNameTest, APathInsideIsMadePlain) {
    EXPECT_EQ(relative_name("a.safetensors"), "a.safetensors");
    EXPECT_EQ(relative_name("./a"), "a");
    EXPECT_EQ(relative_name("././w//b"), "w/b");
    EXPECT_EQ(relative_name("..a/b.."), "..a/b..");
}

TEST(RelativeNameTest, NoPathLeavesTheFolder) {
    for (const char* name : {"", ".", "./", "..", "../a", "a/../b", "a/..", "/a", "a/", "a\nb"})
        EXPECT_EQ(relative_name(name), std::nullopt) << name;
}

/// By the standard library: what is left of the path when it is made plain.
std::optional<std::string> naive(const std::string& name) {
    const std::filesystem::path path(name);
    if (name.empty() || path.is_absolute() || name.back() == '/') return std::nullopt;
    for (const auto& part : path)
        if (part == "..") return std::nullopt;
    const std::string plain = path.lexically_normal().generic_string();
    if (plain == "." || plain.ends_with('/')) {  // "a/." is "a/" there
        const std::string inside = plain.substr(0, plain.size() - 1);
        return inside.empty() ? std::nullopt : std::optional(inside);
    }
    return plain;
}

TEST(RelativeNameTest, RandomPathsAreThoseOfTheStandardLibrary) {
    RandomStream random(1, Purpose::Test);
    int accepted = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string name;
        for (std::uint64_t parts = 1 + random.below(6); parts > 0; --parts)
            name += std::array{"a", "bc", ".", "..", "/", "/", "//", "./"}[random.below(8)];
        EXPECT_EQ(relative_name(name), naive(name)) << name;
        if (const auto plain = relative_name(name)) {
            ++accepted;
            EXPECT_EQ(relative_name(*plain), plain);  // plain already
            EXPECT_EQ(relative_name("./" + *plain), plain);
        }
    }
    EXPECT_GT(accepted, 2000);
}

TEST(RelativeNameTest, ControlCharactersAreRefusedAndOthersKept) {
    for (const char* name : {"a\tb", "a\x7f", "\x1b[0m", "a\r"})
        EXPECT_EQ(relative_name(name), std::nullopt) << name;
    for (const char* name : {"a b", "\u00e9/\u4e2d", "a\\b", "~", "c:"})
        EXPECT_EQ(relative_name(name), name);
}

}  // namespace
}  // namespace mobi
