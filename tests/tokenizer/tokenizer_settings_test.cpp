// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_settings.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/tokenizer_files.hpp"

namespace mobi::test {
namespace {

struct Texts {
    std::string config = {};
    std::string map = {};
    std::string added = {};
    std::string json = {};
};

/// The files, which settings keep views of while they live.
class TokenizerSettingsTest : public ::testing::Test {
  protected:
    TokenizerSettings read(const Texts& texts) {
        files_ = absent_files();
        files_.tokenizer_config.text = texts.config;
        files_.special_tokens_map.text = texts.map;
        files_.added_tokens.text = texts.added;
        files_.tokenizer_json.text = texts.json;
        return TokenizerSettings(files_);
    }

    std::string complaint(const Texts& texts) {
        try {
            read(texts);
        } catch (const DataError& error) {
            return error.what();
        }
        return "no error";
    }

    static std::vector<std::string> contents(const TokenizerSettings& settings) {
        std::vector<std::string> all;
        for (const auto& [id, entry] : settings.added())
            all.push_back(std::to_string(id) + " " + entry.token.content);
        return all;
    }

    using Contents = std::vector<std::string>;
    TokenizerFiles files_;
};

TEST_F(TokenizerSettingsTest, NullIsAStatement) {
    const TokenizerSettings settings = read({R"({"pad_token": null, "do_lower_case": false})"});
    EXPECT_TRUE(settings.states("pad_token"));
    EXPECT_TRUE(settings.states_null("pad_token"));
    EXPECT_FALSE(settings.special("pad_token"));
    EXPECT_FALSE(settings.states("cls_token"));
    EXPECT_EQ(settings.flag("do_lower_case"), false);
    EXPECT_EQ(settings.flag("strip_accents"), std::nullopt);
    EXPECT_EQ(settings.source("do_lower_case"), "tokenizer_config.json");
}

TEST_F(TokenizerSettingsTest, SpecialTokensMapOverridesWithANote) {
    const TokenizerSettings settings = read(
        {R"({"pad_token": "<p>", "cls_token": "c"})", R"({"pad_token": "<q>", "cls_token": "c"})"});
    EXPECT_EQ(settings.special("pad_token")->token.content, "<q>");
    EXPECT_EQ(settings.source("pad_token"), "special_tokens_map.json");
    ASSERT_EQ(settings.notes().size(), 1U);
    EXPECT_EQ(
        describe(settings.notes().front()),
        "pad_token \"<q>\" from special_tokens_map.json (tokenizer_config.json says \"<p>\")");
}

TEST_F(TokenizerSettingsTest, AddedTokensDecoderIsTheOnlySourceWhereItIsThere) {
    const TokenizerSettings settings =
        read({R"({"added_tokens_decoder": {"7": {"content": "x", "lstrip": true}}})",
              R"({"pad_token": "<q>"})", R"({"y": 8})"});
    EXPECT_EQ(contents(settings), (Contents{"7 x"}));
    EXPECT_TRUE(settings.added().at(7).token.lstrip);
    EXPECT_FALSE(settings.states("pad_token"));
    EXPECT_EQ(settings.notes().size(), 2U) << "both files are there and not read";
}

TEST_F(TokenizerSettingsTest, OfTwoTokensWithOneIdTheLaterFileCounts) {
    const TokenizerSettings settings =
        read({"", R"({"pad_token": "p"})", R"({"y": 8, "p": 9})",
              R"({"added_tokens": [{"id": 8, "content": "z", "special": true}]})"});
    EXPECT_EQ(contents(settings), (Contents{"8 z", "9 p"}));
    EXPECT_TRUE(settings.added().at(9).token.special) << "pad_token names it";
    EXPECT_FALSE(settings.added().at(9).token.normalized);
    EXPECT_EQ(settings.source_of_added(8), "tokenizer.json");
    ASSERT_EQ(settings.notes().size(), 1U);
    EXPECT_EQ(describe(settings.notes().front()),
              "token 8 \"z\" (special) from tokenizer.json (added_tokens.json says \"y\" "
              "(normalized))");
}

TEST_F(TokenizerSettingsTest, ANamedTokenHasTheSwitchesOfTheAddedOne) {
    const TokenizerSettings settings = read({R"({"mask_token": "<m>", "added_tokens_decoder":
                  {"3": {"content": "<m>", "rstrip": true, "special": true}}})"});
    EXPECT_TRUE(settings.special("mask_token")->token.rstrip);
    EXPECT_FALSE(settings.special("mask_token")->plain);
}

TEST_F(TokenizerSettingsTest, ExtraTokensHaveTwoNamesAndAreAListOrAnObject) {
    EXPECT_EQ(read({R"({"additional_special_tokens": ["a", "b"]})"}).extra().size(), 2U);
    const TokenizerSettings both =
        read({R"({"additional_special_tokens": ["a"], "extra_special_tokens": ["b"]})",
              R"({"extra_special_tokens": ["b", "c"]})"});
    ASSERT_EQ(both.extra().size(), 2U);
    EXPECT_EQ(both.extra().back().token.content, "c");
    const TokenizerSettings object =
        read({R"({"image_token": "i", "extra_special_tokens": {"video_token": "v"}})"});
    EXPECT_TRUE(object.extra().empty());
    ASSERT_EQ(object.other_names().size(), 2U);
    EXPECT_EQ(object.other_names().back().second.token.content, "v");
}

TEST_F(TokenizerSettingsTest, OtherNamesKeepTheOrderOfTheFile) {
    const TokenizerSettings settings =
        read({R"({"z_token": "1", "a_token": "2", "add_bos_token": true})",
              R"({"m_token": "3", "z_token": "4"})"});
    TokenizerSettings::Named names = settings.other_names();
    ASSERT_EQ(names.size(), 3U);
    EXPECT_EQ(names[0].first, "m_token") << "special_tokens_map.json first";
    EXPECT_EQ(names[1].second.token.content, "1") << "but tokenizer_config.json counts";
    EXPECT_EQ(names[2].first, "a_token");
}

TEST_F(TokenizerSettingsTest, FaultsAreNamed) {
    EXPECT_EQ(complaint({"[]"}), "tokenizer_config.json: is not a JSON object");
    EXPECT_EQ(complaint({R"({"bos_token": 3})"}),
              "tokenizer_config.json: bos_token: is not a text");
    EXPECT_EQ(complaint({R"({"added_tokens_decoder": {"x": {"content": "y"}}})"}),
              "tokenizer_config.json: added_tokens_decoder.x: is not named by an id");
    EXPECT_EQ(complaint({"", "", R"({"y": "8"})"}),
              "added_tokens.json: y: is not a whole number from 0 to 2147483646");
    EXPECT_EQ(complaint({R"({"split_special_tokens": true})"}),
              "tokenizer_config.json: split_special_tokens: true cannot be read");
    EXPECT_EQ(complaint({R"({"extra_special_tokens": {"a": "b", "c": "d"}})"}),
              "tokenizer_config.json: extra_special_tokens: is an object of several tokens, whose "
              "order is not defined; a list can be read");
}

}  // namespace
}  // namespace mobi::test
