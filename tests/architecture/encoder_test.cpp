// SPDX-License-Identifier: Apache-2.0
#include "architecture/encoder.hpp"

#include <string>

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

/// What BERT, RoBERTa and MPNet have in common.
class EncoderTest : public ::testing::TestWithParam<const char*> {
  protected:
    std::string config(const std::string& rest) const { return config_of(GetParam(), rest); }
};

TEST_P(EncoderTest, EverySizeIsRead) {
    const TransformerConfig encoder = read_family(config(
        R"("hidden_size":30,"num_attention_heads":5,"intermediate_size":70,"num_hidden_layers":3,)"
        R"("vocab_size":101,"max_position_embeddings":40,"layer_norm_eps":0.25,)"
        R"("hidden_act":"relu")"));
    EXPECT_EQ(encoder.family, GetParam());
    EXPECT_EQ(encoder.width, 30);
    EXPECT_EQ(encoder.embedding_width, 30);
    EXPECT_EQ(encoder.heads, 5);
    EXPECT_EQ(encoder.kv_heads, 5);
    EXPECT_EQ(encoder.head_dim, 6);
    EXPECT_EQ(encoder.ffn, 70);
    EXPECT_EQ(encoder.layers, 3);
    EXPECT_EQ(encoder.vocabulary, 101);
    EXPECT_EQ(encoder.position_rows, 40);
    EXPECT_EQ(encoder.max_tokens, 40 - encoder.first_position);
    EXPECT_EQ(encoder.norm_eps, 0.25);
    EXPECT_EQ(encoder.activation, kernels::Activation::Relu);
    EXPECT_FALSE(encoder.causal);
    EXPECT_EQ(encoder.placement, NormPlacement::Post);
}

TEST_P(EncoderTest, ADecoderOfTheFamilyIsRefused) {
    EXPECT_EQ(family_refusal(config(R"("is_decoder":true)")),
              "config.json: is_decoder = true: accepted: false");
    EXPECT_EQ(family_refusal(config(R"("is_decoder":false)")), "");
    EXPECT_EQ(family_refusal(config(R"("is_decoder":0)")),
              "config.json: is_decoder = 0: accepted: true, false");
}

TEST_P(EncoderTest, PositionsAreAbsolute) {
    EXPECT_EQ(family_refusal(config(R"("position_embedding_type":"absolute")")), "");
    for (const std::string type : {"relative_key", "relative_key_query", ""})
        EXPECT_EQ(family_refusal(config(R"("position_embedding_type":")" + type + '"')),
                  "config.json: position_embedding_type = \"" + type + "\": accepted: absolute");
}

TEST_P(EncoderTest, TheEpsIsANumberFromZeroToOne) {
    EXPECT_EQ(read_family(config(R"("layer_norm_eps":0)")).norm_eps, 0);
    EXPECT_EQ(read_family(config(R"("layer_norm_eps":1)")).norm_eps, 1);
    for (const std::string value : {"-1e-05", "1.5", "null", "\"1e-5\""})
        EXPECT_EQ(family_refusal(config(R"("layer_norm_eps":)" + value)),
                  "config.json: layer_norm_eps = " + value + ": accepted: a number from 0 to 1");
}

TEST_P(EncoderTest, TheFirstBlocksAreKept) {
    const std::string six = config(R"("num_hidden_layers":6)");
    EXPECT_EQ(read_family(six, 0).layers, 6);
    for (const std::int32_t kept : {1, 5, 6}) EXPECT_EQ(read_family(six, kept).layers, kept);
    for (const std::int32_t wrong : {7, -1})
        EXPECT_EQ(family_refusal(six, wrong), "layers = " + std::to_string(wrong) +
                                                  ": config.json has 6 blocks; 0 keeps all of "
                                                  "them");
}

TEST_P(EncoderTest, ABlockCostsTheSameInEveryFamily) {
    // four maps d -> d, two between d and f, two norms
    const std::int64_t d = 24, f = 40;
    const std::string small =
        config(R"("hidden_size":24,"num_attention_heads":4,"intermediate_size":40)");
    EXPECT_EQ(test::parameters_of(small, 3) - test::parameters_of(small, 2),
              4 * (d * d + d) + 2 * d * f + f + d + 4 * d);
}

INSTANTIATE_TEST_SUITE_P(Families,
                         EncoderTest,
                         ::testing::Values("bert", "roberta", "mpnet"),
                         [](const auto& test) { return std::string(test.param); });

TEST(CountPositionsTest, TheFirstTokenComesBehindThePadding) {
    const ConfigFile config = ConfigFile::parse("{}", "config.json");
    TransformerConfig encoder;
    encoder.position_rows = 20;
    count_positions_after_padding(config, 4, encoder);
    EXPECT_EQ(encoder.uncounted_pad, 4);
    EXPECT_EQ(encoder.first_position, 5);
    EXPECT_EQ(encoder.max_tokens, 15);
    count_positions_after_padding(config, 18, encoder);
    EXPECT_EQ(encoder.max_tokens, 1);
    EXPECT_THROW(count_positions_after_padding(config, 19, encoder), DataError);
}

}  // namespace
}  // namespace mobi
