// SPDX-License-Identifier: Apache-2.0
#include "weights/json_text.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/rng.hpp"

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

nlohmann::json random_json(RandomStream& random, int depth) {
    switch (random.below(depth > 0 ? 7 : 5)) {
        case 0:
            return nullptr;
        case 1:
            return random.below(2) == 0;
        case 2:
            return static_cast<std::int64_t>(random.next_u64());
        case 3:
            return random.normal();
        case 4: {
            std::string text;
            for (auto count = random.below(6); count > 0; --count)
                text += static_cast<char>(random.below(128));
            return text;
        }
        case 5: {
            nlohmann::json list = nlohmann::json::array();
            for (auto count = random.below(5); count > 0; --count)
                list.push_back(random_json(random, depth - 1));
            return list;
        }
        default: {
            nlohmann::json object = nlohmann::json::object();
            for (auto count = random.below(5); count > 0; --count)
                object["k" + std::to_string(random.below(20))] = random_json(random, depth - 1);
            return object;
        }
    }
}

TEST(JsonTextTest, WhatTheLibraryWritesIsReadBack) {
    RandomStream random(1, Purpose::Test);
    for (int round = 0; round < 1000; ++round) {
        const nlohmann::json value = random_json(random, 5);
        EXPECT_EQ(parse_json(value.dump()), value);
        EXPECT_EQ(parse_json(value.dump(3)), value);
    }
}

TEST(JsonTextTest, AKeyOccursOnceInItsOwnObject) {
    for (const char* text : {R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":2}])",
                             R"({"a":[{"b":1},{"b":1}],"b":{"a":1}})", R"({"a":1,"A":1,"a ":1})"})
        EXPECT_EQ(fault_of(text), "no fault") << text;
    for (const char* text :
         {R"([[{"k":{},"k":{}}]])", R"({"x":{"k":1,"y":{"k":1},"k":2}})", R"({"k":1,"\u006b":2})"})
        EXPECT_EQ(fault_of(text), R"(key "k" occurs twice)") << text;
    EXPECT_EQ(fault_of(R"({"a\n":1,"a\n":1})").find('\n'), std::string::npos);
}

TEST(JsonTextTest, EveryPrefixOfAnObjectIsRefused) {
    const std::string text = R"({"a":[1,-2.5e3,true,null,"x\"y"],"b":{}})";
    ASSERT_EQ(fault_of(text), "no fault");
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_NE(fault_of(text.substr(0, size)).find("is not JSON ("), std::string::npos) << size;
    for (const char* more : {"x", "{}", ",", "\0"})
        EXPECT_NE(fault_of(text + more + "x"), "no fault");
}

TEST(JsonTextTest, WhatIsNotJsonIsRefused) {
    for (const char* text : {"NaN", "Infinity", "{'a':1}", "{a:1}", "[1,]", "// x\n{}", "01", "+1",
                             "1e999", "\"\xff\"", "\"\\ud800\""})
        EXPECT_NE(fault_of(text).find("is not JSON"), std::string::npos) << text;
}

TEST(JsonTextTest, ObjectsCountTowardsTheDepth) {
    const auto objects = [](int depth) {
        std::string text;
        for (int i = 0; i < depth; ++i) text += R"({"k":)";
        return text + "1" + std::string(static_cast<std::size_t>(depth), '}');
    };
    EXPECT_EQ(fault_of(objects(64)), "no fault");
    EXPECT_EQ(fault_of(objects(65)), "is nested deeper than 64");
    EXPECT_EQ(fault_of(objects(100'000)), "is nested deeper than 64");
}

}  // namespace
}  // namespace mobi
