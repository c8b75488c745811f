// SPDX-License-Identifier: Apache-2.0
#include "text/byte_pair_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "core/text_file.hpp"
#include "support/shared_data.hpp"
#include "support/temp_folder.hpp"
#include "text/random_text.hpp"
#include "text/utf8.hpp"
#include "tokenizer/token_check.hpp"
#include "tokenizer/tokenizer_folder.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

std::filesystem::path golden(const char* name) {
    return source_path("tests/golden/byte_pair") / name;
}

class BytePairGoldenTest : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        cases_ = read_token_cases(golden(GetParam()) / "cases.jsonl");
        ASSERT_GT(cases_.size(), 25U);
        for (TokenCase& test : cases_) complete(test);
    }

    // What a case does not state: all type ids are 0, cutting 16 ids to 16 changes nothing.
    static void complete(TokenCase& test) {
        if (!test.type_ids) test.type_ids = Ids(test.ids.size(), 0);
        if (!test.ids_max16 && test.ids.size() <= 16) test.ids_max16 = test.ids;
    }

    std::vector<TokenCase> cases_;
};

TEST_P(BytePairGoldenTest, EqualsTransformers) {
    const TokenCheck check = check_tokens(*load_tokenizer(golden(GetParam())), cases_);
    EXPECT_TRUE(check.passed()) << check.summary();
}

TEST_P(BytePairGoldenTest, AnyBytesGiveIdsOfTheVocabularyWithinTheLimit) {
    const auto tokenizer = load_tokenizer(golden(GetParam()));
    RandomStream stream(1, Purpose::Test);
    for (int round = 0; round < 1000; ++round) {
        const std::string text = random_text(stream, stream.below(20));
        const std::string other = random_text(stream, stream.below(20));
        const auto pair = round % 2 == 0 ? std::nullopt : std::optional<std::string_view>(other);
        const Encoding whole = tokenizer->encode(text, pair, 0);
        ASSERT_EQ(whole.ids.size(), whole.type_ids.size());
        for (const std::int32_t id : whole.ids) {
            ASSERT_GE(id, 0);
            ASSERT_LT(id, tokenizer->vocabulary());
        }
        const std::size_t limit = 5 + stream.below(60);
        const Encoding cut = tokenizer->encode(text, pair, limit);
        ASSERT_EQ(cut.ids.size(), std::min(limit, whole.ids.size()));
        if (whole.ids.size() <= limit) {
            ASSERT_EQ(cut.ids, whole.ids);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Folders,
    BytePairGoldenTest,
    ::testing::Values("gpt2", "opt", "roberta", "qwen2", "llama3", "llama", "metaspace", "llama2c"),
    [](const auto& test) { return std::string(test.param); });

TEST(BytePairTokenizerTest, RobertaIsTheSameFromVocabularyAndMerges) {
    const TempFolder folder;
    for (const char* file : {"vocab.json", "merges.txt"})
        folder.write(file, read_text_file(golden("roberta") / file));
    // Where no file says that <mask> swallows the blank before it, it does not.
    folder.write("special_tokens_map.json",
                 R"({"mask_token": {"content": "<mask>", "lstrip": true}})");
    const TokenCheck check = check_tokens(*load_tokenizer(folder.path()),
                                          read_token_cases(golden("roberta") / "cases.jsonl"));
    EXPECT_TRUE(check.passed()) << check.summary();
}

/// Tokenizers that keep every byte of a text: metaspace has unknown characters, qwen2 composes.
class RoundTripTest : public ::testing::TestWithParam<const char*> {};

TEST_P(RoundTripTest, DecodingGivesBackAnyText) {
    const auto tokenizer = load_tokenizer(golden(GetParam()));
    RandomStream stream(2, Purpose::Test);
    for (int round = 0; round < 3000; ++round) {
        std::string text = replaced_utf8(random_text(stream, stream.below(25)));
        // <mask> may swallow white space: it is an added token in some of the folders.
        for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<'))
            text.erase(at, 1);
        const Ids ids = tokenizer->encode(text, {}, 0).ids;
        ASSERT_EQ(tokenizer->decode(ids, SpecialTokens::Drop), text);
    }
}

TEST_P(RoundTripTest, WhatIsNotUtf8ComesBackAsReplacementCharacters) {
    const auto tokenizer = load_tokenizer(golden(GetParam()));
    for (const std::string_view text : {"a\xFF\x62", "\xE2\x82", "\xED\xA0\x80", "\xC0\xAF"})
        EXPECT_EQ(tokenizer->decode(tokenizer->encode_bare(text), SpecialTokens::Keep),
                  replaced_utf8(text));
}

INSTANTIATE_TEST_SUITE_P(Folders,
                         RoundTripTest,
                         ::testing::Values("gpt2", "opt", "roberta", "llama3", "llama", "llama2c"),
                         [](const auto& test) { return std::string(test.param); });

TEST(BytePairTokenizerTest, DecodingKeepsOrDropsSpecialTokens) {
    const auto roberta = load_tokenizer(golden("roberta"));
    const Ids ids = roberta->encode(" the phone", {}, 0).ids;
    EXPECT_EQ(roberta->decode(ids, SpecialTokens::Keep), "<s> the phone</s>");
    EXPECT_EQ(roberta->decode(ids, SpecialTokens::Drop), " the phone");
    const auto llama = load_tokenizer(golden("llama"));
    EXPECT_EQ(llama->decode(llama->encode("the", {}, 0).ids, SpecialTokens::Keep), "<s> the");
    EXPECT_EQ(llama->decode(llama->encode("the", {}, 0).ids, SpecialTokens::Drop), "the");
    const auto qwen2 = load_tokenizer(golden("qwen2"));
    EXPECT_EQ(qwen2->decode(qwen2->encode("<|im_end|><tool>", {}, 0).ids, SpecialTokens::Drop),
              "<tool>")
        << "added, but not special";
}

TEST(BytePairTokenizerTest, IdsWithoutAPieceDecodeToNothing) {
    const auto tokenizer = load_tokenizer(golden("opt"));
    Ids ids = tokenizer->encode_bare("the phone");
    ids.insert(ids.begin() + 1, {-1, tokenizer->vocabulary(), 1 << 30});
    EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Keep), "the phone");
    EXPECT_EQ(tokenizer->decode({}, SpecialTokens::Keep), "");
}

