// SPDX-License-Identifier: Apache-2.0
#include "architecture/opt.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

/// OPT-350M, the one model of the family that is post-norm.
constexpr const char* k350M =
    R"("hidden_size":1024,"num_hidden_layers":24,"num_attention_heads":16,"ffn_dim":4096,)"
    R"("word_embed_proj_dim":512,"do_layer_norm_before":false)";

TEST(OptTest, TheDefaultsAreOpt125M) {
    const TransformerConfig opt = read_family(config_of("opt"));
    EXPECT_EQ(opt.layers, 12);
    EXPECT_EQ(opt.width, 768);
    EXPECT_EQ(opt.embedding_width, 768);
    EXPECT_EQ(opt.heads, 12);
    EXPECT_EQ(opt.ffn, 3072);
    EXPECT_EQ(opt.vocabulary, 50272);
    EXPECT_EQ(opt.max_tokens, 2048);
    EXPECT_EQ(opt.norm_eps, 1e-5);
    EXPECT_EQ(opt.activation, kernels::Activation::Relu);
    EXPECT_TRUE(opt.causal);
    EXPECT_EQ(opt.placement, NormPlacement::Pre);
    EXPECT_FALSE(opt.rms_norm);
    EXPECT_TRUE(opt.qkv_bias && opt.attention_out_bias && opt.mlp_bias);
}

TEST(OptTest, TwoRowsComeBeforeTheFirstToken) {
    const TransformerConfig opt = read_family(config_of("opt", R"("max_position_embeddings":10)"));
    EXPECT_EQ(opt.first_position, 2);
    EXPECT_EQ(opt.position_rows, 12);
    EXPECT_EQ(opt.max_tokens, 10);
    EXPECT_EQ(opt.uncounted_pad, -1);
}

// Published counts; the head is the word table.
TEST(OptTest, CountsTheParametersOfPublishedModels) {
    EXPECT_EQ(test::parameters_of(config_of("opt")), 125'239'296);
    EXPECT_EQ(test::parameters_of(config_of("opt", k350M)), 331'196'416);
    EXPECT_EQ(test::parameters_of(config_of("opt", R"("hidden_size":2048,"num_hidden_layers":24,)"
                                                   R"("num_attention_heads":32,"ffn_dim":8192)")),
              1'315'758'080);
}

TEST(OptTest, ThePostNormModelHasMapsAroundItsBlocksAndNoFinalNorm) {
    const TransformerConfig opt = read_family(config_of("opt", k350M));
    EXPECT_EQ(opt.placement, NormPlacement::Post);
    EXPECT_EQ(opt.embedding_width, 512);
    EXPECT_EQ(opt.names.project_in, "decoder.project_in");
    EXPECT_EQ(opt.names.project_out, "decoder.project_out");
    EXPECT_EQ(opt.names.final_norm, "");
}

TEST(OptTest, MapsAreThereWhereTheWidthsDiffer) {
    for (const char* same : {R"("word_embed_proj_dim":768)", R"("word_embed_proj_dim":null)", ""}) {
        const TransformerConfig opt = read_family(config_of("opt", same));
        EXPECT_EQ(opt.embedding_width, 768);
        EXPECT_EQ(opt.names.project_in, "");
        EXPECT_EQ(opt.names.project_out, "");
    }
    EXPECT_EQ(read_family(config_of("opt", R"("word_embed_proj_dim":900)")).names.project_in,
              "decoder.project_in");
    EXPECT_EQ(family_refusal(config_of("opt", R"("word_embed_proj_dim":0)")),
              "config.json: word_embed_proj_dim = 0: accepted: a whole number from 1 to 65536");
}

TEST(OptTest, TheFinalNormCanBeTakenAway) {
    EXPECT_EQ(read_family(config_of("opt")).names.final_norm, "decoder.final_layer_norm");
    EXPECT_EQ(read_family(config_of("opt", R"("_remove_final_layer_norm":false)")).names.final_norm,
              "decoder.final_layer_norm");
    EXPECT_EQ(read_family(config_of("opt", R"("_remove_final_layer_norm":true)")).names.final_norm,
              "");
}

TEST(OptTest, BlocksWithoutBiasOrNormWeightsAreRefused) {
    for (const std::string key : {"enable_bias", "layer_norm_elementwise_affine"}) {
        EXPECT_EQ(family_refusal(config_of("opt", '"' + key + R"(":false)")),
                  "config.json: " + key + " = false: accepted: true");
        EXPECT_EQ(family_refusal(config_of("opt", '"' + key + R"(":true)")), "");
    }
}

TEST(OptTest, TheMlpsKeyIsItsOwn) {
    const TransformerConfig opt =
        read_family(config_of("opt", R"("ffn_dim":50,"intermediate_size":70)"));
    EXPECT_EQ(opt.ffn, 50);
    EXPECT_EQ(read_family(config_of("opt", R"("intermediate_size":70)")).ffn, 3072);
}

}  // namespace
}  // namespace mobi
