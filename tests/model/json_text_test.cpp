// SPDX-License-Identifier: Apache-2.0
#include "model/json_text.hpp"

#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "core/error.hpp"
#include "model/model_support.hpp"

namespace mobi {
namespace {

std::string fault_of(const std::string& text) {
    try {
        parse_json(text);
    } catch (const JsonFault& fault) {
        return fault.what();
    }
    return "no fault";
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonTextTest, WhatIsWrongIsSaidInOneLine) {
    EXPECT_EQ(parse_json(R"({"a": [1, {"a": 2}]})")["a"][1]["a"], 2);
    EXPECT_EQ(fault_of(R"({"a": 1, "b": {"a": 1}, "a": 2})"), R"(key "a" occurs twice)");
    EXPECT_NE(fault_of("{\"a\n\": 1}").find("is not JSON"), std::string::npos);
    EXPECT_EQ(fault_of("{\"a\n\": 1}").find('\n'), std::string::npos);
    EXPECT_NE(fault_of("").find("is not JSON"), std::string::npos);
}

TEST(JsonTextTest, NoDepthOverflowsTheStack) {
    EXPECT_EQ(fault_of(nested(64)), "no fault");
    EXPECT_EQ(fault_of(nested(66)), "is nested deeper than 64");
    EXPECT_EQ(fault_of(nested(1'000'000)), "is nested deeper than 64");
}

TEST(JsonTextTest, OnlyARegularFileOfSomeSizeIsRead) {
    const test::TempFolder folder;
    const auto path = folder.path() / "config.json";
    EXPECT_THROW(read_text_file(path), DataError);
    EXPECT_THROW(read_text_file(folder.path()), DataError);
    EXPECT_THROW(read_text_file("/dev/zero"), DataError);
    ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
    EXPECT_THROW(read_text_file(folder.path() / "pipe"), DataError);  // and does not wait for it
    std::ofstream(path) << "{}";
    EXPECT_EQ(read_text_file(path), "{}");
    std::filesystem::resize_file(path, std::uintmax_t{1} << 33);
    EXPECT_THROW(read_text_file(path), DataError);
}

}  // namespace
}  // namespace mobi
