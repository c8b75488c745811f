// SPDX-License-Identifier: Apache-2.0
// Every case of the reference data, from each of the files that can hold a tokenizer.
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "core/text_file.hpp"
#include "data/token_check.hpp"
#include "support/shared_data.hpp"
#include "support/temp_folder.hpp"
#include "support/tokenizer_files.hpp"

namespace mobi::test {
namespace {

class TokenConformanceTest : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        MOBI_NEEDS_SHARED("data/tokenizer/conformance");
        folder_ = shared_path("data/tokenizer") / GetParam();
        cases_ = read_token_cases(
            (shared_path("data/tokenizer/conformance") / GetParam()).string() + ".jsonl");
        ASSERT_EQ(cases_.size(), 119U);
    }

    // A case without ids_max16 says that cutting changes nothing.
    void expect_all_equal(const Tokenizer& tokenizer) {
        for (TokenCase& test : cases_)
            if (!test.ids_max16) test.ids_max16 = test.ids;
        const TokenCheck check = check_tokens(tokenizer, cases_);
        EXPECT_EQ(check.equal, 119U) << check.summary();
    }

    std::filesystem::path folder_;
    std::vector<TokenCase> cases_;
};

TEST_P(TokenConformanceTest, AllCasesFromTokenizerJson) {
    expect_all_equal(*load_tokenizer(folder_));
}

TEST_P(TokenConformanceTest, AllCasesFromVocabTxt) {
    expect_all_equal(*tokenizer_of_vocab_txt(read_text_file(folder_ / "vocab.txt"),
                                             read_text_file(folder_ / "tokenizer_config.json")));
}

TEST_P(TokenConformanceTest, AllCasesFromVocabTxtAlone) {
    expect_all_equal(*tokenizer_of_vocab_txt(read_text_file(folder_ / "vocab.txt")));
}

TEST_P(TokenConformanceTest, TheVocabularyIsWhatTheEmbeddingHasRowsFor) {
    const std::int32_t rows = std::string_view(GetParam()) == "mpnet" ? 30527 : 30522;
    EXPECT_EQ(load_tokenizer(folder_)->vocabulary(), rows);
}

INSTANTIATE_TEST_SUITE_P(Folders, TokenConformanceTest, ::testing::Values("bert_uncased", "mpnet"));

using Ids = std::vector<std::int32_t>;

/// A folder of the reference data, the cases it is for, and the special tokens around their ids.
struct BytePairFolder {
    const char* name;
    const char* cases;
    const char* model_type;
    Ids before, after;
    std::int32_t vocabulary;
};

class BytePairConformanceTest : public ::testing::TestWithParam<BytePairFolder> {
  protected:
    // Reads the cases, whose ids are stated without special tokens, and puts these around.
    void SetUp() override {
        MOBI_NEEDS_SHARED("data/tokenizer/conformance");
        folder_ = shared_path("data/tokenizer") / GetParam().name;
        cases_ = read_token_cases(shared_path("data/tokenizer/conformance") /
                                  (std::string(GetParam().cases) + ".jsonl"));
        ASSERT_EQ(cases_.size(), 24U);
        for (TokenCase& test : cases_) {
            test.ids.insert(test.ids.begin(), GetParam().before.begin(), GetParam().before.end());
            test.ids.insert(test.ids.end(), GetParam().after.begin(), GetParam().after.end());
        }
    }

    void expect_all_equal(const Tokenizer& tokenizer) {
        const TokenCheck check = check_tokens(tokenizer, cases_);
        EXPECT_EQ(check.equal, 24U) << check.summary();
        for (const TokenCase& test : cases_)
            EXPECT_EQ(tokenizer.decode(test.ids, SpecialTokens::Drop), test.text);
        EXPECT_EQ(tokenizer.vocabulary(), GetParam().vocabulary);
    }

    std::filesystem::path folder_;
    std::vector<TokenCase> cases_;
};

