// SPDX-License-Identifier: Apache-2.0
#include "architecture/preparation_plan.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "architecture/read_family.hpp"

namespace mobi {
namespace {

using Shape = std::vector<std::int64_t>;

/// Sizes of which no two are the same, so that a shape says what it is of.
std::string small(const std::string& family) {
    const std::string sizes =
        family == "gpt2"
            ? R"("n_embd":24,"n_head":4,"n_layer":3,"n_inner":40,"n_positions":17)"
            : R"("hidden_size":24,"num_attention_heads":4,"num_hidden_layers":3,"ffn_dim":40,)"
              R"("intermediate_size":40,"max_position_embeddings":17)";
    const bool grouped = family == "llama" || family == "qwen2";
    return test::config_of(family,
                           sizes + R"(,"vocab_size":50)" +
                               (grouped ? R"(,"num_key_value_heads":2,"head_dim":10)" : ""));
}

std::map<std::string, PreparedTensor> by_name(const PreparationPlan& plan) {
    std::map<std::string, PreparedTensor> tensors;
    for (const PreparedTensor& tensor : plan) tensors[tensor.name] = tensor;
    return tensors;
}

std::string described(const PreparedTensor& tensor) {
    std::string text = tensor.name + (tensor.role == TensorRole::Matrix  ? " matrix"
                                      : tensor.role == TensorRole::Table ? " table"
                                                                         : " vector");
    for (const TensorSource& source : tensor.sources) {
        text += ' ' + source.name + (source.in_out ? "^T" : "") + '(';
        for (const std::int64_t size : source.shape) text += std::to_string(size) + ',';
        text.back() = ')';
    }
    return text;
}

std::vector<std::string> described(const PreparationPlan& plan) {
    std::vector<std::string> lines;
    for (const PreparedTensor& tensor : plan) lines.push_back(described(tensor));
    return lines;
}

class PreparationPlanTest : public ::testing::TestWithParam<const char*> {
  protected:
    TransformerConfig config_ = test::read_family(small(GetParam()));
    PreparationPlan plan_ = preparation_plan(config_);
};

TEST_P(PreparationPlanTest, EveryTensorIsNamedOnceAndReadOnce) {
    std::set<std::string> names, sources;
    for (const PreparedTensor& tensor : plan_) {
        EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
        ASSERT_FALSE(tensor.sources.empty()) << tensor.name;
        for (const TensorSource& source : tensor.sources) {
            EXPECT_TRUE(sources.insert(source.name).second) << source.name;
            EXPECT_FALSE(source.name.starts_with('.')) << tensor.name;
            EXPECT_TRUE(std::all_of(source.shape.begin(), source.shape.end(),
                                    [](std::int64_t size) { return size > 0; }));
        }
    }
}

TEST_P(PreparationPlanTest, ItIsTheEmbeddingThenTheBlocksThenTheFinalNorm) {
    const auto lines = described(plan_);
    auto expected = described(embedding_plan(config_));
    if (config_.relative_buckets > 0) {
        ASSERT_GT(lines.size(), expected.size());
        EXPECT_TRUE(lines[expected.size()].starts_with("relative_bias vector "));
        expected.push_back(lines[expected.size()]);
    }
    for (std::int32_t block = 0; block < config_.layers; ++block) {
        const auto own = described(block_plan(config_, block));
        expected.insert(expected.end(), own.begin(), own.end());
    }
    ASSERT_GE(lines.size(), expected.size());
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), lines.begin()));
    for (std::size_t i = expected.size(); i < lines.size(); ++i)
        EXPECT_TRUE(lines[i].starts_with("final_norm."));
    EXPECT_EQ(lines.size() > expected.size(), !config_.names.final_norm.empty());
}

TEST_P(PreparationPlanTest, BlocksDifferInTheirNumberAlone) {
    const PreparationPlan first = block_plan(config_, 0);
    const PreparationPlan other = block_plan(config_, 2);
    ASSERT_EQ(first.size(), other.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].name.find("block.0."), 0U);
        EXPECT_EQ(other[i].name, "block.2." + first[i].name.substr(8));
        EXPECT_EQ(other[i].shape(), first[i].shape());
        ASSERT_EQ(other[i].sources.size(), first[i].sources.size());
        for (std::size_t k = 0; k < first[i].sources.size(); ++k) {
            std::string name = first[i].sources[k].name;
            name.replace(name.find(".0."), 3, ".2.");
            EXPECT_EQ(other[i].sources[k].name, name);
        }
    }
}

TEST_P(PreparationPlanTest, AProductHasTheShapeThatTheForwardPassMultipliesBy) {
    const auto tensors = by_name(block_plan(config_, 1));
    const std::int64_t d = config_.width;
    const std::int64_t up = config_.gated() ? 2 * config_.ffn : config_.ffn;
    EXPECT_EQ(tensors.at("block.1.qkv.weight").shape(), (Shape{config_.qkv_width(), d}));
    EXPECT_EQ(tensors.at("block.1.attention_out.weight").shape(),
              (Shape{d, config_.query_width()}));
    EXPECT_EQ(tensors.at("block.1.up.weight").shape(), (Shape{up, d}));
    EXPECT_EQ(tensors.at("block.1.down.weight").shape(), (Shape{d, config_.ffn}));
    for (const auto& [name, tensor] : tensors) {
        const bool matrix = tensor.shape().size() == 2;
        EXPECT_EQ(tensor.role, matrix ? TensorRole::Matrix : TensorRole::Vector) << name;
        for (const TensorSource& source : tensor.sources)
            EXPECT_EQ(source.in_out, matrix && config_.stored_in_out) << name;
    }
}

