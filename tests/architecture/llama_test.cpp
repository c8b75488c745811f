// SPDX-License-Identifier: Apache-2.0
#include "architecture/llama.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

TEST(LlamaTest, TheDefaultsAreLlama7B) {
    const TransformerConfig llama = read_family(config_of("llama"));
    EXPECT_EQ(llama.layers, 32);
    EXPECT_EQ(llama.width, 4096);
    EXPECT_EQ(llama.heads, 32);
    EXPECT_EQ(llama.kv_heads, 32);
    EXPECT_EQ(llama.head_dim, 128);
    EXPECT_EQ(llama.ffn, 11008);
    EXPECT_EQ(llama.vocabulary, 32000);
    EXPECT_EQ(llama.max_tokens, 2048);
    EXPECT_EQ(llama.norm_eps, 1e-6);
    EXPECT_EQ(llama.activation, kernels::Activation::Silu);
    ASSERT_TRUE(llama.rotary.has_value());
    EXPECT_EQ(llama.rotary->theta, 10000);
    EXPECT_EQ(llama.rotary->linear_factor, 1);
    EXPECT_FALSE(llama.rotary->llama3.has_value());
}

// Published counts, less those of a head that is not tied.
TEST(LlamaTest, CountsTheParametersOfPublishedModels) {
    EXPECT_EQ(test::parameters_of(config_of("llama")), 6'738'415'616 - 32000LL * 4096);
    // Llama 3.2 1B, tied
    EXPECT_EQ(test::parameters_of(config_of(
                  "llama", R"("hidden_size":2048,"num_hidden_layers":16,"num_attention_heads":32,)"
                           R"("num_key_value_heads":8,"head_dim":64,"intermediate_size":8192,)"
                           R"("vocab_size":128256)")),
              1'235'814'400);
    // TinyLlama 1.1B
    EXPECT_EQ(test::parameters_of(config_of(
                  "llama", R"("hidden_size":2048,"num_hidden_layers":22,"num_attention_heads":32,)"
                           R"("num_key_value_heads":4,"intermediate_size":5632)")),
              1'100'048'384 - 32000LL * 2048);
}

TEST(LlamaTest, BiasesAreOffUnlessAskedFor) {
    for (const bool attention : {false, true})
        for (const bool mlp : {false, true}) {
            const auto flag = [](bool value) { return value ? "true" : "false"; };
            const TransformerConfig llama = read_family(
                config_of("llama", std::string(R"("attention_bias":)") + flag(attention) +
                                       R"(,"mlp_bias":)" + flag(mlp)));
            EXPECT_EQ(llama.qkv_bias, attention);
            EXPECT_EQ(llama.attention_out_bias, attention);
            EXPECT_EQ(llama.mlp_bias, mlp);
        }
    const TransformerConfig llama = read_family(config_of("llama"));
    EXPECT_FALSE(llama.qkv_bias || llama.attention_out_bias || llama.mlp_bias);
}

TEST(LlamaTest, ABiasIsCountedOncePerOutput) {
    const std::string small = R"("hidden_size":24,"num_attention_heads":4,"intermediate_size":40,)"
                              R"("num_key_value_heads":2,"head_dim":8,"num_hidden_layers":3)";
    const std::int64_t without = test::parameters_of(config_of("llama", small));
    // query 4 x 8, key and value 2 x 8 each, output 24
    EXPECT_EQ(test::parameters_of(config_of("llama", small + R"(,"attention_bias":true)")),
              without + 3 * (32 + 16 + 16 + 24));
    // gate and up 40 each, down 24
    EXPECT_EQ(test::parameters_of(config_of("llama", small + R"(,"mlp_bias":true)")),
              without + 3 * (40 + 40 + 24));
}

TEST(LlamaTest, LayerTypesAreNotItsKey) {
    EXPECT_EQ(family_refusal(config_of("llama", R"("use_sliding_window":true)")), "");
}

}  // namespace
}  // namespace mobi
