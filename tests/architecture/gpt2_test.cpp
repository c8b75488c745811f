// SPDX-License-Identifier: Apache-2.0
#include "architecture/gpt2.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

TEST(Gpt2Test, TheDefaultsAreTheSmallestModel) {
    const TransformerConfig gpt2 = read_family(config_of("gpt2"));
    EXPECT_EQ(gpt2.layers, 12);
    EXPECT_EQ(gpt2.width, 768);
    EXPECT_EQ(gpt2.heads, 12);
    EXPECT_EQ(gpt2.kv_heads, 12);
    EXPECT_EQ(gpt2.head_dim, 64);
    EXPECT_EQ(gpt2.ffn, 3072);
    EXPECT_EQ(gpt2.vocabulary, 50257);
    EXPECT_EQ(gpt2.max_tokens, 1024);
    EXPECT_EQ(gpt2.position_rows, 1024);
    EXPECT_EQ(gpt2.first_position, 0);
    EXPECT_EQ(gpt2.token_types, 0);
    EXPECT_EQ(gpt2.norm_eps, 1e-5);
    EXPECT_EQ(gpt2.activation, kernels::Activation::GeluTanh);
}

TEST(Gpt2Test, ItIsACausalPreNormDecoderWhoseMatricesLieTransposed) {
    const TransformerConfig gpt2 = read_family(config_of("gpt2"));
    EXPECT_TRUE(gpt2.causal);
    EXPECT_EQ(gpt2.placement, NormPlacement::Pre);
    EXPECT_FALSE(gpt2.rms_norm);
    EXPECT_TRUE(gpt2.stored_in_out);
    EXPECT_FALSE(gpt2.gated());
    EXPECT_EQ(gpt2.names.qkv.size(), 1U);
    EXPECT_EQ(gpt2.names.final_norm, "ln_f");
    EXPECT_EQ(gpt2.names.embedding_norm, "");
}

// Published counts; the head is the word table.
TEST(Gpt2Test, CountsTheParametersOfPublishedModels) {
    EXPECT_EQ(test::parameters_of(config_of("gpt2")), 124'439'808);
    EXPECT_EQ(test::parameters_of(config_of("gpt2", R"("n_embd":1024,"n_layer":24,"n_head":16)")),
              354'823'168);
    EXPECT_EQ(test::parameters_of(config_of("gpt2", R"("n_embd":1600,"n_layer":48,"n_head":25)")),
              1'557'611'200);
}

TEST(Gpt2Test, TheMlpIsFourTimesTheWidthUnlessSaidOtherwise) {
    EXPECT_EQ(read_family(config_of("gpt2", R"("n_embd":36)")).ffn, 144);
    EXPECT_EQ(read_family(config_of("gpt2", R"("n_embd":36,"n_inner":null)")).ffn, 144);
    EXPECT_EQ(read_family(config_of("gpt2", R"("n_embd":36,"n_inner":50)")).ffn, 50);
    EXPECT_EQ(family_refusal(config_of("gpt2", R"("n_inner":0)")),
              "config.json: n_inner = 0: accepted: a whole number from 1 to 262144");
}

TEST(Gpt2Test, AttentionThatIsNotComputedIsRefused) {
    for (const std::string key : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"}) {
        EXPECT_EQ(family_refusal(config_of("gpt2", '"' + key + R"(":true)")),
                  "config.json: " + key + " = true: accepted: false");
        EXPECT_EQ(family_refusal(config_of("gpt2", '"' + key + R"(":false)")), "");
    }
    EXPECT_EQ(family_refusal(config_of("gpt2", R"("scale_attn_weights":false)")),
              "config.json: scale_attn_weights = false: accepted: true");
    EXPECT_EQ(family_refusal(config_of("gpt2", R"("scale_attn_weights":true)")), "");
}

TEST(Gpt2Test, EachSizeHasTwoNames) {
    struct Names {
        const char* own;
        const char* common;
        std::int32_t TransformerConfig::*field;
    };
    const Names all[] = {
        {"n_layer", "num_hidden_layers", &TransformerConfig::layers},
        {"n_embd", "hidden_size", &TransformerConfig::width},
        {"n_head", "num_attention_heads", &TransformerConfig::heads},
        {"n_positions", "max_position_embeddings", &TransformerConfig::max_tokens}};
    for (const Names& names : all) {
        const auto with = [](const std::string& key, int value) {
            return '"' + key + "\":" + std::to_string(value);
        };
        EXPECT_EQ(read_family(config_of("gpt2", with(names.own, 24))).*names.field, 24);
        EXPECT_EQ(read_family(config_of("gpt2", with(names.common, 24))).*names.field, 24);
        EXPECT_EQ(
            family_refusal(config_of("gpt2", with(names.own, 24) + ',' + with(names.common, 24))),
            "");
        EXPECT_EQ(
            family_refusal(config_of("gpt2", with(names.own, 24) + ',' + with(names.common, 48))),
            std::string("config.json: ") + names.own + " = 24 and " + names.common +
                " = 48: two names of one thing; accepted: the same value, or one of them "
                "alone");
    }
}

TEST(Gpt2Test, AnErrorUsesTheNameThatTheFileHas) {
    EXPECT_EQ(family_refusal(config_of("gpt2", R"("hidden_size":25)")),
              "config.json: n_head = 12 (absent: the default): accepted: a divisor of hidden_size "
              "= 25");
    EXPECT_EQ(family_refusal(config_of("gpt2", R"("n_embd":25,"num_attention_heads":4)")),
              "config.json: num_attention_heads = 4: accepted: a divisor of n_embd = 25");
}

}  // namespace
}  // namespace mobi
