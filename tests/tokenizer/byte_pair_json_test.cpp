// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/byte_pair_json.hpp"

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
        "added_tokens": [{"id": 7, "content": "<e>", "special": true, "normalized": false}],
        "normalizer": null, "post_processor": null,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
        "model": {"type": "BPE", "dropout": null, "unk_token": null, "fuse_unk": false,
                  "continuing_subword_prefix": "", "end_of_word_suffix": null,
                  "vocab": {"a": 0, "b": 1, "\u0120": 2, "ab": 3, "\u0120a": 4, "\u2581": 5, "1": 6},
                  "merges": ["\u0120 a", ["a", "b"]]}})");
}

Ids ids_of(const Json& json, std::string_view text) {
    return tokenizer_of_json(json.dump())->encode(text, {}, 0).ids;
}

Json with(const char* pointer, Json value) {
    Json json = valid();
    json[Json::json_pointer(pointer)] = std::move(value);
    return json;
}

std::string complaint(const Json& json) {
    try {
        tokenizer_of_json(json.dump());
    } catch (const DataError& error) {
        return error.what();
    }
    return "no error";
}

TEST(BytePairJsonTest, MergesAreTextsOrPairs) {
    EXPECT_EQ(ids_of(valid(), "ab a<e>"), (Ids{3, 4, 7}));
}

TEST(BytePairJsonTest, AnAddedTokenGetsTheNextIdWhateverIsStated) {
    const Json json = with("/added_tokens/0/id", 9);
    EXPECT_EQ(ids_of(json, "ab a<e>"), (Ids{3, 4, 7})) << "as in the tokenizers library";
    EXPECT_EQ(tokenizer_of_json(json.dump())->vocabulary(), 8);
}

TEST(BytePairJsonTest, AModelWithMergesNeedsNoType) {
    Json json = valid();
    json["model"].erase("type");
    EXPECT_EQ(ids_of(json, "ab"), (Ids{3}));
}

TEST(BytePairJsonTest, PreTokenizersFollowTheirSwitches) {
    const auto words = [](const char* json) { return with("/pre_tokenizer", Json::parse(json)); };
    EXPECT_EQ(ids_of(words(R"({"type": "ByteLevel", "add_prefix_space": true})"), "a"), (Ids{4}));
    EXPECT_EQ(ids_of(words(R"({"type": "ByteLevel"})"), "a"), (Ids{4})) << "the library's default";
    Json json = words(R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})");
    json["model"]["vocab"]["b\u0120"] = 7;
    json["model"]["merges"].push_back("b \u0120");
    EXPECT_EQ(ids_of(json, "b a"), (Ids{1, 4})) << "the better merge";
    EXPECT_EQ(ids_of(json, "b b"), (Ids{7, 1})) << "over the blank, as one word";
    json = words(R"({"type": "Sequence", "pretokenizers": [
        {"type": "Digits", "individual_digits": true},
        {"type": "ByteLevel", "add_prefix_space": false}]})");
    json["model"]["vocab"]["11"] = 7;
    json["model"]["merges"].push_back("1 1");
    EXPECT_EQ(ids_of(json, "11"), (Ids{6, 6}));
    json["pre_tokenizer"]["pretokenizers"][0]["individual_digits"] = false;
    EXPECT_EQ(ids_of(json, "11"), (Ids{7}));
}

TEST(BytePairJsonTest, WithoutByteLevelPiecesAreCharacters) {
    EXPECT_EQ(ids_of(with("/pre_tokenizer", nullptr), "a\u0120a"), (Ids{0, 4}));
    const auto metaspace = [](const char* more) {
        return with("/pre_tokenizer",
                    Json::parse(std::string(R"({"type": "Metaspace")") + more + "}"));
    };
    EXPECT_EQ(ids_of(metaspace(""), "a b"), (Ids{5, 0, 5, 1}));
    EXPECT_EQ(ids_of(metaspace(R"(, "add_prefix_space": false)"), "a b"), (Ids{0, 5, 1}));
    EXPECT_EQ(ids_of(metaspace(R"(, "prepend_scheme": "never")"), "a b"), (Ids{0, 5, 1}));
    EXPECT_EQ(ids_of(metaspace(R"(, "prepend_scheme": "first")"), "a<e>b"), (Ids{5, 0, 7, 1}));
    EXPECT_EQ(ids_of(metaspace(R"(, "prepend_scheme": "always")"), "a<e>b"), (Ids{5, 0, 7, 5, 1}));
}

