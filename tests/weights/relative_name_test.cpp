// SPDX-License-Identifier: Apache-2.0
#include "weights/relative_name.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mobi
