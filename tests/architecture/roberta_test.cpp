// SPDX-License-Identifier: Apache-2.0
#include "architecture/roberta.hpp"

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using test::config_of;
using test::family_refusal;
using test::read_family;

/// roberta-base, as far as its file differs from the defaults.
std::string base(const std::string& rest = "") {
    return config_of("roberta",
                     R"("max_position_embeddings":514,"type_vocab_size":1,"layer_norm_eps":1e-5)" +
                         (rest.empty() ? "" : "," + rest));
}

TEST(RobertaTest, TheDefaultsAreThoseOfItsClass) {
    const TransformerConfig roberta = read_family(config_of("roberta"));
    EXPECT_EQ(roberta.layers, 12);
    EXPECT_EQ(roberta.width, 768);
    EXPECT_EQ(roberta.heads, 12);
    EXPECT_EQ(roberta.ffn, 3072);
    EXPECT_EQ(roberta.vocabulary, 50265);
    EXPECT_EQ(roberta.position_rows, 512);
    EXPECT_EQ(roberta.max_tokens, 510);
    EXPECT_EQ(roberta.token_types, 2);
    EXPECT_EQ(roberta.norm_eps, 1e-12);
    EXPECT_EQ(roberta.activation, kernels::Activation::Gelu);
}

TEST(RobertaTest, ThePublishedFileHoldsFiveHundredAndTwelveTokens) {
    const TransformerConfig roberta = read_family(base());
    EXPECT_EQ(roberta.position_rows, 514);
    EXPECT_EQ(roberta.first_position, 2);
    EXPECT_EQ(roberta.max_tokens, 512);
    EXPECT_EQ(roberta.token_types, 1);
    EXPECT_EQ(roberta.norm_eps, 1e-5);
    // RobertaModel of transformers has 124,645,632, pooler included
    EXPECT_EQ(test::parameters_of(base()), 124'645'632 - (768 * 768 + 768));
}

TEST(RobertaTest, PaddingSaysWherePositionsBegin) {
    for (const std::int32_t padding : {0, 1, 7, 512}) {
        const TransformerConfig roberta =
            read_family(base(R"("pad_token_id":)" + std::to_string(padding)));
        EXPECT_EQ(roberta.uncounted_pad, padding);
        EXPECT_EQ(roberta.first_position, padding + 1);
        EXPECT_EQ(roberta.max_tokens, 514 - padding - 1);
    }
}

TEST(RobertaTest, PaddingThatLeavesNoPositionIsRefused) {
    EXPECT_EQ(family_refusal(base(R"("pad_token_id":513)")),
              "config.json: max_position_embeddings = 514: accepted: more than 514");
    EXPECT_EQ(family_refusal(config_of("roberta", R"("pad_token_id":511)")),
              "config.json: max_position_embeddings = 512 (absent: the default): accepted: more "
              "than 512");
}

TEST(RobertaTest, PaddingIsAnIdOfTheVocabulary) {
    EXPECT_EQ(family_refusal(base(R"("vocab_size":10,"pad_token_id":9)")), "");
    for (const std::string value : {"10", "-1", "1.5"})
        EXPECT_EQ(
            family_refusal(base(R"("vocab_size":10,"pad_token_id":)" + value)),
            "config.json: pad_token_id = " + value + ": accepted: a whole number from 0 to 9");
}

}  // namespace
}  // namespace mobi
