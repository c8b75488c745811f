// SPDX-License-Identifier: Apache-2.0
#include "data/byte_pair_files.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr const char* kGpt2 =
    R"({"a": 0, "b": 1, "\u0120": 2, "ab": 3, "<|endoftext|>": 4, "\u0120a": 5})";
constexpr const char* kRoberta =
    R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "\u0120": 6, "ab": 7,
        "<|endoftext|>": 8, "<mask>": 9, "\u0120a": 10})";
constexpr const char* kMerges = "#version: 0.2\n\u0120 a\na b\n";

BytePairFiles files(const char* vocabulary,
                    const std::string& config = "",
                    const std::string& model = "") {
    return {{"vocab.json", vocabulary},
            {"merges.txt", kMerges},
            {"tokenizer_config.json", config},
            {"special_tokens_map.json", ""},
            {"config.json", model.empty() ? model : R"({"model_type": ")" + model + "\"}"}};
}

Ids ids_of(const BytePairFiles& files,
           std::string_view text,
           std::optional<std::string_view> pair = {}) {
    return BytePairTokenizer(parse_byte_pair_files(files)).encode(text, pair, 0).ids;
}

std::string complaint(const BytePairFiles& files) {
    try {
        parse_byte_pair_files(files);
    } catch (const DataError& error) {
        return error.what();
    }
    return "no error";
}

TEST(BytePairFilesTest, Gpt2AddsNothing) {
    const BytePairFiles gpt2 = files(kGpt2);
    EXPECT_EQ(ids_of(gpt2, "ab a<|endoftext|>"), (Ids{3, 5, 4}));
    EXPECT_EQ(ids_of(gpt2, "a", "b"), (Ids{0, 1}));
    EXPECT_EQ(BytePairTokenizer(parse_byte_pair_files(gpt2)).encode("a", "b", 0).type_ids,
              (Ids{0, 1}));
}

TEST(BytePairFilesTest, RobertaFramesAndItsMaskSwallowsBlanks) {
    const BytePairFiles roberta = files(kRoberta);
    EXPECT_EQ(ids_of(roberta, "ab  <mask> a"), (Ids{0, 7, 9, 10, 2}));
    EXPECT_EQ(ids_of(roberta, "a", "b"), (Ids{0, 4, 2, 2, 5, 2}));
    EXPECT_EQ(BytePairTokenizer(parse_byte_pair_files(roberta)).encode("a", "b", 0).type_ids,
              Ids(6, 0));
}

TEST(BytePairFilesTest, OptPrependsItsEndTokenToEachText) {
    const BytePairFiles opt = files(kRoberta, "", "opt");
    EXPECT_EQ(ids_of(opt, "ab"), (Ids{2, 7}));
    EXPECT_EQ(ids_of(opt, "a", "b"), (Ids{2, 4, 2, 5}));
    EXPECT_EQ(ids_of(opt, "a</s><pad>"), (Ids{2, 4, 2, 1}));
    EXPECT_EQ(ids_of(opt, "<mask>"), (Ids{2, 4})) << "text to OPT: its a";
    const char* published = R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true,
        "bos_token": {"content": "</s>", "normalized": true}, "eos_token": "</s>",
        "unk_token": "</s>", "pad_token": "<pad>"})";
    EXPECT_EQ(ids_of(files(kRoberta, published), "ab"), (Ids{2, 7})) << "without config.json";
}

TEST(BytePairFilesTest, Qwen2ComposesAndCutsDigitsApart) {
    BytePairFiles qwen2 = files(
        R"({"\u00C3": 0, "\u00A9": 1, "\u00C3\u00A9": 2, "1": 3, "11": 4})",
        R"({"tokenizer_class": "Qwen2TokenizerFast", "eos_token": "<|im_end|>", "added_tokens_decoder":
            {"8": {"content": "<|endoftext|>", "special": true, "normalized": false},
             "9": {"content": "<|im_end|>", "special": true, "normalized": false}}})");
    qwen2.merges.text = "\u00C3 \u00A9\n1 1\n";
    EXPECT_EQ(ids_of(qwen2, "\u00E911<|im_end|>"), (Ids{2, 3, 3, 9}));
    EXPECT_EQ(parse_byte_pair_files(qwen2).normalizer.size(), 1U);
}