TEST(BytePairJsonTest, DecodingTakesTheBlankInFrontAwayWhereEncodingPutIt) {
    const auto text_of = [](const Json& json, const Ids& ids) {
        return tokenizer_of_json(json.dump())->decode(ids, SpecialTokens::Keep);
    };
    const Json always = with("/pre_tokenizer", {{"type", "Metaspace"}});
    EXPECT_EQ(text_of(always, {5, 0, 5, 1}), "a b");
    const Json never = with("/pre_tokenizer", {{"type", "Metaspace"}, {"prepend_scheme", "never"}});
    EXPECT_EQ(text_of(never, {5, 0, 5, 1}), " a b");
    Json legacy = with("/pre_tokenizer", nullptr);
    legacy["normalizer"] = {{"type", "Prepend"}, {"prepend", "\u2581"}};
    EXPECT_EQ(text_of(legacy, {5, 0, 5, 1}), "a b");
}

TEST(BytePairJsonTest, PiecesOutsideTheByteAlphabetAreOnlyDecoded) {
    const auto tokenizer = tokenizer_of_json(valid().dump());
    EXPECT_EQ(tokenizer->encode("\u2581", {}, 0).ids, Ids{}) << "its three bytes are not in vocab";
    EXPECT_EQ(tokenizer->decode(Ids{5}, SpecialTokens::Keep), "\u2581");
    EXPECT_EQ(tokenizer->vocabulary(), 8);
}

TEST(BytePairJsonTest, FaultsOfTheModelAreNamed) {
    EXPECT_EQ(complaint(with("/model/merges", Json::array({"a  b"}))),
              "t.json: model.merges[0]: is not two pieces with a blank between");
    EXPECT_EQ(complaint(with("/model/merges", Json::array({"a b", Json::array({"a"})}))),
              "t.json: model.merges[1]: is not two pieces");
    EXPECT_EQ(complaint(with("/model/merges", Json::array({"b a"}))),
              "t.json: model.merges[0]: \"ba\" is not in vocab");
    EXPECT_EQ(complaint(with("/model/merges", Json::array({"x a"}))),
              "t.json: model.merges[0]: \"x\" is not in vocab");
    EXPECT_EQ(complaint(with("/model/merges", 3)), "t.json: model.merges: is not a list");
    EXPECT_EQ(complaint(with("/model/vocab", 3)), "t.json: model.vocab: is not an object");
    EXPECT_EQ(complaint(with("/model/vocab/a", -1)),
              "t.json: model.vocab.a: is not a whole number from 0 to 2147483646");
    EXPECT_EQ(complaint(with("/model/unk_token", "?")),
              "t.json: model: the unk_token \"?\" is not in vocab");
    EXPECT_EQ(complaint(with("/model/dropout", 0.1)), "t.json: model.dropout: can only be null");
    EXPECT_EQ(complaint(with("/model/end_of_word_suffix", "</w>")),
              "t.json: model.end_of_word_suffix: can only be empty or null");
    EXPECT_EQ(complaint(with("/model/byte_fallback", true)),
              "t.json: model.byte_fallback: is true beside the pre_tokenizer ByteLevel");
    EXPECT_EQ(complaint(with("/model/type", "Unigram")),
              "t.json: model: is a Unigram; BPE and WordPiece can be read");
}

