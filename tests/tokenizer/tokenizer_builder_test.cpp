// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_builder.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/tokenizer_files.hpp"

namespace mobi::test {
namespace {

using Ids = std::vector<std::int32_t>;

constexpr const char* kPieces = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n\u00E9\nA\ne\n";
constexpr const char* kGpt2 =
    R"({"a": 0, "b": 1, "\u0120": 2, "ab": 3, "<|endoftext|>": 4, "\u0120a": 5})";
constexpr const char* kRoberta =
    R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "\u0120": 6, "ab": 7,
        "<|endoftext|>": 8, "<mask>": 9, "\u0120a": 10})";

Ids ids_of(const TokenizerFiles& files,
           std::string_view text,
           std::optional<std::string_view> pair = {}) {
    return make_tokenizer(files)->encode(text, pair, 0).ids;
}

Ids ids_of_vocab_txt(const std::string& config, std::string_view text) {
    return tokenizer_of_vocab_txt(kPieces, config)->encode(text, {}, 0).ids;
}

TokenizerFiles byte_pairs(const char* vocabulary,
                          const std::string& config = "",
                          const std::string& model = "") {
    TokenizerFiles files = absent_files();
    files.vocab_json.text = vocabulary;
    files.merges.text = "#version: 0.2\n\u0120 a\na b\n";
    files.tokenizer_config.text = config;
    if (!model.empty()) files.model_config.text = R"({"model_type": ")" + model + "\"}";
    return files;
}

std::string complaint(const TokenizerFiles& files) {
    try {
        make_tokenizer(files);
    } catch (const DataError& error) {
        return error.what();
    }
    return "no error";
}

bool notes(const Tokenizer& tokenizer, const std::string& line) {
    const SourceNotes& all = tokenizer.sources();
    return std::any_of(all.begin(), all.end(),
                       [&](const SourceNote& note) { return describe(note) == line; });
}

/// A BERT whose tokenizer.json lower-cases.
TokenizerFiles bert_json(const std::string& config) {
    TokenizerFiles files = absent_files();
    files.tokenizer_json.text = R"({
        "normalizer": {"type": "BertNormalizer", "lowercase": true}, "added_tokens": [],
        "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab":
            {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "A": 6}}})";
    files.tokenizer_config.text = config;
    return files;
}

TEST(TokenizerBuilderTest, TheConfigurationSwitchesTheCleanUp) {
    EXPECT_EQ(ids_of_vocab_txt("", "A \u00E9"), (Ids{2, 5, 8, 3})) << "lower case, no accents";
    EXPECT_EQ(ids_of_vocab_txt(R"({"do_lower_case": false})", "A \u00E9"), (Ids{2, 7, 6, 3}));
    EXPECT_EQ(ids_of_vocab_txt(R"({"strip_accents": false})", "A \u00E9"), (Ids{2, 5, 6, 3}));
    EXPECT_EQ(ids_of_vocab_txt(R"({"strip_accents": null, "unk_token": "e"})", "x"),
              (Ids{2, 8, 3}));
}

TEST(TokenizerBuilderTest, TheClassCountsBeforeTokenizerJson) {
    const auto cased = make_tokenizer(
        bert_json(R"({"tokenizer_class": "BertTokenizer", "do_lower_case": false})"));
    EXPECT_EQ(cased->encode("A a", {}, 0).ids, (Ids{2, 6, 5, 3}));
    EXPECT_TRUE(notes(*cased,
                      "do_lower_case false from tokenizer_config.json (tokenizer.json says "
                      "lowercase true)"));
    EXPECT_TRUE(notes(*cased,
                      "special tokens around a text from BertTokenizer (the post_processor "
                      "of tokenizer.json is another)"));
    const auto written = make_tokenizer(
        bert_json(R"({"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": false})"));
    EXPECT_EQ(written->encode("A a", {}, 0).ids, (Ids{5, 5})) << "as tokenizer.json is written";
    EXPECT_TRUE(notes(*written,
                      "do_lower_case true from tokenizer.json, which is used as written "
                      "(tokenizer_config.json says false)"));
}