TEST(BytePairFilesTest, FilesSayWhatIsSpecial) {
    BytePairFiles gpt2 = files(kGpt2, R"({"add_bos_token": true, "add_prefix_space": true})");
    EXPECT_EQ(ids_of(gpt2, "a"), (Ids{4, 5}));
    gpt2.tokenizer_config.text = R"({"add_bos_token": true, "add_eos_token": true})";
    gpt2.special_tokens_map.text =
        R"({"bos_token": "a", "pad_token": {"content": "b", "lstrip": true}})";
    EXPECT_EQ(ids_of(gpt2, ""), (Ids{0, 4}));
    EXPECT_EQ(ids_of(gpt2, " ab"), (Ids{0, 2, 0, 1, 4})) << "a and b are tokens of their own now";
    EXPECT_EQ(ids_of(gpt2, " b"), (Ids{0, 1, 4})) << "and b swallows the blank";
    gpt2.tokenizer_config.text = R"({"bos_token": "b", "add_bos_token": true})";
    EXPECT_EQ(ids_of(gpt2, ""), (Ids{1})) << "tokenizer_config.json before special_tokens_map.json";
}

TEST(BytePairFilesTest, LinesOfMergesMayEndInCrlf) {
    BytePairFiles gpt2 = files(kGpt2);
    gpt2.merges.text = "#version: 0.2\r\na b\r\n\r\n";
    EXPECT_EQ(ids_of(gpt2, "ab"), (Ids{3}));
}

TEST(BytePairFilesTest, FaultsAreNamed) {
    const auto with_merges = [](const char* text) {
        BytePairFiles gpt2 = files(kGpt2);
        gpt2.merges.text = text;
        return complaint(gpt2);
    };
    EXPECT_EQ(with_merges("a b\nb a\n"), "merges.txt:2: \"ba\" is not in vocab");
    EXPECT_EQ(with_merges("#version\na b c\n"),
              "merges.txt:2: is not two pieces with a blank between");
    EXPECT_EQ(with_merges("a \xFF\n"),
              "merges.txt:1: byte 0xFF is not UTF-8 text (iconv -f latin1 -t utf-8 converts "
              "Latin-1)");
    EXPECT_EQ(complaint(files("[]")), "vocab.json: is not an object");
    EXPECT_EQ(complaint(files(R"({"a": "0"})")),
              "vocab.json: a: is not a whole number from 0 to 2147483646");
    EXPECT_EQ(complaint(files(R"({"a": 0, "b": 1, "\u0120": 2, "ab": 3, "\u0120a": 4})")),
              "vocab.json: holds no \"<|endoftext|>\", the unk_token of this tokenizer");
    EXPECT_EQ(complaint(files(kGpt2, "", "roberta")),
              "vocab.json: holds no \"<s>\", the bos_token of this tokenizer");
    EXPECT_EQ(complaint(files(kGpt2, R"({"tokenizer_class": "CLIPTokenizer"})")),
              "tokenizer_config.json: tokenizer_class: is CLIPTokenizer; GPT2Tokenizer, "
              "RobertaTokenizer and Qwen2Tokenizer can be read from vocab.json");
    EXPECT_EQ(complaint(files(kGpt2, R"({"bos_token": 3})")),
              "tokenizer_config.json: bos_token: is not a text");
    EXPECT_EQ(complaint(files(kGpt2, R"({"added_tokens_decoder": {"x": {"content": "y"}}})")),
              "tokenizer_config.json: added_tokens_decoder.x: is not named by an id");
    EXPECT_EQ(complaint(files(kGpt2, "[]")), "tokenizer_config.json: is not a JSON object");
}

}  // namespace
}  // namespace mobi::test
