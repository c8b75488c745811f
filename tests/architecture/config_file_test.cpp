// SPDX-License-Identifier: Apache-2.0
#include "architecture/config_file.hpp"

#include <string>

#include <gtest/gtest.h>

#include "architecture/family.hpp"
#include "core/error.hpp"
#include "support/contains.hpp"

namespace mobi {
namespace {

using test::contains;

ConfigFile parse(const std::string& json) {
    return ConfigFile::parse(json, "config.json");
}

/// What a family's reader says of a configuration; empty when it is accepted.
std::string refusal(const std::string& json) {
    try {
        const ConfigFile config = parse(json);
        family_of(config).read(config, 0);
    } catch (const DataError& error) {
        return error.what();
    }
    return {};
}

TransformerConfig read(const std::string& json) {
    const ConfigFile config = parse(json);
    return family_of(config).read(config, 0);
}

TEST(ConfigFileTest, NullIsNotAbsent) {
    // transformers refuses null for these, and has a default when they are absent
    for (const std::string key : {"vocab_size", "hidden_size", "num_hidden_layers", "hidden_act",
                                  "num_attention_heads", "max_position_embeddings"})
        for (const std::string family : {"bert", "roberta", "mpnet", "llama", "qwen2"})
            EXPECT_TRUE(
                contains(refusal(R"({"model_type":")" + family + R"(",")" + key + R"(":null})"),
                         "config.json: " + key + " = null: accepted: "));
    for (const std::string key : {"do_layer_norm_before", "enable_bias", "ffn_dim"})
        EXPECT_TRUE(contains(refusal(R"({"model_type":"opt",")" + key + R"(":null})"),
                             key + " = null: accepted"));
    EXPECT_TRUE(contains(refusal(R"({"model_type":"roberta","pad_token_id":null})"),
                         "pad_token_id = null: accepted"));
}

TEST(ConfigFileTest, NullThatMeansSomethingIsUnderstood) {
    const std::string sizes = R"("hidden_size":24,"num_attention_heads":4)";
    EXPECT_EQ(read(R"({"model_type":"qwen2","num_key_value_heads":null,)" + sizes + "}").kv_heads,
              4);
    EXPECT_EQ(read(R"({"model_type":"llama","num_key_value_heads":null,)" + sizes + "}").kv_heads,
              4);
    EXPECT_EQ(read(R"({"model_type":"llama","head_dim":null,)" + sizes + "}").head_dim, 6);
    EXPECT_EQ(read(R"({"model_type":"gpt2","n_inner":null,"n_embd":24,"n_head":4})").ffn, 96);
    EXPECT_EQ(
        read(R"({"model_type":"opt","word_embed_proj_dim":null,)" + sizes + "}").embedding_width,
        24);
    EXPECT_EQ(refusal(R"({"model_type":"bert","position_embedding_type":null})"), "");
}

TEST(ConfigFileTest, AnErrorSaysThatAValueIsTheDefault) {
    EXPECT_TRUE(
        contains(refusal(R"({"model_type":"qwen2","hidden_size":24,"num_attention_heads":4})"),
                 "num_key_value_heads = 32 (absent: the default): accepted: a divisor of "
                 "num_attention_heads = 4"));
    EXPECT_TRUE(contains(refusal(R"({"model_type":"bert","hidden_size":25})"),
                         "num_attention_heads = 12 (absent: the default): accepted: a divisor of "
                         "hidden_size = 25"));
    EXPECT_TRUE(contains(refusal(R"({"hidden_size":24})"), "model_type = absent: accepted: bert"));
}

TEST(ConfigFileTest, Gpt2MayUseTheCommonNames) {
    const TransformerConfig gpt2 = read(
        R"({"model_type":"gpt2","hidden_size":24,"num_hidden_layers":2,"num_attention_heads":3,)"
        R"("max_position_embeddings":40,"n_layer":2})");
    EXPECT_EQ(gpt2.width, 24);
    EXPECT_EQ(gpt2.layers, 2);
    EXPECT_EQ(gpt2.heads, 3);
    EXPECT_EQ(gpt2.max_tokens, 40);
    EXPECT_EQ(
        refusal(R"({"model_type":"gpt2","n_embd":24,"hidden_size":48,"n_head":3})"),
        "config.json: n_embd = 24 and hidden_size = 48: two names of one thing; accepted: the "
        "same value, or one of them alone");
    EXPECT_TRUE(contains(refusal(R"({"model_type":"gpt2","hidden_size":null})"),
                         "hidden_size = null: accepted"));
}

TEST(ConfigFileTest, LayersThatSlideAreRefused) {
    EXPECT_TRUE(contains(
        refusal(R"({"model_type":"qwen2","layer_types":["full_attention","sliding_attention"]})"),
        "layer_types"));
    EXPECT_EQ(refusal(R"({"model_type":"qwen2","layer_types":["full_attention"]})"), "");
}

}  // namespace
}  // namespace mobi