TEST(BytePairTokenizerTest, IdsThatEndWithinACharacterDecodeToItsFirstBytes) {
    const auto tokenizer = load_tokenizer(golden("llama"));
    Ids ids = tokenizer->encode_bare("\U0001F642");
    ASSERT_EQ(ids.size(), 5U) << "a blank and four bytes";
    ids.pop_back();
    EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Keep), "\xF0\x9F\x99");
}

TEST(BytePairTokenizerTest, TheBareIdsAreThoseWithoutTheFrame) {
    const auto tokenizer = load_tokenizer(golden("roberta"));
    const Ids framed = tokenizer->encode("the <mask>", {}, 0).ids;
    EXPECT_EQ(tokenizer->encode_bare("the <mask>"), Ids(framed.begin() + 1, framed.end() - 1));
}

/// Pieces a, b, ab, blank; every byte has a token from 100 on.
BytePairSpec small_spec() {
    BytePairSpec spec;
    spec.vocabulary.unit = BytePairVocabulary::Unit::Character;
    spec.vocabulary.pieces = {{"a", 0}, {"b", 1}, {"ab", 2}, {"\u2581", 3}, {"\u2581\u0061", 4}};
    spec.vocabulary.merges = {{0, 1, 2, 0}, {3, 0, 4, 1}};
    for (std::size_t byte = 0; byte < 256; ++byte)
        spec.vocabulary.byte_ids.at(byte) = 100 + static_cast<std::int32_t>(byte);
    spec.words.blank = spec.blank = "\u2581";
    return spec;
}

