// SPDX-License-Identifier: Apache-2.0
#include "tokenizer/tokenizer_class.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "support/tokenizer_files.hpp"

namespace mobi::test {
namespace {

/// The class by name ("" = undecided) and, in brackets, the note.
std::string class_of(const std::string& config,
                     const std::string& model,
                     const std::string& json = "") {
    TokenizerFiles files = absent_files();
    files.tokenizer_config.text = config;
    files.model_config.text = model;
    files.tokenizer_json.text = json;
    SourceNotes notes;
    try {
        const auto kind = tokenizer_class(files, notes);
        std::string text(kind ? name_of(*kind) : "");
        for (const SourceNote& note : notes) text += " [" + describe(note) + "]";
        return text;
    } catch (const DataError& error) {
        return error.what();
    }
}

TEST(TokenizerClassTest, TheStatedClassCountsThenTheModelType) {
    EXPECT_EQ(class_of(R"({"tokenizer_class": "GPT2TokenizerFast"})", ""), "GPT2Tokenizer");
    EXPECT_EQ(class_of("", R"({"tokenizer_class": "MPNetTokenizer"})"), "MPNetTokenizer");
    EXPECT_EQ(class_of(R"({"tokenizer_class": null})", R"({"model_type": "roberta"})"),
              "RobertaTokenizer");
    EXPECT_EQ(class_of("", R"({"model_type": "bert"})"), "BertTokenizer");
    EXPECT_EQ(class_of(R"({"tokenizer_class": "RobertaTokenizer"})", R"({"model_type": "gpt2"})"),
              "RobertaTokenizer [tokenizer_class RobertaTokenizer from tokenizer_config.json "
              "(GPT2Tokenizer is usual for model_type gpt2)]");
}

TEST(TokenizerClassTest, WithoutAWordTokenizerJsonIsReadAsItIsWritten) {
    EXPECT_EQ(class_of("", "", "{}"), "PreTrainedTokenizerFast");
    EXPECT_EQ(class_of("", R"({"model_type": "llama"})", "{}"), "PreTrainedTokenizerFast");
    EXPECT_EQ(class_of("{}", R"({"model_type": "llama"})"), "");
}

TEST(TokenizerClassTest, PublishedFoldersThatStateAWrongClass) {
    EXPECT_EQ(class_of(R"({"tokenizer_class": "LlamaTokenizerFast"})", "", R"({"a": "ByteLevel"})"),
              "PreTrainedTokenizerFast [tokenizer_class PreTrainedTokenizerFast from "
              "tokenizer.json, which is ByteLevel (tokenizer_config.json says LlamaTokenizer)]");
    EXPECT_EQ(
        class_of(R"({"tokenizer_class": "PreTrainedTokenizerFast"})", R"({"model_type": "qwen2"})"),
        "Qwen2Tokenizer [tokenizer_class Qwen2Tokenizer from config.json's model_type qwen2 "
        "(tokenizer_config.json says PreTrainedTokenizer)]");
    EXPECT_EQ(class_of(R"({"tokenizer_class": "LlamaTokenizer"})", R"({"model_type": "mistral"})"),
              "PreTrainedTokenizerFast [tokenizer_class PreTrainedTokenizerFast from config.json's "
              "model_type mistral (tokenizer_config.json says LlamaTokenizer)]");
}

TEST(TokenizerClassTest, ModelTypesWithoutAClassOfTheirOwnAreReadAsWritten) {
    for (const std::string type : {"granite", "stablelm", "gpt_bigcode", "xlm-roberta-xl"})
        EXPECT_EQ(class_of(R"({"tokenizer_class": "GPT2Tokenizer"})",
                           R"({"model_type": ")" + type + "\"}"),
                  "PreTrainedTokenizerFast [tokenizer_class PreTrainedTokenizerFast from "
                  "config.json's model_type " +
                      type + " (tokenizer_config.json says GPT2Tokenizer)]");
}

TEST(TokenizerClassTest, AModelTypeThatOverrulesWithAnUnknownClassIsRefused) {
    EXPECT_EQ(
        class_of(R"({"tokenizer_class": "Qwen2Tokenizer"})", R"({"model_type": "qwen3_5"})", "{}"),
        "config.json: model_type: is qwen3_5, whose tokenizer cannot be read, whatever class is "
        "stated");
}

TEST(TokenizerClassTest, AnUnknownModelTypeIsNotedAndOverrulesNothing) {
    EXPECT_EQ(class_of("", R"({"model_type": "qwen2 opt"})", "{}"),
              "PreTrainedTokenizerFast [tokenizer_class PreTrainedTokenizerFast from "
              "tokenizer.json (no class is known here for model_type qwen2 opt)]");
    EXPECT_EQ(class_of(R"({"tokenizer_class": "Qwen2Tokenizer"})", R"({"model_type": "mine"})"),
              "Qwen2Tokenizer");
}

TEST(TokenizerClassTest, OptWithoutTokenizerConfigHasItsOwn) {
    EXPECT_EQ(class_of("", R"({"model_type": "opt"})"), "OPT");
    EXPECT_EQ(class_of("{}", R"({"model_type": "opt"})"), "GPT2Tokenizer");
    EXPECT_EQ(class_of("", R"({"model_type": "opt"})", "{}"), "GPT2Tokenizer");
}

TEST(TokenizerClassTest, AClassWhoseWaysAreNotKnownIsRefused) {
    EXPECT_EQ(
        class_of(R"({"tokenizer_class": "T5TokenizerFast"})", ""),
        "tokenizer_config.json: tokenizer_class: is T5Tokenizer; BertTokenizer, "
        "DistilBertTokenizer, ElectraTokenizer, MobileBertTokenizer, SqueezeBertTokenizer, "
        "MPNetTokenizer, GPT2Tokenizer, RobertaTokenizer, BartTokenizer, LongformerTokenizer, "
        "Qwen2Tokenizer, LlamaTokenizer can be read, and PreTrainedTokenizerFast, which reads "
        "tokenizer.json as it is written");
    EXPECT_EQ(class_of("[]", ""), "tokenizer_config.json: is not a JSON object");
    EXPECT_EQ(class_of(R"({"tokenizer_class": 3})", ""),
              "tokenizer_config.json: tokenizer_class: is not a text");
}

}  // namespace
}  // namespace mobi::test
