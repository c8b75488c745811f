// SPDX-License-Identifier: Apache-2.0
#include "text/byte_pair_tokenizer.hpp"

#include <algorithm>
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

}  // namespace
}  // namespace mobi::test
