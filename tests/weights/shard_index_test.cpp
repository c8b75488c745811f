// SPDX-License-Identifier: Apache-2.0
#include "weights/shard_index.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi {
namespace {

TEST(ShardIndexTest, FilesAreOrderedAsTransformersReadsThem) {
    const ShardIndex index = parse_shard_index(
        R"({"weight_map": {"x": "b", "y": "./c", "z": "a", "u": "w/a"}})", "index");
    EXPECT_EQ(index.files, (std::vector<std::string>{"c", "a", "b", "w/a"}));
    EXPECT_EQ(index.file_of.at("y"), "c");
    const ShardIndex twice =
        parse_shard_index(R"({"weight_map": {"x": "./a", "y": "a"}})", "index");
    EXPECT_EQ(twice.files, std::vector<std::string>{"a"});
}

TEST(ShardIndexTest, WhatIsNoIndexIsRefused) {
    for (const char* text : {"", "[]", "{}", R"({"weight_map": []})", R"({"weight_map": {}})",
                             R"({"weight_map": {"x": 7}})", R"({"weight_map": {"x": "../a"}})",
                             R"({"weight_map": {"x": "a", "x": "b"}})"})
        EXPECT_THROW(parse_shard_index(text, "index"), DataError) << text;
}

}  // namespace
}  // namespace mobi
