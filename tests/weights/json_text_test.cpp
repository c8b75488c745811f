// SPDX-License-Identifier: Apache-2.0
#include "weights/json_text.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace mobi
