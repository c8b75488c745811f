// SPDX-License-Identifier: Apache-2.0
#include "architecture/preparation_plan.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

namespace mobi {
namespace {

/// Adds the tensors of blocks and what follows them to a plan.
class BlockPlanner {
  public:
    BlockPlanner(const TransformerConfig& config, PreparationPlan& plan)
        : config_(config), plan_(plan) {}

    void add_block(std::int32_t block) {
        block_ = block;
        const std::int64_t d = config_.width;
        const std::int64_t f = config_.ffn;
        const std::int64_t query = config_.query_width();
        const std::int64_t key = std::int64_t{config_.kv_heads} * config_.head_dim;
        const TensorNames& names = config_.names;
        std::vector<std::int64_t> rows{query, key, key};
        if (names.qkv.size() == 1) rows = {query + 2 * key};
        add_product("qkv", names.qkv, rows, d, config_.qkv_bias);
        add_product("attention_out", {names.attention_out}, {d}, query, config_.attention_out_bias);
        add_norm(prepared_name(block, "attention_norm"), in_block(names.attention_norm));
        add_product("up", names.up, std::vector<std::int64_t>(names.up.size(), f), d,
                    config_.mlp_bias);
        add_product("down", {names.down}, {d}, f, config_.mlp_bias);
        add_norm(prepared_name(block, "mlp_norm"), in_block(names.mlp_norm));
    }

    void add_norm(const std::string& name, const std::string& stem) {
        add_vector(name + ".weight", stem + ".weight");
        if (!config_.rms_norm) add_vector(name + ".bias", stem + ".bias");
    }

  private:
    std::string in_block(const std::string& rest) const {
        return fmt::format(fmt::runtime(config_.names.block), block_) + rest;
    }
    void add_vector(const std::string& name, const std::string& source) {
        plan_.push_back({name, {{source, {config_.width}}}, TensorRole::Vector});
    }
    /// \param rows  outputs of each stem; \param in  inputs.
    void add_product(const char* what,
                     const std::vector<std::string>& stems,
                     const std::vector<std::int64_t>& rows,
                     std::int64_t in,
                     bool bias) {
        PreparedTensor weight{prepared_name(block_, what) + ".weight", {}, TensorRole::Matrix};
        PreparedTensor shift{prepared_name(block_, what) + ".bias", {}, TensorRole::Vector};
        for (std::size_t i = 0; i < stems.size(); ++i) {
            const std::string stem = in_block(stems[i]);
            weight.sources.push_back({stem + ".weight", {rows[i], in}, config_.stored_in_out});
            shift.sources.push_back({stem + ".bias", {rows[i]}});
        }
        plan_.push_back(std::move(weight));
        if (bias) plan_.push_back(std::move(shift));
    }

    const TransformerConfig& config_;
    PreparationPlan& plan_;
    std::int32_t block_ = 0;
};

}  // namespace

std::string prepared_name(std::int32_t block, std::string_view what) {
    return fmt::format("block.{}.{}", block, what);
}

PreparationPlan embedding_plan(const TransformerConfig& config) {
    const std::int64_t d = config.width;
    const std::int64_t e = config.embedding_width;
    const TensorNames& names = config.names;
    PreparationPlan plan;
    plan.push_back(
        {prepared::kWords, {{names.words + ".weight", {config.vocabulary, e}}}, TensorRole::Table});
    if (config.position_rows > 0)
        plan.push_back({prepared::kPositions,
                        {{names.positions + ".weight", {config.position_rows, d}}},
                        TensorRole::Table});
    if (config.token_types > 0)
        plan.push_back({prepared::kTypes,
                        {{names.token_types + ".weight", {config.token_types, d}}},
                        TensorRole::Vector});
    if (!names.embedding_norm.empty())
        for (const char* part : {".weight", ".bias"})
            plan.push_back({std::string(prepared::kNorm) + part,
                            {{names.embedding_norm + part, {d}}},
                            TensorRole::Vector});
    if (!names.project_in.empty())
        plan.push_back(
            {prepared::kProjectIn, {{names.project_in + ".weight", {d, e}}}, TensorRole::Matrix});
    if (!names.project_out.empty())
        plan.push_back(
            {prepared::kProjectOut, {{names.project_out + ".weight", {e, d}}}, TensorRole::Matrix});
    return plan;
}

PreparationPlan block_plan(const TransformerConfig& config, std::int32_t block) {
    PreparationPlan plan;
    BlockPlanner(config, plan).add_block(block);
    return plan;
}

PreparationPlan preparation_plan(const TransformerConfig& config) {
    PreparationPlan plan = embedding_plan(config);
    BlockPlanner planner(config, plan);
    if (config.relative_buckets > 0)
        plan.push_back({"relative_bias",
                        {{config.names.relative_bias, {config.relative_buckets, config.heads}}},
                        TensorRole::Vector});
    for (std::int32_t block = 0; block < config.layers; ++block) planner.add_block(block);
    if (!config.names.final_norm.empty()) planner.add_norm("final_norm", config.names.final_norm);
    return plan;
}

}  // namespace mobi