TEST(TokenizerBuilderTest, FilesThatAgreeAreNotNoted) {
    TokenizerFiles files =
        bert_json(R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})");
    const std::string none = R"("post_processor": null)";
    files.tokenizer_json.text.replace(
        files.tokenizer_json.text.find(none), none.size(),
        R"("post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]})");
    files.vocab_txt.text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nA\n";
    const auto tokenizer = make_tokenizer(files);
    ASSERT_EQ(tokenizer->sources().size(), 1U);
    EXPECT_TRUE(notes(*tokenizer, "vocabulary from tokenizer.json (vocab.txt says the same)"));
    files.vocab_txt.text = "a\n";
    EXPECT_TRUE(notes(*make_tokenizer(files),
                      "vocabulary from tokenizer.json (vocab.txt has other pieces)"));
}

TEST(TokenizerBuilderTest, AddedTokensBesideAVocabulary) {
    TokenizerFiles files = absent_files();
    files.vocab_txt.text = kPieces;
    files.added_tokens.text = R"({"[ENT]": 10, "bb": 9})";
    EXPECT_EQ(ids_of(files, "a bb [ent]"), (Ids{2, 5, 9, 10, 3})) << "looked for in lower case";
    files.added_tokens.text = R"({"[ENT]": 700})";
    const auto tokenizer = make_tokenizer(files);
    EXPECT_EQ(tokenizer->encode("[ENT]", {}, 0).ids, (Ids{2, 9, 3})) << "the next free id";
    EXPECT_TRUE(
        notes(*tokenizer,
              "id 9 of \"[ENT]\" from the order of added tokens (added_tokens.json says 700)"));
    files = byte_pairs(kGpt2, "", "gpt2");
    files.special_tokens_map.text = R"({"pad_token": "<p>"})";
    EXPECT_EQ(ids_of(files, "a <p>"), (Ids{0, 2, 6})) << "a special token that is no piece";
    files.tokenizer_config.text =
        R"({"added_tokens_decoder": {"6": {"content": "<p>", "lstrip": true, "special": true}}})";
    EXPECT_EQ(ids_of(files, "a <p>"), (Ids{0, 6}));
}

TEST(TokenizerBuilderTest, NullTakesASpecialTokenAway) {
    EXPECT_EQ(ids_of_vocab_txt("", "[PAD]"), (Ids{2, 0, 3}));
    EXPECT_EQ(ids_of_vocab_txt(R"({"pad_token": null})", "[PAD]"), (Ids{2, 1, 1, 1, 3}));
    TokenizerFiles files = absent_files();
    files.vocab_txt.text = kPieces;
    files.tokenizer_config.text = R"({"sep_token": null})";
    EXPECT_EQ(complaint(files),
              "tokenizer_config.json: sep_token: is null; BertTokenizer needs one");
    files.tokenizer_config.text = R"({"do_lower_case": null})";
    EXPECT_EQ(complaint(files), "tokenizer_config.json: do_lower_case: is neither true nor false");
}

TEST(TokenizerBuilderTest, Gpt2AddsNothing) {
    const TokenizerFiles gpt2 = byte_pairs(kGpt2);
    EXPECT_EQ(ids_of(gpt2, "ab a<|endoftext|>"), (Ids{3, 5, 4}));
    EXPECT_EQ(ids_of(gpt2, "a", "b"), (Ids{0, 1}));
    EXPECT_EQ(make_tokenizer(gpt2)->encode("a", "b", 0).type_ids, (Ids{0, 1}));
}

TEST(TokenizerBuilderTest, RobertaFramesAndADeclaredMaskSwallowsBlanks) {
    TokenizerFiles roberta = byte_pairs(kRoberta);
    EXPECT_EQ(ids_of(roberta, "a", "b"), (Ids{0, 4, 2, 2, 5, 2}));
    EXPECT_EQ(make_tokenizer(roberta)->encode("a", "b", 0).type_ids, Ids(6, 0));
    EXPECT_EQ(ids_of(roberta, "ab <mask> a"), (Ids{0, 7, 6, 9, 10, 2}));
    roberta.special_tokens_map.text = R"({"mask_token": {"content": "<mask>", "lstrip": true}})";
    EXPECT_EQ(ids_of(roberta, "ab <mask> a"), (Ids{0, 7, 9, 10, 2}));
}

