// SPDX-License-Identifier: Apache-2.0
#include "weights/weight_names.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

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

TEST(WeightNamesTest, WrappersInAnyPlaceLeaveTheNameAsItWas) {
    RandomStream random(1, Purpose::Test);
    const std::array parts{"layers", "0", "attn", "weight", "q_proj", "module_list"};
    const std::array wrappers{"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"};
    for (int round = 0; round < 2000; ++round) {
        std::string plain, wrapped;
        const auto add = [](std::string& name, const std::string& part) {
            name += (name.empty() ? "" : ".") + part;
        };
        for (auto count = random.below(3); count > 0; --count) add(wrapped, "module");
        for (auto count = 1 + random.below(5); count > 0; --count) {
            for (auto many = random.below(3); many > 0; --many)
                add(wrapped, wrappers[random.below(wrappers.size())]);
            const char* part = parts[random.below(parts.size())];
            add(plain, part);
            add(wrapped, part);
        }
        EXPECT_EQ(plain_name(plain, "bert."), plain);
        EXPECT_EQ(plain_name(wrapped, "bert."), plain) << wrapped;
    }
}

TEST(WeightNamesTest, AnEmptyPrefixTakesNothing) {
    EXPECT_EQ(plain_name("model.x", ""), "model.x");
    EXPECT_EQ(plain_name("model.x", "model."), "x");
    EXPECT_EQ(plain_name("modelx.y", "model."), "modelx.y");
}

TEST(WeightNamesTest, OnlyTheEndOfANormsNameIsTranslated) {
    EXPECT_EQ(plain_name("LayerNorm.gamma", ""), "LayerNorm.weight");
    EXPECT_EQ(plain_name("LayerNorm.gamma.x", ""), "LayerNorm.gamma.x");
    EXPECT_EQ(plain_name("LayerNorm.weight", ""), "LayerNorm.weight");
    EXPECT_EQ(plain_name("attention.LayerNorm._orig_mod.beta", ""), "attention.LayerNorm.bias");
}

TEST(WeightNamesTest, NearNamesAreSomeOfTheNamesEachOnce) {
    RandomStream random(2, Purpose::Test);
    const auto draw = [&] {
        std::string name;
        for (auto count = 1 + random.below(4); count > 0; --count)
            name += (name.empty() ? "" : ".") +
                    std::string(std::array{"a", "b", "weight", "bias", "h"}[random.below(5)]);
        return name;
    };
    for (int round = 0; round < 1000; ++round) {
        std::vector<std::string> names;
        for (auto count = random.below(12); count > 0; --count) names.push_back(draw());
        const std::string wanted = draw();
        const std::size_t most = 1 + random.below(4);
        const auto near = near_names(wanted, names, most);
        EXPECT_LE(near.size(), most);
        EXPECT_EQ(near.empty(), names.empty());
        EXPECT_EQ(std::set<std::string>(near.begin(), near.end()).size(), near.size());
        for (const std::string& name : near)
            EXPECT_NE(std::find(names.begin(), names.end(), name), names.end());
        // those that end in it come first
        const auto ending = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
            return name.ends_with(wanted);
        });
        if (ending != names.end()) {
            EXPECT_EQ(near.front(), *ending);
        }
    }
}

TEST(WeightNamesTest, NamesWithTheSameLastTwoPartsAreNear) {
    const std::vector<std::string> names{"x.h.0.ln.weight", "x.h.1.ln.weight", "other", "ln.bias"};
    EXPECT_EQ(near_names("layer.ln.weight", names, 2),
              (std::vector<std::string>{"x.h.0.ln.weight", "x.h.1.ln.weight"}));
}

}  // namespace
}  // namespace mobi
