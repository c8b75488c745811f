// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "architecture/family.hpp"
#include "architecture/read_family.hpp"

namespace mobi {
namespace {

TEST(RegistryTest, EveryFamilyIsFoundByItsModelType) {
    std::set<std::string_view> types;
    for (const Family& family : families()) {
        EXPECT_TRUE(types.insert(family.model_type).second) << family.model_type;
        const std::string json = test::config_of(std::string(family.model_type));
        EXPECT_EQ(&family_of(ConfigFile::parse(json, "config.json")), &family);
        EXPECT_EQ(test::read_family(json).family, family.model_type);
    }
    EXPECT_EQ(types, (std::set<std::string_view>{"bert", "gpt2", "llama", "mpnet", "opt", "qwen2",
                                                 "roberta"}));
}

TEST(RegistryTest, AnUnknownTypeIsAnsweredWithTheKnownOnes) {
    constexpr const char* kAccepted = ": accepted: bert, gpt2, llama, mpnet, opt, qwen2, roberta";
    for (const std::string type : {"\"t5\"", "\"BERT\"", "\"\""})
        EXPECT_EQ(test::family_refusal(R"({"model_type":)" + type + "}"),
                  "config.json: model_type = " + type + kAccepted);
    EXPECT_EQ(test::family_refusal("{}"),
              std::string("config.json: model_type = absent") + kAccepted);
    EXPECT_EQ(test::family_refusal(R"({"model_type":["bert"]})"),
              "config.json: model_type = [\"bert\"]: accepted: a text");
}

// A stored name is a prefix, then one of the family's own: the prefix must end in a dot, and no
// own name may begin with it, or one tensor would have two plain names.
TEST(RegistryTest, APrefixIsTakenAwayOnce) {
    for (const Family& family : families()) {
        const TransformerConfig config =
            test::read_family(test::config_of(std::string(family.model_type)));
        ASSERT_TRUE(family.prefix.ends_with('.')) << family.model_type;
        const TensorNames& names = config.names;
        for (const std::string& name : {names.words, names.positions, names.token_types,
                                        names.embedding_norm, names.final_norm, names.block})
            EXPECT_FALSE(name.starts_with(family.prefix)) << family.model_type << ' ' << name;
    }
}

TEST(RegistryTest, EveryBlockHasANumberAndEveryTensorAName) {
    for (const Family& family : families()) {
        const TransformerConfig config =
            test::read_family(test::config_of(std::string(family.model_type)));
        const TensorNames& names = config.names;
        EXPECT_NE(names.block.find("{}"), std::string::npos) << family.model_type;
        EXPECT_TRUE(names.block.ends_with('.')) << family.model_type;
        EXPECT_FALSE(names.words.empty());
        EXPECT_EQ(names.positions.empty(), config.position_rows == 0) << family.model_type;
        EXPECT_EQ(names.token_types.empty(), config.token_types == 0) << family.model_type;
        EXPECT_EQ(names.relative_bias.empty(), config.relative_buckets == 0) << family.model_type;
        EXPECT_TRUE(names.qkv.size() == 1 || names.qkv.size() == 3) << family.model_type;
        EXPECT_TRUE(names.up.size() == 1 || names.up.size() == 2) << family.model_type;
        std::set<std::string> block{names.attention_out, names.attention_norm, names.down,
                                    names.mlp_norm};
        block.insert(names.qkv.begin(), names.qkv.end());
        block.insert(names.up.begin(), names.up.end());
        EXPECT_EQ(block.size(), 4 + names.qkv.size() + names.up.size()) << family.model_type;
        EXPECT_FALSE(block.contains("")) << family.model_type;
    }
}

TEST(RegistryTest, DecodersHaveALanguageModelOfTheirOwnName) {
    for (const Family& family : families()) {
        const bool causal =
            test::read_family(test::config_of(std::string(family.model_type))).causal;
        EXPECT_EQ(!family.heads.language_model.empty(), causal) << family.model_type;
        if (causal) {
            EXPECT_EQ(family.heads.tied_to_words, family.heads.language_model);
        }
    }
}

}  // namespace
}  // namespace mobi
