// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/token_check.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/temp_folder.hpp"
#include "support/tokenizer_files.hpp"

namespace mobi::test {
namespace {

class TokenCheckTest : public ::testing::Test {
  protected:
    TokenCheck check(const std::string& lines) {
        return check_tokens(*tokenizer_, read_token_cases(folder_.write("cases.jsonl", lines)));
    }

    std::string complaint(const std::string& lines) {
        try {
            check(lines);
        } catch (const DataError& error) {
            return std::string(error.what()).substr(folder_.path().string().size() + 1);
        }
        return "no error";
    }

    TempFolder folder_;
    std::unique_ptr<Tokenizer> tokenizer_ =
        tokenizer_of_vocab_txt("[CLS]\n[SEP]\n[UNK]\n[PAD]\n[MASK]\na\nb\n");
};

TEST_F(TokenCheckTest, CountsTheCasesThatAreEqualInAllTheyState) {
    const TokenCheck result =
        check(R"({"case": "one", "text": "a", "ids": [0, 5, 1]})"
              "\n\n"
              R"({"text": "a", "pair": "b", "ids": [0, 5, 1, 6, 1], "type_ids": [0, 0, 0, 1, 1]})");
    EXPECT_TRUE(result.passed());
    EXPECT_EQ(result.summary(), "2 of 2 equal");
}

TEST_F(TokenCheckTest, DescribesTheFirstDifference) {
    const std::string good = "{\"text\": \"a\", \"ids\": [0, 5, 1]}\n";
    EXPECT_EQ(check(good + R"({"case": "x", "text": "a b", "ids": [0, 5, 5, 1]})").summary(),
              "1 of 2 equal; first difference: case x: ids[2] is 6, expected 5");
    EXPECT_EQ(check(R"({"text": "a", "ids": [0, 5]})" + ("\n" + good)).summary(),
              "1 of 2 equal; first difference: case line 1: ids has 3 entries, expected 2");
    EXPECT_EQ(check(R"({"text": "a", "ids": [0, 5, 1, 1]})").summary(),
              "0 of 1 equal; first difference: case line 1: ids ends after 3 entries, expected 4");
    EXPECT_EQ(check(R"({"text": "a", "ids": [0, 5, 1], "type_ids": [0, 1, 0]})").first_difference,
              "case line 1: type_ids[1] is 0, expected 1");
    EXPECT_EQ(check(R"({"text": "a", "ids": [0, 5, 1], "ids_max16": [0]})").first_difference,
              "case line 1: ids_max16 has 3 entries, expected 1");
}

TEST_F(TokenCheckTest, ComparesTheDecodedTextWhereItIsStated) {
    EXPECT_TRUE(check(R"({"text": "A", "ids": [0, 5, 1], "decoded": "[CLS] a [SEP]"})").passed());
    EXPECT_EQ(check(R"({"text": "A", "ids": [0, 5, 1], "decoded": "A\n"})").first_difference,
              R"(case line 1: decoded is "[CLS] a [SEP]", expected "A\n")");
}

TEST_F(TokenCheckTest, IdsMayBeStatedWithoutSpecialTokens) {
    const auto bare = [&](const std::string& lines) {
        return check_tokens(*tokenizer_, read_token_cases(folder_.write("cases.jsonl", lines)),
                            SpecialTokens::Drop);
    };
    EXPECT_TRUE(bare(R"({"case": 7, "text": "a b", "ids": [5, 6]})").passed());
    EXPECT_EQ(bare(R"({"case": 7, "text": "a b", "ids": [0, 5, 6, 1]})").first_difference,
              "case 7: ids[0] is 5, expected 0");
    EXPECT_THROW(bare(R"({"text": "a", "pair": "b", "ids": [5, 6]})"), DataError);
}

TEST_F(TokenCheckTest, ALineThatIsNoCaseIsNamed) {
    EXPECT_EQ(complaint("{\"text\": \"a\", \"ids\": []}\n{\"ids\": []}\n").substr(0, 14),
              "cases.jsonl:2:");
    EXPECT_EQ(complaint("nonsense").substr(0, 14), "cases.jsonl:1:");
    EXPECT_EQ(complaint("{\"text\": 5, \"ids\": []}").substr(0, 14), "cases.jsonl:1:");
    EXPECT_EQ(complaint("[1]").substr(0, 14), "cases.jsonl:1:");
}

}  // namespace
}  // namespace mobi::test