TEST_P(PreparationPlanTest, ABiasIsAsLongAsItsProductHasRows) {
    const auto tensors = by_name(block_plan(config_, 0));
    const std::pair<const char*, bool> products[] = {{"qkv", config_.qkv_bias},
                                                     {"attention_out", config_.attention_out_bias},
                                                     {"up", config_.mlp_bias},
                                                     {"down", config_.mlp_bias}};
    for (const auto& [product, has_bias] : products) {
        const std::string name = "block.0." + std::string(product);
        ASSERT_EQ(tensors.contains(name + ".bias"), has_bias) << name;
        if (has_bias) {
            EXPECT_EQ(tensors.at(name + ".bias").shape(),
                      Shape{tensors.at(name + ".weight").shape()[0]});
        }
    }
    for (const char* norm : {"attention_norm", "mlp_norm"}) {
        const std::string name = "block.0." + std::string(norm);
        EXPECT_EQ(tensors.at(name + ".weight").shape(), Shape{config_.width});
        EXPECT_EQ(tensors.contains(name + ".bias"), !config_.rms_norm);
    }
}

TEST_P(PreparationPlanTest, TablesAreThoseOfTheEmbeddingStage) {
    const PreparationPlan embedding = embedding_plan(config_);
    const auto tensors = by_name(embedding);
    EXPECT_EQ(tensors.at(prepared::kWords).shape(), (Shape{50, config_.embedding_width}));
    EXPECT_EQ(tensors.at(prepared::kWords).role, TensorRole::Table);
    ASSERT_EQ(tensors.contains(prepared::kPositions), config_.position_rows > 0);
    if (config_.position_rows > 0) {
        EXPECT_EQ(tensors.at(prepared::kPositions).shape(), (Shape{config_.position_rows, 24}));
    }
    EXPECT_EQ(tensors.contains(prepared::kTypes), config_.token_types > 0);
    EXPECT_EQ(tensors.contains(std::string(prepared::kNorm) + ".bias"),
              !config_.names.embedding_norm.empty());
    EXPECT_FALSE(tensors.contains(prepared::kProjectIn));
}

TEST_P(PreparationPlanTest, TheDescriptionCountsItsNumbers) {
    const auto count = [](const PreparationPlan& plan) {
        std::int64_t numbers = 0;
        for (const PreparedTensor& tensor : plan)
            for (const TensorSource& source : tensor.sources)
                numbers += std::accumulate(source.shape.begin(), source.shape.end(),
                                           std::int64_t{1}, std::multiplies<>());
        return numbers;
    };
    const BackboneInfo info = describe(config_);
    EXPECT_EQ(info.size.parameters, count(plan_));
    EXPECT_EQ(info.size.embedding_parameters, count(embedding_plan(config_)));
}

INSTANTIATE_TEST_SUITE_P(
    Families,
    PreparationPlanTest,
    ::testing::Values("bert", "gpt2", "llama", "mpnet", "opt", "qwen2", "roberta"),
    [](const auto& test) { return std::string(test.param); });

TEST(PreparedNameTest, NumberThenPart) {
    EXPECT_EQ(prepared_name(11, "up"), "block.11.up");
}

TEST(PreparationPlanOfTest, Gpt2sOneMatrixHoldsQueryKeyAndValue) {
    const PreparationPlan plan = block_plan(test::read_family(small("gpt2")), 1);
    EXPECT_EQ(described(plan[0]), "block.1.qkv.weight matrix h.1.attn.c_attn.weight^T(72,24)");
    EXPECT_EQ(described(plan[1]), "block.1.qkv.bias vector h.1.attn.c_attn.bias(72)");
}

TEST(PreparationPlanOfTest, GroupedHeadsShareKeysAndValues) {
    const PreparationPlan plan = block_plan(test::read_family(small("llama")), 0);
    EXPECT_EQ(described(plan[0]),
              "block.0.qkv.weight matrix layers.0.self_attn.q_proj.weight(40,24) "
              "layers.0.self_attn.k_proj.weight(20,24) layers.0.self_attn.v_proj.weight(20,24)");
}

TEST(PreparationPlanOfTest, AnEmbeddingOfAnotherWidthIsMappedInAndOut) {
    const TransformerConfig opt = test::read_family(
        test::config_of("opt", R"("hidden_size":24,"num_attention_heads":4,"ffn_dim":40,)"
                               R"("num_hidden_layers":1,"vocab_size":50,"word_embed_proj_dim":10,)"
                               R"("max_position_embeddings":17)"));
    EXPECT_EQ(described(embedding_plan(opt)),
              (std::vector<std::string>{
                  "embedding.words table decoder.embed_tokens.weight(50,10)",
                  "embedding.positions table decoder.embed_positions.weight(19,24)",
                  "embedding.project_in matrix decoder.project_in.weight(24,10)",
                  "embedding.project_out matrix decoder.project_out.weight(10,24)"}));
}

TEST(PreparationPlanOfTest, MpnetsBiasByDistanceHasAColumnForEveryHead) {
    const PreparationPlan plan = preparation_plan(test::read_family(small("mpnet")));
    EXPECT_EQ(described(by_name(plan).at("relative_bias")),
              "relative_bias vector encoder.relative_attention_bias.weight(32,4)");
}

}  // namespace
}  // namespace mobi