TEST(BytePairJsonTest, FaultsOfTheStepsBeforeItAreNamed) {
    const auto normalizer = [](const char* json) {
        return complaint(with("/normalizer", Json::parse(json)));
    };
    EXPECT_EQ(
        normalizer(R"({"type": "NFKC"})"),
        "t.json: normalizer: is a NFKC; Prepend, Replace, NFC, Sequence and null can be read");
    EXPECT_EQ(normalizer(R"({"type": "Replace", "pattern": {"Regex": " "}, "content": ""})"),
              "t.json: normalizer.pattern: has no \"String\"");
    EXPECT_EQ(normalizer(R"({"type": "Replace", "pattern": {"String": ""}, "content": ""})"),
              "t.json: normalizer.pattern: is empty");
    EXPECT_EQ(normalizer(R"({"type": "Sequence", "normalizers": [{"type": "Sequence"}]})"),
              "t.json: normalizer.normalizers[0]: is a Sequence within a Sequence");
    const auto words = [](const char* json) {
        return complaint(with("/pre_tokenizer", Json::parse(json)));
    };
    EXPECT_EQ(words(R"({"type": "Whitespace"})"),
              "t.json: pre_tokenizer: is a Whitespace; ByteLevel, Metaspace, Split, Digits, "
              "Sequence and null can be read");
    EXPECT_EQ(words(R"({"type": "Sequence", "pretokenizers": [{"type": "Digits"}]})"),
              "t.json: pre_tokenizer: does not end in ByteLevel");
    EXPECT_EQ(words(R"({"type": "Sequence", "pretokenizers": [
                  {"type": "ByteLevel", "add_prefix_space": false}, {"type": "Digits"}]})"),
              "t.json: pre_tokenizer.pretokenizers[1]: comes after ByteLevel, which must be the "
              "last");
    EXPECT_EQ(words(R"({"type": "Sequence", "pretokenizers": [{"type": "Metaspace"}]})"),
              "t.json: pre_tokenizer.pretokenizers[0]: is a Metaspace within a Sequence");
    EXPECT_EQ(words(R"({"type": "Sequence", "pretokenizers": [
                  {"type": "Digits"}, {"type": "ByteLevel", "add_prefix_space": true}]})"),
              "t.json: pre_tokenizer.pretokenizers[1].add_prefix_space: is true after another "
              "step; false can be read");
    EXPECT_EQ(words(R"({"type": "Split", "pattern": {"Regex": "\\s+"}, "behavior": "Isolated"})"),
              "t.json: pre_tokenizer.pattern: \"\\s+\" is not a pattern that can be read: those of "
              "GPT-2, Qwen2 and Llama 3 are");
    EXPECT_EQ(words(R"({"type": "Split", "pattern": {"String": " "}, "behavior": "Isolated"})"),
              "t.json: pre_tokenizer.pattern: is not a Regex");
    EXPECT_EQ(words(R"({"type": "Metaspace", "replacement": "_"})"),
              "t.json: pre_tokenizer.replacement: is not U+2581");
    EXPECT_EQ(words(R"({"type": "Metaspace", "prepend_scheme": "last"})"),
              "t.json: pre_tokenizer.prepend_scheme: is last; always, first and never can be read");
}

TEST(BytePairJsonTest, SplitKeepsTheMatchesInEitherWayOfSayingSo) {
    const auto words = [](const char* behavior, bool invert) {
        Json json = with("/pre_tokenizer", Json::parse(R"({"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": ""}},
            {"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}]})"));
        Json& split = json["pre_tokenizer"]["pretokenizers"][0];
        split["pattern"]["Regex"] =
            R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
        split["behavior"] = behavior;
        split["invert"] = invert;
        return json;
    };
    EXPECT_EQ(ids_of(words("Isolated", false), "ab a"), (Ids{3, 4}));
    EXPECT_EQ(ids_of(words("Removed", true), "ab a"), (Ids{3, 4}));
    EXPECT_EQ(complaint(words("Removed", false)),
              "t.json: pre_tokenizer.pretokenizers[0].behavior: is Removed; Isolated can be read");
}

TEST(PostProcessorTest, ASequenceAddsTokensOnce) {
    const auto frame = [](const char* processors) {
        return with(
            "/post_processor",
            Json::parse(std::string(R"({"type": "Sequence", "processors": )") + processors + "}"));
    };
    EXPECT_EQ(ids_of(frame("[]"), "a"), (Ids{0}));
    EXPECT_EQ(ids_of(frame(R"([{"type": "ByteLevel"},
                  {"type": "RobertaProcessing", "cls": ["<s>", 7], "sep": ["</s>", 8]}])"),
                     "a"),
              (Ids{7, 0, 8}));
    EXPECT_EQ(complaint(frame(R"([{"type": "BertProcessing", "cls": ["x", 7], "sep": ["y", 8]},
                                  {"type": "BertProcessing", "cls": ["x", 7], "sep": ["y", 8]}])")),
              "t.json: post_processor.processors[1]: is the second that adds tokens; one can be "
              "read");
    EXPECT_EQ(complaint(frame(R"([{"type": "Sequence", "processors": []}])")),
              "t.json: post_processor.processors[0]: is a Sequence within a Sequence");
}

}  // namespace
}  // namespace mobi::test
