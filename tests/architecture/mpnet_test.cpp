// SPDX-License-Identifier: Apache-2.0
#include "architecture/mpnet.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

TEST(MpnetTest, TheDefaultsAreThoseOfItsClass) {
    const TransformerConfig mpnet = read_family(config_of("mpnet"));
    EXPECT_EQ(mpnet.layers, 12);
    EXPECT_EQ(mpnet.width, 768);
    EXPECT_EQ(mpnet.heads, 12);
    EXPECT_EQ(mpnet.ffn, 3072);
    EXPECT_EQ(mpnet.vocabulary, 30527);
    EXPECT_EQ(mpnet.position_rows, 512);
    EXPECT_EQ(mpnet.max_tokens, 510);
    EXPECT_EQ(mpnet.norm_eps, 1e-12);
    EXPECT_EQ(mpnet.activation, kernels::Activation::Gelu);
    EXPECT_EQ(mpnet.relative_buckets, 32);
}

TEST(MpnetTest, ItHasABiasByDistanceAndNoTokenTypes) {
    const TransformerConfig mpnet = read_family(config_of("mpnet", R"("type_vocab_size":2)"));
    EXPECT_EQ(mpnet.token_types, 0);
    EXPECT_EQ(mpnet.names.token_types, "");
    EXPECT_EQ(mpnet.names.relative_bias, "encoder.relative_attention_bias.weight");
    EXPECT_EQ(mpnet.names.qkv.at(0), "attention.attn.q");
    EXPECT_EQ(mpnet.names.attention_out, "attention.attn.o");
    EXPECT_EQ(mpnet.names.attention_norm, "attention.LayerNorm");
    // the MLP's names are BERT's
    EXPECT_EQ(mpnet.names.up, read_family(config_of("bert")).names.up);
    EXPECT_EQ(mpnet.names.mlp_norm, read_family(config_of("bert")).names.mlp_norm);
}

TEST(MpnetTest, BucketsAndPaddingAreFixedInItsClass) {
    EXPECT_EQ(
        read_family(config_of("mpnet", R"("relative_attention_num_buckets":32)")).relative_buckets,
        32);
    for (const std::string value : {"31", "64", "null"})
        EXPECT_EQ(
            family_refusal(config_of("mpnet", R"("relative_attention_num_buckets":)" + value)),
            "config.json: relative_attention_num_buckets = " + value +
                ": accepted: a whole number from 32 to 32");
    for (const std::string padding : {"0", "1", "9"}) {
        const auto mpnet = read_family(config_of("mpnet", R"("pad_token_id":)" + padding));
        EXPECT_EQ(mpnet.uncounted_pad, 1);
        EXPECT_EQ(mpnet.first_position, 2);
    }
}

TEST(MpnetTest, TooFewPositionsAreRefused) {
    EXPECT_EQ(read_family(config_of("mpnet", R"("max_position_embeddings":3)")).max_tokens, 1);
    EXPECT_EQ(family_refusal(config_of("mpnet", R"("max_position_embeddings":2)")),
              "config.json: max_position_embeddings = 2: accepted: more than 2");
}

// MPNetModel of transformers has 109,486,464 with the pooler.
TEST(MpnetTest, CountsTheParametersOfTheBaseModel) {
    EXPECT_EQ(test::parameters_of(config_of("mpnet", R"("max_position_embeddings":514)")),
              109'486'464 - (768 * 768 + 768));
}

}  // namespace
}  // namespace mobi