TEST_P(BytePairConformanceTest, AllCasesFromVocabularyAndMerges) {
    const TempFolder folder;
    for (const char* file : {"vocab.json", "merges.txt"})
        folder.write(file, read_text_file(folder_ / file));
    folder.write("config.json", std::string(R"({"model_type": ")") + GetParam().model_type + "\"}");
    expect_all_equal(*load_tokenizer(folder.path()));
}

TEST_P(BytePairConformanceTest, AllCasesFromTokenizerJson) {
    if (!std::filesystem::exists(folder_ / "tokenizer.json"))
        GTEST_SKIP() << folder_ << " has no tokenizer.json";
    expect_all_equal(*load_tokenizer(folder_));
}

TEST_P(BytePairConformanceTest, AllCasesWithoutSpecialTokensFromTheFolderAsItIs) {
    const std::size_t around = GetParam().before.size() + GetParam().after.size();
    for (TokenCase& test : cases_) {
        ASSERT_GE(test.ids.size(), around);
        test.ids.erase(test.ids.begin(),
                       test.ids.begin() + static_cast<std::ptrdiff_t>(GetParam().before.size()));
        test.ids.resize(test.ids.size() - GetParam().after.size());
    }
    const TokenCheck check = check_tokens(*load_tokenizer(folder_), cases_, SpecialTokens::Drop);
    EXPECT_EQ(check.equal, 24U) << check.summary();
}

INSTANTIATE_TEST_SUITE_P(
    Folders,
    BytePairConformanceTest,
    ::testing::Values(BytePairFolder{"gpt2", "gpt2", "gpt2", {}, {}, 50257},
                      BytePairFolder{"opt", "roberta_opt", "opt", {2}, {}, 50265},
                      BytePairFolder{"roberta", "roberta_opt", "roberta", {0}, {2}, 50265}),
    [](const auto& test) { return test.param.name; });

/// What transformers' `clean_up_tokenization` does to decoded text.
std::string cleaned_up(std::string text) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 10> changes{
        {{" .", "."},
         {" ?", "?"},
         {" !", "!"},
         {" ,", ","},
         {" ' ", "'"},
         {" n't", "n't"},
         {" 'm", "'m"},
         {" 's", "'s"},
         {" 've", "'ve"},
         {" 're", "'re"}}};
    for (const auto& [from, to] : changes)
        for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at))
            text.replace(at, from.size(), to);
    return text;
}

TEST(Gpt2RoundTripTest, EncodesAndDecodesEveryCase) {
    MOBI_NEEDS_SHARED("data/tokenizer/conformance");
    const auto tokenizer = load_tokenizer(shared_path("data/tokenizer/gpt2"));
    const std::string lines =
        read_text_file(shared_path("data/tokenizer/conformance/gpt2_roundtrip.jsonl"));
    int cases = 0;
    for (const std::string_view line : split(lines, '\n')) {
        if (line.empty()) continue;
        const auto test = nlohmann::json::parse(line);
        const std::string text = test.at("text");
        const Ids ids = test.at("ids");
        EXPECT_EQ(tokenizer->encode(text, {}, 0).ids, ids) << text;
        EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Keep), text);
        EXPECT_EQ(cleaned_up(tokenizer->decode(ids, SpecialTokens::Keep)),
                  test.at("decoded_with_special"));
        EXPECT_EQ(cleaned_up(tokenizer->decode(ids, SpecialTokens::Drop)),
                  test.at("decoded_without_special"));
        ++cases;
    }
    EXPECT_EQ(cases, 9);
}

TEST(Stories260KTest, TheTextOfTheReferenceAndItsIds) {
    MOBI_NEEDS_SHARED("data/model/stories260K");
    const auto folder = shared_path("data/model/stories260K");
    const auto tokenizer = load_tokenizer(folder);
    const auto reference = nlohmann::json::parse(read_text_file(folder / "reference_pos0.json"));
    const Ids ids = reference.at("greedy_ids");
    const std::string text = reference.at("greedy_text");
    EXPECT_EQ(tokenizer->decode(ids, SpecialTokens::Drop), text);
    EXPECT_EQ(tokenizer->encode(text, {}, 0).ids, ids);
    EXPECT_EQ(tokenizer->vocabulary(), 512);
}

}  // namespace
}  // namespace mobi::test
