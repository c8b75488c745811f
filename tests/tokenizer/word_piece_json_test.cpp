// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/word_piece_json.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "support/tokenizer_files.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;
using Json = nlohmann::json;

Json valid() {
    return Json::parse(R"({
        "truncation": {"max_length": 4}, "padding": {"strategy": {"Fixed": 64}},
        "added_tokens": [{"id": 2, "content": "[SEP]", "special": true, "normalized": false}],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                       "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100,
                  "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##b": 4, "b": 9}}})");
}

std::string complaint(const std::string& json) {
    try {
        tokenizer_of_json(json);
    } catch (const DataError& error) {
        return error.what();
    }
    return "no error";
}

TEST(WordPieceJsonTest, TruncationAndPaddingOfTheFileAreNotApplied) {
    const auto tokenizer = tokenizer_of_json(valid().dump());
    EXPECT_EQ(tokenizer->encode("A ab B [SEP] x", {}, 0).ids, (Ids{1, 3, 3, 4, 9, 2, 0, 2}));
    EXPECT_EQ(tokenizer->vocabulary(), 10);
}

TEST(WordPieceJsonTest, ATemplateMayHoldAnything) {
    Json json = valid();
    json["post_processor"] = Json::parse(R"({
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 3}}, {"SpecialToken": {"id": "x"}}],
        "pair": [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "x", "type_id": 2}},
                 {"Sequence": {"id": "A", "type_id": 0}}],
        "special_tokens": {"x": {"id": "x", "ids": [1, 7], "tokens": ["[CLS]", "y"]}}})");
    const auto tokenizer = tokenizer_of_json(json.dump());
    EXPECT_EQ(tokenizer->encode("a", {}, 0).ids, (Ids{3, 1, 7}));
    EXPECT_EQ(tokenizer->encode("a", {}, 0).type_ids, (Ids{3, 0, 0}));
    EXPECT_EQ(tokenizer->encode("a", "b", 0).ids, (Ids{9, 1, 7, 3}));
    EXPECT_EQ(tokenizer->encode("a", "b", 0).type_ids, (Ids{1, 2, 2, 0}));
}

TEST(WordPieceJsonTest, NullPartsDoNothing) {
    Json json = valid();
    json["post_processor"] = nullptr;
    json["normalizer"] = nullptr;
    json.erase("added_tokens");
    const auto tokenizer = tokenizer_of_json(json.dump());
    EXPECT_EQ(tokenizer->encode("a A", {}, 0).ids, (Ids{3, 0}));
    EXPECT_EQ(tokenizer->encode("a", "b", 0).type_ids, (Ids{0, 1}));
}

TEST(WordPieceJsonTest, AddedTokensFollowTheirSwitches) {
    Json json = valid();
    json["model"]["vocab"]["b"] = 5;
    json["added_tokens"] = Json::parse(R"([
        {"id": 6, "content": "X", "normalized": false, "single_word": true},
        {"id": 7, "content": "<l>", "normalized": false, "lstrip": true},
        {"id": 8, "content": "<r>", "normalized": false, "rstrip": true},
        {"id": 9, "content": "<N>"},
        {"id": 10, "content": "<l><l>", "normalized": false}])");
    const auto tokenizer = tokenizer_of_json(json.dump());
    const auto ids = [&](std::string_view text) {
        Ids all = tokenizer->encode(text, {}, 0).ids;
        return Ids(all.begin() + 1, all.end() - 1);
    };
    EXPECT_EQ(ids("a X-X aX"), (Ids{3, 6, 0, 6, 0})) << "not within a word";
    EXPECT_EQ(ids("a  <l> <r>\u00A0 a"), (Ids{3, 7, 8, 3}));
    EXPECT_EQ(ids("a<n>a<N>"), (Ids{3, 9, 3, 9})) << "looked for after lower case";
    EXPECT_EQ(ids("<l><l><l>"), (Ids{10, 7})) << "the longest first";
}

TEST(WordPieceJsonTest, IdsOfAddedTokensGoOnFromTheNumberOfPieces) {
    Json json = valid();  // 6 pieces, of which b has id 9
    json["added_tokens"] =
        Json::parse(R"([{"id": 20, "content": "<x>"}, {"id": 8, "content": "<y>"},
        {"id": 3, "content": "<z>"}, {"id": 4, "content": "<w>"}])");
    EXPECT_EQ(tokenizer_of_json(json.dump())->encode("<x><y><z><w>b", {}, 0).ids,
              (Ids{1, 6, 7, 8, 9, 9, 2}))
        << "the tokenizers library does not see that 9 is taken";
}

