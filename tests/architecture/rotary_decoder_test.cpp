// SPDX-License-Identifier: Apache-2.0
#include "architecture/rotary_decoder.hpp"

#include <string>

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

/// What Llama and Qwen2 have in common.
class RotaryDecoderTest : public ::testing::TestWithParam<const char*> {
  protected:
    /// With 24 channels in 4 heads.
    std::string small(const std::string& rest) const {
        return config_of(
            GetParam(),
            R"("hidden_size":24,"num_attention_heads":4,"num_hidden_layers":2,)" + rest);
    }
};

TEST_P(RotaryDecoderTest, ItIsAPreNormGatedDecoder) {
    const TransformerConfig decoder = read_family(config_of(GetParam()));
    EXPECT_EQ(decoder.family, GetParam());
    EXPECT_TRUE(decoder.causal);
    EXPECT_EQ(decoder.placement, NormPlacement::Pre);
    EXPECT_TRUE(decoder.rms_norm);
    EXPECT_TRUE(decoder.gated());
    EXPECT_EQ(decoder.position_rows, 0);
    EXPECT_EQ(decoder.token_types, 0);
    EXPECT_EQ(decoder.names.final_norm, "norm");
    EXPECT_EQ(decoder.names.embedding_norm, "");
    // the gate comes first: the kernel's rows depend on it
    EXPECT_EQ(decoder.names.up, (std::vector<std::string>{"mlp.gate_proj", "mlp.up_proj"}));
    EXPECT_TRUE(decoder.rotary.has_value());
}

TEST_P(RotaryDecoderTest, KeyHeadsDivideTheHeads) {
    for (const std::int32_t kv : {1, 2, 4}) {
        const TransformerConfig decoder =
            read_family(small(R"("num_key_value_heads":)" + std::to_string(kv)));
        EXPECT_EQ(decoder.kv_heads, kv);
        EXPECT_EQ(decoder.qkv_width(), (4 + 2 * kv) * 6);
        EXPECT_EQ(decoder.query_width(), 24);
    }
    EXPECT_EQ(family_refusal(small(R"("num_key_value_heads":3)")),
              "config.json: num_key_value_heads = 3: accepted: a divisor of num_attention_heads = "
              "4");
    for (const std::string value : {"0", "5", "-1", "2.5"})
        EXPECT_EQ(family_refusal(small(R"("num_key_value_heads":)" + value)),
                  "config.json: num_key_value_heads = " + value +
                      ": accepted: a whole number from 1 to 4");
}

TEST_P(RotaryDecoderTest, AHeadMayBeWiderThanItsShare) {
    const TransformerConfig decoder =
        read_family(small(R"("num_key_value_heads":2,"head_dim":10)"));
    EXPECT_EQ(decoder.head_dim, 10);
    EXPECT_EQ(decoder.query_width(), 40);
    EXPECT_EQ(decoder.qkv_width(), 80);
    EXPECT_EQ(decoder.width, 24);
}

TEST_P(RotaryDecoderTest, HeadsNeedNotDivideTheWidthWhenTheirWidthIsSaid) {
    const auto odd = [](const std::string& rest) {
        return config_of(GetParam(), R"("hidden_size":24,"num_attention_heads":5,)"
                                     R"("num_key_value_heads":5)" +
                                         rest);
    };
    EXPECT_EQ(read_family(odd(R"(,"head_dim":4)")).query_width(), 20);
    for (const char* rest : {"", R"(,"head_dim":null)"})
        EXPECT_EQ(family_refusal(odd(rest)),
                  "config.json: num_attention_heads = 5: accepted: a divisor of hidden_size = 24");
}

TEST_P(RotaryDecoderTest, ChannelsArePaired) {
    EXPECT_EQ(family_refusal(small(R"("num_key_value_heads":2,"head_dim":7)")),
              "config.json: head_dim = 7: accepted: an even number (it is 7)");
    EXPECT_EQ(
        family_refusal(config_of(
            GetParam(), R"("hidden_size":20,"num_attention_heads":4,"num_key_value_heads":4)")),
        "config.json: head_dim = 5 (absent: the default): accepted: an even number (it is 5)");
}

TEST_P(RotaryDecoderTest, NothingSaidInNullIsSaid) {
    const TransformerConfig decoder =
        read_family(small(R"("num_key_value_heads":null,"head_dim":null)"));
    EXPECT_EQ(decoder.kv_heads, 4);
    EXPECT_EQ(decoder.head_dim, 6);
}

TEST_P(RotaryDecoderTest, TheRotationIsReadWithTheModelsPositions) {
    const TransformerConfig decoder = read_family(
        small(R"("num_key_value_heads":2,"max_position_embeddings":77,"rope_theta":500,)"
              R"("rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,)"
              R"("high_freq_factor":4,"rope_theta":900})"));
    ASSERT_TRUE(decoder.rotary->llama3.has_value());
    EXPECT_EQ(decoder.rotary->llama3->original_positions, 77);
    EXPECT_EQ(decoder.rotary->theta, 900);
    ASSERT_EQ(decoder.notes.size(), 1U);
    EXPECT_EQ(decoder.notes[0].what, "rope_theta");
}

TEST_P(RotaryDecoderTest, DefaultsThatWereTakenAreKnown) {
    const ConfigFile config =
        ConfigFile::parse(small(R"("num_key_value_heads":null,"vocab_size":9)"), "config.json");
    family_of(config).read(config, 0);
    const auto& taken = config.defaults_taken();
    EXPECT_EQ(taken.at("head_dim"), 6);
    EXPECT_EQ(taken.at("num_key_value_heads"), 4);
    EXPECT_TRUE(taken.contains("intermediate_size"));
    EXPECT_FALSE(taken.contains("vocab_size"));
    EXPECT_FALSE(taken.contains("hidden_size"));
}

INSTANTIATE_TEST_SUITE_P(Families,
                         RotaryDecoderTest,
                         ::testing::Values("llama", "qwen2"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace mobi
