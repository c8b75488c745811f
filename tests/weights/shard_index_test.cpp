// SPDX-License-Identifier: Apache-2.0
#include "weights/shard_index.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "core/rng.hpp"

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

TEST(ShardIndexTest, RandomIndexesAreReadAsTransformersWould) {
    RandomStream random(1, Purpose::Test);
    const std::array spellings{"a", "./a", "b", "w/a", "w//a", "z", "./z", "m.safetensors"};
    for (int round = 0; round < 500; ++round) {
        nlohmann::json map = nlohmann::json::object();
        for (auto count = 1 + random.below(8); count > 0; --count)
            map["t" + std::to_string(random.below(20))] = spellings[random.below(8)];
        const ShardIndex index =
            parse_shard_index(nlohmann::json{{"weight_map", map}, {"metadata", {}}}.dump(), "i");
        ASSERT_EQ(index.file_of.size(), map.size());
        // sorted(set(weight_map.values())), read in turn: a later file replaces what it names too
        std::set<std::string> sorted;
        for (const auto& [tensor, file] : map.items()) {
            sorted.insert(file.get<std::string>());
            EXPECT_EQ(index.file_of.at(tensor),
                      std::filesystem::path(file.get<std::string>()).lexically_normal().string());
        }
        std::vector<std::string> files;
        for (const std::string& spelling : sorted)
            files.push_back(std::filesystem::path(spelling).lexically_normal().string());
        std::vector<std::string> last;  // of each file its last place
        for (auto file = files.rbegin(); file != files.rend(); ++file)
            if (std::find(last.begin(), last.end(), *file) == last.end()) last.push_back(*file);
        std::reverse(last.begin(), last.end());
        EXPECT_EQ(index.files, last);
    }
}

TEST(ShardIndexTest, TheMessageNamesTheIndexAndTheTensor) {
    const auto refusal = [](const std::string& text) {
        try {
            parse_shard_index(text, "folder/index.json");
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(refusal(R"({"metadata": {}})"),
              "folder/index.json: needs an object \"weight_map\", tensor name to file");
    for (const char* file : {R"("../a")", R"("/a")", R"("a/")", R"("")", "7", "null", R"(["a"])"})
        EXPECT_EQ(refusal(std::string(R"({"weight_map": {"good": "a", "x.y": )") + file + "}}"),
                  "folder/index.json: weight_map of \"x.y\" is not the name of a file beside it "
                  "or below")
            << file;
    EXPECT_EQ(refusal(R"({"weight_map": {"x": "a", "x": "a"}})"),
              "folder/index.json: key \"x\" occurs twice");
}

}  // namespace
}  // namespace mobi