TEST(WordPieceJsonTest, EveryFaultNamesItsKey) {
    const auto with = [](const char* pointer, Json value) {
        Json json = valid();
        json[Json::json_pointer(pointer)] = std::move(value);
        return complaint(json.dump());
    };
    const auto without = [](const char* key) {
        Json json = valid();
        json.erase(key);
        return complaint(json.dump());
    };
    EXPECT_EQ(without("model"), "t.json: has no \"model\"");
    EXPECT_EQ(without("post_processor"), "t.json: has no \"post_processor\"");
    EXPECT_EQ(with("/model/type", "Unigram"),
              "t.json: model: is a Unigram; BPE and WordPiece can be read");
    EXPECT_EQ(with("/model/unk_token", "?"), "t.json: model: the unk_token \"?\" is not in vocab");
    EXPECT_EQ(with("/model/vocab", 3), "t.json: model.vocab: is not an object of piece to id");
    for (const Json& value : std::vector<Json>{-1, 2147483647, 1.5, "3"})
        EXPECT_EQ(with("/model/vocab/a", value),
                  "t.json: model.vocab.a: is not a whole number from 0 to 2147483646");
    EXPECT_EQ(with("/normalizer/type", "NFKC"),
              "t.json: normalizer: is a NFKC; BertNormalizer and null can be read");
    EXPECT_EQ(with("/normalizer/lowercase", 1),
              "t.json: normalizer.lowercase: is neither true nor false");
    EXPECT_EQ(with("/pre_tokenizer/type", "ByteLevel"),
              "t.json: pre_tokenizer: is a ByteLevel; BertPreTokenizer can be read");
    EXPECT_EQ(with("/pre_tokenizer", nullptr),
              "t.json: pre_tokenizer: is a null; BertPreTokenizer can be read");
    EXPECT_EQ(with("/post_processor/type", "Other"),
              "t.json: post_processor: is a Other; TemplateProcessing, BertProcessing, "
              "RobertaProcessing, ByteLevel, Sequence and null can be read");
    EXPECT_EQ(with("/post_processor/sep", Json::array({2})),
              "t.json: post_processor.sep: is not a token and its id");
    EXPECT_EQ(with("/added_tokens/0/content", 7), "t.json: added_tokens[0].content: is not a text");
    EXPECT_EQ(with("/added_tokens", 7), "t.json: added_tokens: is not a list");
    EXPECT_EQ(complaint("[]"), "t.json: is not a JSON object");
    EXPECT_EQ(complaint("{\"a\": 1, \"a\": 2}"),
              "t.json: the key \"a\" is given twice in one object");
    EXPECT_EQ(complaint("{").find("t.json: is not JSON: "), 0U);
}

TEST(WordPieceJsonTest, ATemplateMustHoldItsTexts) {
    const auto with = [](const char* key, const char* parts) {
        Json json = valid();
        json["post_processor"] = Json::parse(R"({"type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A"}}],
            "pair": [{"Sequence": {"id": "A"}}, {"Sequence": {"id": "B"}}], "special_tokens": {}})");
        json["post_processor"][key] = Json::parse(parts);
        return complaint(json.dump());
    };
    EXPECT_EQ(with("single", "[]"), "t.json: post_processor.single: does not hold A once");
    EXPECT_EQ(with("single", R"([{"Sequence": {"id": "B"}}])"),
              "t.json: post_processor.single[0].Sequence.id: \"B\" is not A");
    EXPECT_EQ(with("pair", R"([{"Sequence": {"id": "A"}}])"),
              "t.json: post_processor.pair: does not hold A and B once each");
    EXPECT_EQ(
        with("single", R"([{"SpecialToken": {"id": "x"}}])"),
        "t.json: post_processor.single[0].SpecialToken.id: \"x\" is not among special_tokens");
    EXPECT_EQ(with("single", R"([{"Other": {}}])"),
              "t.json: post_processor.single[0]: has no \"Sequence\"");
}

}  // namespace
}  // namespace mobi::test