TEST(BytePairTokenizerTest, AnyTextComesBackFromASmallVocabulary) {
    RandomStream stream(3, Purpose::Test);
    BytePairSpec spec = small_spec();
    spec.words.splitters = {Splitter::Metaspace};
    const BytePairTokenizer plain(spec);
    spec.words.prefix = PreTokenizerOptions::Prefix::Always;
    spec.drop_first_blank = true;
    const BytePairTokenizer prefixed(spec);
    for (int round = 0; round < 3000; ++round) {
        std::string text = replaced_utf8(random_text(stream, stream.below(12)));
        for (auto count = stream.below(6); count > 0; --count) text += "ab a"[stream.below(4)];
        if (text.find("\u2581") != std::string::npos) continue;  // it is a blank here
        ASSERT_EQ(plain.decode(plain.encode_bare(text), SpecialTokens::Keep), text);
        if (text.starts_with(' ')) continue;  // not told from the blank that is put in front
        ASSERT_EQ(prefixed.decode(prefixed.encode_bare(text), SpecialTokens::Keep), text);
    }
}

TEST(BytePairTokenizerTest, ALimitGivesTheFirstIdsOfTheWhole) {
    RandomStream stream(4, Purpose::Test);
    BytePairSpec spec = small_spec();
    spec.words.splitters = {Splitter::Gpt2};
    AddedToken token;
    token.id = 50;
    token.content = "<t>";
    spec.added = {token};
    const BytePairTokenizer tokenizer(spec);
    for (int round = 0; round < 2000; ++round) {
        std::string text;
        for (auto count = stream.below(20); count > 0; --count)
            text += std::array{"a", "b", " ", "<t>", "\u00E9", ","}[stream.below(6)];
        Ids whole = tokenizer.encode_bare(text);
        ASSERT_EQ(tokenizer.encode(text, {}, 0).ids, whole);
        const std::size_t limit = 1 + stream.below(12);
        const Ids cut = tokenizer.encode(text, {}, limit).ids;
        whole.resize(std::min(whole.size(), limit));
        ASSERT_EQ(cut, whole) << text;
    }
}

TEST(BytePairTokenizerTest, TheTextIsNormalizedBetweenAddedTokens) {
    BytePairSpec spec = small_spec();
    spec.normalizer = {{NormalizerStep::Kind::Replace, "c", "a"}};
    AddedToken token;
    token.id = 50;
    token.content = "c!";
    spec.added = {token};
    EXPECT_EQ(BytePairTokenizer(spec).encode_bare("cbc!b"), (Ids{2, 50, 1}));
}

TEST(BytePairTokenizerTest, ControlIdsAreDroppedThoughNoTextSpellsThem) {
    BytePairSpec spec = small_spec();
    spec.unreachable = {{"<s>", 10}, {"\u2581\u2581x", 11}};
    spec.control_ids = {10, 99};  // 99 has no piece
    const BytePairTokenizer tokenizer(spec);
    EXPECT_EQ(tokenizer.decode(Ids{10, 2, 11, 99}, SpecialTokens::Keep), "<s>ab  x");
    EXPECT_EQ(tokenizer.decode(Ids{10, 2, 11, 99}, SpecialTokens::Drop), "ab  x");
    EXPECT_EQ(tokenizer.encode_bare("<s>").size(), 3U);
}

TEST(BytePairTokenizerTest, TheVocabularyIsAsLargeAsItsLargestId) {
    BytePairSpec spec;
    EXPECT_EQ(BytePairTokenizer(spec).vocabulary(), 0);
    spec.vocabulary.pieces = {{"a", 5}};
    EXPECT_EQ(BytePairTokenizer(spec).vocabulary(), 6);
    spec.unreachable = {{"b", 6}};
    EXPECT_EQ(BytePairTokenizer(spec).vocabulary(), 7);
    spec.vocabulary.unknown_id = 7;
    EXPECT_EQ(BytePairTokenizer(spec).vocabulary(), 8);
    spec.vocabulary.byte_ids[255] = 8;
    EXPECT_EQ(BytePairTokenizer(spec).vocabulary(), 9);
    spec.frame = SequenceTemplate::decoder(9, {});
    EXPECT_EQ(BytePairTokenizer(spec).vocabulary(), 10);
    AddedToken token;
    token.id = 10;
    token.content = "x";
    spec.added = {token};
    EXPECT_EQ(BytePairTokenizer(spec).vocabulary(), 11);
}

}  // namespace
}  // namespace mobi::test
