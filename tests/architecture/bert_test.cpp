// SPDX-License-Identifier: Apache-2.0
#include "architecture/bert.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"
#include "support/contains.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

TEST(BertTest, TheDefaultsAreBertBase) {
    const TransformerConfig bert = read_family(config_of("bert"));
    EXPECT_EQ(bert.family, "bert");
    EXPECT_EQ(bert.layers, 12);
    EXPECT_EQ(bert.width, 768);
    EXPECT_EQ(bert.embedding_width, 768);
    EXPECT_EQ(bert.heads, 12);
    EXPECT_EQ(bert.kv_heads, 12);
    EXPECT_EQ(bert.head_dim, 64);
    EXPECT_EQ(bert.ffn, 3072);
    EXPECT_EQ(bert.vocabulary, 30522);
    EXPECT_EQ(bert.max_tokens, 512);
    EXPECT_EQ(bert.position_rows, 512);
    EXPECT_EQ(bert.first_position, 0);
    EXPECT_EQ(bert.uncounted_pad, -1);
    EXPECT_EQ(bert.token_types, 2);
    EXPECT_EQ(bert.norm_eps, 1e-12);
    EXPECT_EQ(bert.activation, kernels::Activation::Gelu);
}

TEST(BertTest, AnEncoderIsPostNormAndSeesBothSides) {
    const TransformerConfig bert = read_family(config_of("bert"));
    EXPECT_FALSE(bert.causal);
    EXPECT_EQ(bert.placement, NormPlacement::Post);
    EXPECT_FALSE(bert.rms_norm);
    EXPECT_FALSE(bert.gated());
    EXPECT_TRUE(bert.qkv_bias && bert.attention_out_bias && bert.mlp_bias);
    EXPECT_FALSE(bert.stored_in_out);
    EXPECT_FALSE(bert.rotary.has_value());
    EXPECT_EQ(bert.relative_buckets, 0);
    EXPECT_EQ(bert.names.final_norm, "");
}

// Counts of the published models (BertModel of transformers) less the pooler's d² + d.
TEST(BertTest, CountsTheParametersOfPublishedModels) {
    EXPECT_EQ(test::parameters_of(config_of("bert")), 109'482'240 - (768 * 768 + 768));
    EXPECT_EQ(test::parameters_of(
                  config_of("bert", R"("hidden_size":1024,"num_hidden_layers":24,)"
                                    R"("num_attention_heads":16,"intermediate_size":4096)")),
              335'141'888 - (1024 * 1024 + 1024));
    // all-MiniLM-L6-v2
    EXPECT_EQ(test::parameters_of(
                  config_of("bert", R"("hidden_size":384,"num_hidden_layers":6,)"
                                    R"("num_attention_heads":12,"intermediate_size":1536)")),
              22'713'216 - (384 * 384 + 384));
}

TEST(BertTest, TokenTypesAreReadAndBounded) {
    EXPECT_EQ(read_family(config_of("bert", R"("type_vocab_size":1)")).token_types, 1);
    EXPECT_EQ(read_family(config_of("bert", R"("type_vocab_size":65536)")).token_types, 65536);
    for (const char* value : {"0", "-1", "65537", "2.0", "null", R"("2")"})
        EXPECT_EQ(family_refusal(config_of("bert", R"("type_vocab_size":)" + std::string(value))),
                  std::string("config.json: type_vocab_size = ") + value +
                      ": accepted: a whole number from 1 to 65536");
}

}  // namespace
}  // namespace mobi
