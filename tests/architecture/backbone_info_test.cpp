// SPDX-License-Identifier: Apache-2.0
#include "architecture/backbone_info.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::read_family;

TEST(BackboneInfoTest, SizesAreThoseOfTheConfiguration) {
    const BackboneInfo info = describe(read_family(config_of(
        "llama", R"("hidden_size":24,"num_attention_heads":4,"num_key_value_heads":2,)"
                 R"("head_dim":10,"intermediate_size":40,"num_hidden_layers":5,"vocab_size":50,)"
                 R"("max_position_embeddings":17)")));
    EXPECT_EQ(info.family, "llama");
    EXPECT_EQ(info.size.layers, 5);
    EXPECT_EQ(info.size.width, 24);
    EXPECT_EQ(info.size.ffn, 40);
    EXPECT_EQ(info.size.heads, 4);
    EXPECT_EQ(info.size.kv_heads, 2);
    EXPECT_EQ(info.size.head_dim, 10);
    EXPECT_TRUE(info.size.gated_mlp);
    EXPECT_EQ(info.size.embedding_parameters, 50 * 24);
    // q and o, k and v, gate, up and down, two norms; the final norm
    EXPECT_EQ(info.size.parameters,
              50 * 24 + 5 * (2 * 40 * 24 + 2 * 20 * 24 + 3 * 40 * 24 + 2 * 24) + 24);
    EXPECT_EQ(info.vocabulary, 50);
    EXPECT_EQ(info.max_tokens, 17);
    EXPECT_EQ(info.other_pooling, "");
}

TEST(BackboneInfoTest, ADecoderIsReadAtItsLastTokenAnEncoderAtItsFirst) {
    for (const Family& family : families()) {
        const BackboneInfo info = describe(read_family(config_of(std::string(family.model_type))));
        EXPECT_EQ(info.pivot, info.causal ? Pivot::Last : Pivot::First) << family.model_type;
        EXPECT_EQ(info.trained_pivot(), info.pivot);
    }
}

TEST(BackboneInfoTest, TypeIdsMatterWhereThereAreTwo) {
    const auto uses = [](const std::string& json) {
        return describe(read_family(json)).uses_type_ids;
    };
    EXPECT_TRUE(uses(config_of("bert")));
    EXPECT_FALSE(uses(config_of("bert", R"("type_vocab_size":1)")));
    EXPECT_FALSE(uses(config_of("roberta", R"("type_vocab_size":1)")));
    for (const char* family : {"mpnet", "gpt2", "opt", "llama", "qwen2"})
        EXPECT_FALSE(uses(config_of(family))) << family;
}

TEST(BackboneInfoTest, ParametersGrowByABlock) {
    for (const Family& family : families()) {
        const std::string json = config_of(std::string(family.model_type));
        const std::int64_t block = test::parameters_of(json, 2) - test::parameters_of(json, 1);
        EXPECT_GT(block, 0) << family.model_type;
        for (const std::int32_t kept : {3, 7, 12})
            EXPECT_EQ(test::parameters_of(json, kept),
                      test::parameters_of(json, 1) + (kept - 1) * block)
                << family.model_type;
    }
}

TEST(BackboneInfoTest, CountsBeyondThirtyTwoBits) {
    // Llama 2 70B, published count less its head's
    EXPECT_EQ(test::parameters_of(config_of(
                  "llama", R"("hidden_size":8192,"num_hidden_layers":80,"num_attention_heads":64,)"
                           R"("num_key_value_heads":8,"intermediate_size":28672)")),
              68'976'648'192 - 32000LL * 8192);
}

TEST(BackboneInfoTest, APoolingOfAnotherKindIsNotTrained) {
    BackboneInfo info = describe(read_family(config_of("bert")));
    info.other_pooling = "1_Pooling/config.json: pooling_mode = max";
    try {
        info.trained_pivot();
        FAIL();
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(),
                     "1_Pooling/config.json: pooling_mode = max: accepted: cls, mean, lasttoken; "
                     "or choose by packet.pivot = first, mean or last");
    }
}

}  // namespace
}  // namespace mobi
