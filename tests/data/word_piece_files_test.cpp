// SPDX-License-Identifier: Apache-2.0
#include "data/word_piece_files.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr const char* kPieces = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n\u00E9\nA\ne\n";

Ids ids_of(const std::string& vocabulary, const std::string& config, std::string_view text) {
    const WordPieceTokenizer tokenizer(
        parse_vocabulary("vocab.txt", vocabulary, "tokenizer_config.json", config));
    return tokenizer.encode(text, {}, 0).ids;
}

TEST(VocabularyTest, TheConfigurationSwitchesTheCleanUp) {
    EXPECT_EQ(ids_of(kPieces, "", "A \u00E9"), (Ids{2, 5, 8, 3})) << "lower case, no accents";
    EXPECT_EQ(ids_of(kPieces, R"({"do_lower_case": false})", "A \u00E9"), (Ids{2, 7, 6, 3}));
    EXPECT_EQ(ids_of(kPieces, R"({"strip_accents": false})", "A \u00E9"), (Ids{2, 5, 6, 3}));
    EXPECT_EQ(ids_of(kPieces, R"({"strip_accents": null, "unk_token": {"content": "e"}})", "x"),
              (Ids{2, 8, 3}));
}

TEST(VocabularyTest, LinesMayEndInCrlfAndTheLastOneInNothing) {
    EXPECT_EQ(ids_of("[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\n[MASK]\r\na", "", "a"), (Ids{2, 5, 3}));
}

TEST(VocabularyTest, OfEqualLinesTheLastOneCounts) {
    EXPECT_EQ(ids_of(std::string(kPieces) + "a\n", "", "a"), (Ids{2, 9, 3}));
}

TEST(VocabularyTest, FaultsAreNamed) {
    const auto complaint_of = [](const std::string& vocabulary, const std::string& config) {
        try {
            parse_vocabulary("vocab.txt", vocabulary, "tokenizer_config.json", config);
        } catch (const DataError& error) {
            return std::string(error.what());
        }
        return std::string("no error");
    };
    EXPECT_EQ(complaint_of("", ""),
              "vocab.txt: holds no \"[CLS]\", a special token of this tokenizer");
    EXPECT_EQ(complaint_of("[UNK]\n[SEP]\n", ""),
              "vocab.txt: holds no \"[CLS]\", a special token of this tokenizer");
    EXPECT_EQ(complaint_of(kPieces, R"({"tokenizer_class": "MPNetTokenizer"})"),
              "vocab.txt: holds no \"<s>\", a special token of this tokenizer");
    EXPECT_EQ(
        complaint_of(kPieces, R"({"tokenizer_class": "T5TokenizerFast"})"),
        "tokenizer_config.json: tokenizer_class: is T5Tokenizer; BertTokenizer, "
        "DistilBertTokenizer, ElectraTokenizer, MobileBertTokenizer and MPNetTokenizer can be "
        "read from vocab.txt");
    EXPECT_EQ(complaint_of(kPieces, R"({"do_basic_tokenize": false})"),
              "tokenizer_config.json: do_basic_tokenize: false cannot be read");
    EXPECT_EQ(complaint_of(kPieces, R"({"cls_token": 3})"),
              "tokenizer_config.json: cls_token: is not a text");
    EXPECT_EQ(
        complaint_of("a\n\xFF\n", ""),
        "vocab.txt:2: byte 0xFF is not UTF-8 text (iconv -f latin1 -t utf-8 converts Latin-1)");
}

}  // namespace
}  // namespace mobi::test
