// SPDX-License-Identifier: Apache-2.0
#include "architecture/pooling.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/contains.hpp"
#include "support/temp_folder.hpp"

namespace mobi {
namespace {

namespace fs = std::filesystem;

using Modes = std::vector<std::string>;

Modes modes(const std::string& json) {
    return pooling_modes(ConfigFile::parse(json, "1_Pooling/config.json"));
}

/// A folder with these two files; an empty text: without.
class Folder : public test::TempFolder {
  public:
    Folder(const std::string& pooling, const std::string& modules) {
        fs::create_directories(path() / "1_Pooling");
        if (!pooling.empty()) write("1_Pooling/config.json", pooling);
        if (!modules.empty()) write("modules.json", modules);
    }
    Pooling pooling() const { return read_pooling(path(), Pivot::First); }
};

constexpr const char* kUsual =
    R"([{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},)"
    R"({"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},)"
    R"({"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}])";

TEST(PoolingTest, BothSpellingsAreUnderstood) {
    EXPECT_EQ(modes(R"({"pooling_mode": "mean"})"), Modes{"mean"});
    EXPECT_EQ(modes(R"({"pooling_mode": ["cls"]})"), Modes{"cls"});
    EXPECT_EQ(modes(R"({"pooling_mode": ["cls", "max"]})"), (Modes{"cls", "max"}));
    EXPECT_EQ(modes(R"({"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": false})"),
              Modes{"mean"});
    EXPECT_EQ(modes(R"({"pooling_mode_max_tokens": true, "pooling_mode_cls_token": true})"),
              (Modes{"cls", "max"}));
    EXPECT_EQ(modes(R"({"pooling_mode_weightedmean_tokens": true})"), Modes{"weightedmean"});
    // nothing asked for is mean, as sentence-transformers has it
    EXPECT_EQ(modes(R"({"pooling_mode_cls_token": false})"), Modes{"mean"});
    EXPECT_EQ(modes(R"({"word_embedding_dimension": 24})"), Modes{"mean"});
}

TEST(PoolingTest, SpellingsThatDisagreeAreRefused) {
    EXPECT_EQ(modes(R"({"pooling_mode": "cls", "pooling_mode_cls_token": true})"), Modes{"cls"});
    EXPECT_THROW(modes(R"({"pooling_mode": "cls", "pooling_mode_mean_tokens": true})"), DataError);
    for (const char* json :
         {R"({"pooling_mode": null})", R"({"pooling_mode": []})", R"({"pooling_mode": 1})",
          R"({"pooling_mode": ["cls", 1]})", R"({"pooling_mode_cls_token": 1})"})
        EXPECT_THROW(modes(json), DataError) << json;
}

TEST(PoolingTest, WhatIsNoPivotOfOursIsSaid) {
    EXPECT_EQ(Folder(R"({"pooling_mode": "mean"})", "").pooling().pivot, Pivot::Mean);
    EXPECT_EQ(Folder(R"({"pooling_mode": "lasttoken"})", kUsual).pooling().pivot, Pivot::Last);
    EXPECT_EQ(Folder(R"({"pooling_mode": "cls"})", kUsual).pooling().other, "");
    for (const char* mode : {R"("max")", R"(["cls", "mean"])", R"("weightedmean")",
                             R"("mean_sqrt_len_tokens")", R"("of my own")"}) {
        const Folder folder(std::string(R"({"pooling_mode": )") + mode + "}", kUsual);
        EXPECT_TRUE(
            test::contains(folder.pooling().other, "1_Pooling/config.json: pooling_mode = "))
            << mode;
    }
}

TEST(PoolingTest, ModulesSayWhereThePoolingIs) {
    const Folder moved(R"({"pooling_mode": "cls"})",
                       R"([{"path":"","type":"x.Transformer"},{"path":"p/1","type":"x.Pooling"}])");
    EXPECT_TRUE(test::contains(moved.pooling().other, "which is not there"));
    fs::create_directories(moved.path() / "p/1");
    moved.write("p/1/config.json", R"({"pooling_mode": "mean"})");
    const Pooling pooling = moved.pooling();
    EXPECT_EQ(pooling.pivot, Pivot::Mean);
    ASSERT_EQ(pooling.notes.size(), 1U);
    EXPECT_TRUE(test::contains(describe(pooling.notes[0]), "1_Pooling/config.json is not read"));
    const Folder weighted(R"({"pooling_mode": "cls"})",
                          R"([{"path":"1_Pooling","type":"x.WeightedLayerPooling"}])");
    EXPECT_TRUE(test::contains(weighted.pooling().other, "pooling by WeightedLayerPooling"));
    EXPECT_EQ(Folder("", "[]").pooling().other, "");
}

TEST(PoolingTest, AModelInAFolderOfItsOwnFindsThePoolingBesideIt) {
    const Folder root(R"({"pooling_mode": "mean"})",
                      R"([{"path":"0_Transformer","type":"x.Transformer"},)"
                      R"({"path":"1_Pooling","type":"x.Pooling"}])");
    fs::create_directories(root.path() / "0_Transformer");
    fs::create_directories(root.path() / "other");
    EXPECT_EQ(read_pooling(root.path() / "0_Transformer", Pivot::First).pivot, Pivot::Mean);
    EXPECT_EQ(read_pooling(root.path() / "0_Transformer/", Pivot::First).pivot, Pivot::Mean);
    EXPECT_EQ(read_pooling(root.path() / "other", Pivot::First).pivot, Pivot::First);
}

TEST(PoolingTest, ModulesThatAreNoneAreRefused) {
    for (const char* text : {"", "{}", "[1]", R"([{"path":""}])", R"([{"path":"..","type":"x"}])",
                             R"([{"path":"/etc","type":"x"}])", R"([{"path":1,"type":"x"}])"})
        EXPECT_THROW(parse_modules(text, "modules.json"), DataError) << text;
}

}  // namespace
}  // namespace mobi
