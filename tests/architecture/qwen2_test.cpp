// SPDX-License-Identifier: Apache-2.0
#include "architecture/qwen2.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

TEST(Qwen2Test, TheDefaultsAreThoseOfItsClass) {
    const TransformerConfig qwen2 = read_family(config_of("qwen2"));
    EXPECT_EQ(qwen2.layers, 32);
    EXPECT_EQ(qwen2.width, 4096);
    EXPECT_EQ(qwen2.heads, 32);
    EXPECT_EQ(qwen2.kv_heads, 32);
    EXPECT_EQ(qwen2.head_dim, 128);
    EXPECT_EQ(qwen2.ffn, 22016);
    EXPECT_EQ(qwen2.vocabulary, 151936);
    EXPECT_EQ(qwen2.max_tokens, 32768);
    EXPECT_EQ(qwen2.norm_eps, 1e-6);
    EXPECT_EQ(qwen2.activation, kernels::Activation::Silu);
}

TEST(Qwen2Test, QueryKeyAndValueAloneHaveBiases) {
    for (const char* rest : {"", R"("attention_bias":false)"}) {
        const TransformerConfig qwen2 = read_family(config_of("qwen2", rest));
        EXPECT_TRUE(qwen2.qkv_bias);
        EXPECT_FALSE(qwen2.attention_out_bias);
        EXPECT_FALSE(qwen2.mlp_bias);
    }
}

// Qwen2.5-0.5B, tied.
TEST(Qwen2Test, CountsTheParametersOfAPublishedModel) {
    EXPECT_EQ(test::parameters_of(config_of(
                  "qwen2", R"("hidden_size":896,"num_hidden_layers":24,"num_attention_heads":14,)"
                           R"("num_key_value_heads":2,"intermediate_size":4864)")),
              494'032'768);
}

TEST(Qwen2Test, AWindowThatSlidesIsRefused) {
    EXPECT_EQ(family_refusal(config_of("qwen2", R"("use_sliding_window":true)")),
              "config.json: use_sliding_window = true: accepted: false");
    EXPECT_EQ(family_refusal(config_of("qwen2", R"("use_sliding_window":false)")), "");
    // a window that is not used is in every file
    EXPECT_EQ(family_refusal(config_of("qwen2", R"("sliding_window":4096)")), "");
}

TEST(Qwen2Test, EveryLayerSeesEverything) {
    for (const char* types :
         {R"(["full_attention","full_attention"])", "[]", "null", R"("full_attention")"})
        EXPECT_EQ(family_refusal(config_of("qwen2", std::string(R"("layer_types":)") + types)), "")
            << types;
    for (const char* types :
         {R"("sliding_attention")", R"(["full_attention","chunked_attention"])", R"([""])"})
        EXPECT_EQ(family_refusal(config_of("qwen2", std::string(R"("layer_types":)") + types)),
                  std::string("config.json: layer_types = ") + types +
                      ": accepted: full_attention alone");
    EXPECT_EQ(family_refusal(config_of("qwen2", R"("layer_types":[1])")),
              "config.json: layer_types = [1]: accepted: a text, or a list of texts");
}

}  // namespace
}  // namespace mobi