TEST(TokenizerBuilderTest, OptPrependsItsEndTokenToEachText) {
    const TokenizerFiles opt = byte_pairs(kRoberta, "", "opt");
    EXPECT_EQ(ids_of(opt, "ab"), (Ids{2, 7}));
    EXPECT_EQ(ids_of(opt, "a", "b"), (Ids{2, 4, 2, 5}));
    EXPECT_EQ(ids_of(opt, "a</s><pad>"), (Ids{2, 4, 2, 1}));
    EXPECT_EQ(ids_of(opt, "<mask>"), (Ids{2, 4})) << "text to OPT: its a";
    const char* published = R"({"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true,
        "bos_token": {"__type": "AddedToken", "content": "</s>", "normalized": true},
        "eos_token": "</s>", "unk_token": "</s>", "pad_token": "<pad>"})";
    EXPECT_EQ(ids_of(byte_pairs(kRoberta, published), "ab"), (Ids{2, 7})) << "without config.json";
}

TEST(TokenizerBuilderTest, Qwen2ComposesAndCutsDigitsApart) {
    TokenizerFiles qwen2 = byte_pairs(
        R"({"\u00C3": 0, "\u00A9": 1, "\u00C3\u00A9": 2, "1": 3, "11": 4})",
        R"({"tokenizer_class": "Qwen2TokenizerFast", "eos_token": "<|im_end|>", "added_tokens_decoder":
            {"5": {"content": "<|endoftext|>", "special": true, "normalized": false},
             "6": {"content": "<|im_end|>", "special": true, "lstrip": true}}})");
    qwen2.merges.text = "\u00C3 \u00A9\n1 1\n";
    EXPECT_EQ(ids_of(qwen2, "e\u030111<|im_end|>"), (Ids{2, 3, 3, 6})) << "composed; e is no piece";
    EXPECT_EQ(ids_of(qwen2, "\u00E911 <|im_end|>"), (Ids{2, 3, 3, 6})) << "the blank is no piece";
}

TEST(TokenizerBuilderTest, FilesSayWhatIsSpecial) {
    TokenizerFiles gpt2 = byte_pairs(kGpt2, R"({"add_bos_token": true, "add_prefix_space": true})");
    EXPECT_EQ(ids_of(gpt2, "a"), (Ids{4, 5}));
    gpt2.tokenizer_config.text = R"({"add_bos_token": true, "add_eos_token": true})";
    gpt2.special_tokens_map.text =
        R"({"bos_token": "a", "pad_token": {"content": "b", "lstrip": true}})";
    EXPECT_EQ(ids_of(gpt2, ""), (Ids{0, 4}));
    EXPECT_EQ(ids_of(gpt2, " ab"), (Ids{0, 2, 0, 1, 4})) << "a and b are tokens of their own now";
    EXPECT_EQ(ids_of(gpt2, " b"), (Ids{0, 1, 4})) << "and b swallows the blank";
    gpt2.tokenizer_config.text = R"({"bos_token": "b", "add_bos_token": true})";
    EXPECT_EQ(ids_of(gpt2, ""), (Ids{0})) << "special_tokens_map.json overrides";
}

TEST(TokenizerBuilderTest, FaultsAreNamed) {
    TokenizerFiles files = absent_files();
    files.vocab_txt.text = "[CLS]\n[SEP]\n";
    EXPECT_EQ(complaint(files), "vocab.txt: holds no \"[UNK]\", the unk_token of BertTokenizer");
    files.vocab_txt.text = kPieces;
    files.tokenizer_config.text = R"({"do_basic_tokenize": false})";
    EXPECT_EQ(complaint(files), "tokenizer_config.json: do_basic_tokenize: false cannot be read");
    files.tokenizer_config.text = R"({"tokenizer_class": "PreTrainedTokenizerFast"})";
    EXPECT_EQ(complaint(files),
              "tokenizer.json: no such file; PreTrainedTokenizerFast reads no other");
    EXPECT_EQ(complaint(byte_pairs(kGpt2, R"({"tokenizer_class": "BertTokenizer"})")),
              "vocab.txt: no such file; it or tokenizer.json is the vocabulary of BertTokenizer");
    TokenizerFiles wrong = bert_json(R"({"tokenizer_class": "GPT2Tokenizer"})");
    EXPECT_EQ(complaint(wrong),
              "tokenizer.json: model: is a WordPiece; GPT2Tokenizer has a BPE; "
              "PreTrainedTokenizerFast as the tokenizer_class of tokenizer_config.json reads the "
              "file as it is");
}

}  // namespace
}  // namespace mobi::test
