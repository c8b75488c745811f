// SPDX-License-Identifier: Apache-2.0
#include "weights/weight_names.hpp"

#include <gtest/gtest.h>

namespace mobi {
namespace {

TEST(WeightNamesTest, APlainNameHasNoPrefixAndNoWrapper) {
    EXPECT_EQ(plain_name("bert.encoder.x", "bert."), "encoder.x");
    EXPECT_EQ(plain_name("encoder.x", "bert."), "encoder.x");
    EXPECT_EQ(plain_name("module.module._orig_mod.bert.x", "bert."), "x");
    EXPECT_EQ(plain_name("model._orig_mod.layers.0._checkpoint_wrapped_module.mlp", "model."),
              "layers.0.mlp");
    EXPECT_EQ(plain_name("net.module.x", "bert."), "net.module.x");  // in front alone
    EXPECT_EQ(plain_name("model.model.x", "model."), "model.x");     // once
}

TEST(WeightNamesTest, TensorFlowsNormsAreWeightAndBias) {
    EXPECT_EQ(plain_name("bert.embeddings.LayerNorm.gamma", "bert."),
              "embeddings.LayerNorm.weight");
    EXPECT_EQ(plain_name("output.LayerNorm.beta", "bert."), "output.LayerNorm.bias");
    EXPECT_EQ(plain_name("layer_scale.gamma", "bert."), "layer_scale.gamma");
}

TEST(WeightNamesTest, NearNamesEndAlikeOrLookAlike) {
    const std::vector<std::string> names{"a.embed.weight", "b.wte.weight", "c.attn.bias", "h.0.w"};
    EXPECT_EQ(near_names("wte.weight", names), std::vector<std::string>{"b.wte.weight"});
    EXPECT_EQ(near_names("embedd.weight", names), std::vector<std::string>{"a.embed.weight"});
    EXPECT_EQ(near_names("xxxxxxxxxxxxxxxxxxxxxxxxxxxx", names, 1).size(), 1U);
    EXPECT_TRUE(near_names("x", {}).empty());
}

}  // namespace
}  // namespace mobi
