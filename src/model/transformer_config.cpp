// SPDX-License-Identifier: Apache-2.0
#include "model/transformer_config.hpp"

#include <map>
#include <numeric>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"
#include "model/embedding.hpp"

namespace mobi {
namespace {

constexpr std::int32_t kMost = 1 << 16;
constexpr std::int32_t kMostRows = 1 << 24;

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

std::int64_t count_numbers(const PreparationPlan& plan) {
    std::int64_t count = 0;
    for (const PreparedTensor& tensor : plan) {
        const auto shape = tensor.shape();
        count += std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    }
    return count;
}

}  // namespace

std::string prepared_name(std::int32_t block, std::string_view what) {
    return fmt::format("block.{}.{}", block, what);
}

std::int32_t kept_layers(std::int32_t wanted, std::int32_t available, const std::string& name) {
    if (wanted < 0 || wanted > available)
        throw ConfigError(fmt::format("layers = {}: {} has {} blocks; 0 keeps all of them", wanted,
                                      name, available));
    return wanted > 0 ? wanted : available;
}

TransformerConfig read_sizes(const ConfigFile& config,
                             const SizeKeys& keys,
                             const SizeDefaults& defaults,
                             std::int32_t layers) {
    TransformerConfig sizes;
    sizes.layers =
        kept_layers(layers, config.integer(keys.layers, defaults.layers, 1, kMost), config.name());
    sizes.width = config.integer(keys.width, defaults.width, 1, kMost);
    sizes.heads = config.integer(keys.heads, defaults.heads, 1, kMost);
    sizes.kv_heads = sizes.heads;
    if (defaults.ffn > 0 || config.says(keys.ffn))
        sizes.ffn = config.integer(keys.ffn, defaults.ffn, 1, 4 * kMost);
    else
        sizes.ffn = config.take_default(keys.ffn, 4 * sizes.width);
    sizes.vocabulary = config.integer("vocab_size", defaults.vocabulary, 1, kMostRows);
    sizes.max_tokens = config.integer(keys.max_positions, defaults.max_positions, 1, kMostRows);
    sizes.embedding_width = sizes.width;
    if (sizes.width % sizes.heads == 0)
        sizes.head_dim = sizes.width / sizes.heads;
    else if (keys.head_dim == nullptr || !config.says(keys.head_dim))
        config.refuse(keys.heads,
                      fmt::format("a divisor of {} = {}", keys.width, config.shown(keys.width)));
    return sizes;
}

kernels::Activation read_activation(const ConfigFile& config,
                                    std::string_view key,
                                    std::string_view fallback) {
    using kernels::Activation;
    static const std::map<std::string, Activation, std::less<>> kinds{
        {"gelu", Activation::Gelu},
        {"gelu_new", Activation::GeluTanh},
        {"gelu_pytorch_tanh", Activation::GeluTanh},
        {"gelu_fast", Activation::GeluTanh},
        {"relu", Activation::Relu},
        {"silu", Activation::Silu},
        {"swish", Activation::Silu}};
    const auto found = kinds.find(config.text_value(key, fallback));
    if (found == kinds.end()) {
        std::vector<std::string_view> accepted;
        for (const auto& [name, unused] : kinds) accepted.push_back(name);
        config.refuse(key, fmt::format("{}", fmt::join(accepted, ", ")));
    }
    return found->second;
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

BackboneInfo describe(const TransformerConfig& config) {
    BackboneInfo info;
    info.family = config.family;
    info.size.layers = config.layers;
    info.size.width = config.width;
    info.size.ffn = config.ffn;
    info.size.heads = config.heads;
    info.size.kv_heads = config.kv_heads;
    info.size.head_dim = config.head_dim;
    info.size.gated_mlp = config.gated();
    info.size.embedding_parameters = count_numbers(embedding_plan(config));
    TransformerConfig shallow = config;
    shallow.layers = 1;
    PreparationPlan block;
    BlockPlanner(config, block).add_block(0);
    info.size.parameters =
        count_numbers(preparation_plan(shallow)) + (config.layers - 1) * count_numbers(block);
    info.vocabulary = config.vocabulary;
    info.max_tokens = config.max_tokens;
    info.causal = config.causal;
    info.pivot = config.causal ? Pivot::Last : Pivot::First;
    info.uses_type_ids = config.token_types > 1;
    return info;
}

}  // namespace mobi
