// SPDX-License-Identifier: Apache-2.0
// Every case of the reference data, from tokenizer.json and from vocab.txt.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "data/text_file.hpp"
#include "data/token_check.hpp"
#include "data/word_piece_files.hpp"
#include "support/shared_data.hpp"

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
    const auto vocabulary = folder_ / "vocab.txt";
    const auto config = folder_ / "tokenizer_config.json";
    expect_all_equal(WordPieceTokenizer(parse_vocabulary(
        vocabulary.string(), read_text_file(vocabulary), config.string(), read_text_file(config))));
}

TEST_P(TokenConformanceTest, AllCasesFromVocabTxtAlone) {
    const auto vocabulary = folder_ / "vocab.txt";
    expect_all_equal(WordPieceTokenizer(
        parse_vocabulary(vocabulary.string(), read_text_file(vocabulary), "", "")));
}

TEST_P(TokenConformanceTest, TheVocabularyIsWhatTheEmbeddingHasRowsFor) {
    const std::int32_t rows = std::string_view(GetParam()) == "mpnet" ? 30527 : 30522;
    EXPECT_EQ(load_tokenizer(folder_)->vocabulary(), rows);
}

INSTANTIATE_TEST_SUITE_P(Folders, TokenConformanceTest, ::testing::Values("bert_uncased", "mpnet"));

}  // namespace
}  // namespace mobi::test
