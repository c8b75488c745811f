// SPDX-License-Identifier: Apache-2.0
#include "model/post_norm_encoder.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "model/embedding.hpp"
#include "model/kernels.hpp"
#include "model/packed_batch.hpp"
#include "model/relative_bias.hpp"
#include "model/workspace.hpp"

namespace mobi {
namespace {

using Names = std::vector<std::string>;

std::string block_name(std::int32_t block, std::string_view rest) {
    return fmt::format("encoder.layer.{}.{}", block, rest);
}

// Names in the prepared file.
constexpr const char* kRelativeBias = "relative_bias";
std::string prepared_name(std::int32_t block, std::string_view what) {
    return fmt::format("block.{}.{}", block, what);
}

class PostNormArchitecture final : public Architecture {
  public:
    explicit PostNormArchitecture(PostNormEncoderConfig config) : config_(std::move(config)) {}

    BackboneInfo info() const override;
    PreparationPlan plan() const override;
    std::unique_ptr<Backbone> build(BackboneInfo info, PreparedWeights weights) const override;

  private:
    PostNormEncoderConfig config_;
};

BackboneInfo PostNormArchitecture::info() const {
    const std::int64_t d = config_.width;
    const std::int64_t f = config_.ffn;
    BackboneInfo info;
    info.family = config_.family;
    info.size.layers = config_.layers;
    info.size.width = config_.width;
    info.size.ffn = config_.ffn;
    info.size.heads = config_.heads;
    info.size.kv_heads = config_.heads;
    info.size.head_dim = config_.width / config_.heads;
    info.size.embedding_parameters =
        d * (config_.vocabulary + config_.positions + config_.token_types) + 2 * d;
    const std::int64_t block = 4 * (d * d + d) + (d * f + f) + (f * d + d) + 4 * d;
    info.size.parameters = info.size.embedding_parameters + config_.layers * block +
                           std::int64_t{config_.relative_buckets} * config_.heads;
    info.vocabulary = config_.vocabulary;
    info.max_tokens = config_.positions - config_.first_position;
    info.pivot = Pivot::First;
    info.uses_type_ids = config_.token_types > 0;
    return info;
}

PreparationPlan PostNormArchitecture::plan() const {
    const std::int64_t d = config_.width;
    const std::int64_t f = config_.ffn;
    PreparationPlan plan = embedding_plan({.width = config_.width,
                                           .vocabulary = config_.vocabulary,
                                           .positions = config_.positions,
                                           .token_types = config_.token_types});
    if (config_.relative_buckets > 0)
        plan.push_back({kRelativeBias,
                        {"encoder.relative_attention_bias.weight"},
                        {config_.relative_buckets, config_.heads},
                        TensorRole::Vector});
    const EncoderBlockNames& names = config_.names;
    for (std::int32_t i = 0; i < config_.layers; ++i) {
        const auto add = [&](const char* what, const Names& stems, std::int64_t out,
                             std::int64_t in) {
            Names weights;
            Names biases;
            for (const std::string& stem : stems) {
                weights.push_back(block_name(i, stem + ".weight"));
                biases.push_back(block_name(i, stem + ".bias"));
            }
            const std::string name = prepared_name(i, what);
            plan.push_back({name + ".weight", weights, {out, in}, TensorRole::Matrix});
            plan.push_back({name + ".bias", biases, {out}, TensorRole::Vector});
        };
        const auto add_norm = [&](const char* what, const std::string& stem) {
            const std::string name = prepared_name(i, what);
            for (const char* part : {".weight", ".bias"})
                plan.push_back(
                    {name + part, {block_name(i, stem + part)}, {d}, TensorRole::Vector});
        };
        add("qkv", {names.query, names.key, names.value}, 3 * d, d);
        add("attention_out", {names.attention_out}, d, d);
        add_norm("attention_norm", names.attention_norm);
        add("up", {"intermediate.dense"}, f, d);
        add("down", {"output.dense"}, d, f);
        add_norm("output_norm", "output.LayerNorm");
    }
    return plan;
}

template <typename T>
T* numbers(const at::Tensor& tensor) {
    return static_cast<T*>(tensor.data_ptr());
}

/// A product's weight, turned for `x · weightᵀ`, and the bias that the next kernel adds in fp32.
struct Projection {
    at::Tensor weight;  ///< (in, out), a transposed view
    const float* bias;  ///< (out)
};

struct Block {
    Projection qkv, attention_out, up, down;
    NormWeights attention_norm, output_norm;
};

Projection projection(const PreparedWeights& weights, std::int32_t block, std::string_view what) {
    const std::string name = prepared_name(block, what);
    return {weights.tensor(name + ".weight").t(), weights.vector(name + ".bias")};
}

/// Called with a layer's number and its output: float32 or bfloat16 (rows, d), rows as in the
/// batch, valid during the call.
using LayerVisitor = std::function<void(std::int32_t layer, const at::Tensor& states)>;

/// Sequences first .. end - 1 of a batch.
struct SequenceRange {
    std::size_t first = 0;
    std::size_t end = 0;
};

class PostNormEncoder final : public Backbone {
  public:
    PostNormEncoder(PostNormEncoderConfig config, BackboneInfo info, PreparedWeights weights);

    Taps forward(const PackedBatch& batch,
                 std::span<const std::int32_t> layers,
                 Pivot pivot) const override;
    std::vector<at::Tensor> hidden_states(const PackedBatch& batch) const override;

  private:
    template <typename T>
    void run(const PackedBatch& batch,
             Workspace& space,
             std::optional<Pivot> last_rows,
             const LayerVisitor& visit) const;
    template <typename T>
    void attend(const Block& block,
                const PackedBatch& batch,
                SequenceRange sequences,
                std::optional<Pivot> one_row,
                Workspace& space) const;
    template <typename T>
    void multiply_and_attend(const Block& block,
                             const PackedBatch& batch,
                             std::optional<Pivot> one_row,
                             Workspace& space) const;
    template <typename T>
    void finish_block(const Block& block, std::size_t rows, Workspace& space) const;
    void run(const PackedBatch& batch,
             Workspace& space,
             std::optional<Pivot> last_rows,
             const LayerVisitor& visit) const;
    WorkspaceShape workspace_shape(const PackedBatch& batch) const;

    PostNormEncoderConfig config_;
    PreparedWeights weights_;  ///< owns what the views below look at
    Embedding embedding_;
    RelativeBias relative_bias_;
    std::vector<Block> blocks_;
    at::ScalarType type_;
    mutable WorkspacePool workspaces_;
};

PostNormEncoder::PostNormEncoder(PostNormEncoderConfig config,
                                 BackboneInfo info,
                                 PreparedWeights weights)
    : Backbone(std::move(info)),
      config_(std::move(config)),
      weights_(std::move(weights)),
      embedding_(weights_,
                 {.first_position = config_.first_position,
                  .pad_id = config_.pad_id,
                  .norm_eps = static_cast<float>(config_.norm_eps)}),
      workspaces_(weights_.tensor(prepared_name(0, "qkv.weight")).scalar_type()) {
    for (std::int32_t i = 0; i < config_.layers; ++i)
        blocks_.push_back({projection(weights_, i, "qkv"), projection(weights_, i, "attention_out"),
                           projection(weights_, i, "up"), projection(weights_, i, "down"),
                           weights_.norm(prepared_name(i, "attention_norm")),
                           weights_.norm(prepared_name(i, "output_norm"))});
    type_ = blocks_.front().qkv.weight.scalar_type();
    if (config_.relative_buckets > 0)
        relative_bias_ = RelativeBias(weights_.tensor(kRelativeBias), Backbone::info().max_tokens);
}

/// Attention of some sequences, whose qkv is ready: space.qkv -> space.context.
///
/// With `one_row` only that query of each sequence is computed; space.context and space.states then
/// hold one row a sequence, so far.
template <typename T>
void PostNormEncoder::attend(const Block& block,
                             const PackedBatch& batch,
                             SequenceRange sequences,
                             std::optional<Pivot> one_row,
                             Workspace& space) const {
    const auto d = static_cast<std::size_t>(config_.width);
    kernels::AttentionTask<T> task{};
    task.qkv_stride = 3 * d;
    task.out_stride = d;
    task.bias = block.qkv.bias;
    task.heads = static_cast<std::size_t>(config_.heads);
    task.head_dim = d / task.heads;
    task.position_bias = relative_bias_.centre();
    task.position_stride = relative_bias_.stride();
    task.scratch = space.scratch.data_ptr<float>();
    T* states = numbers<T>(space.states);
    T* context = numbers<T>(space.context);
    for (std::size_t i = sequences.first; i < sequences.end; ++i) {
        const auto first = static_cast<std::size_t>(batch.offsets[i]);
        task.tokens = static_cast<std::size_t>(batch.offsets[i + 1]) - first;
        task.queries = one_row ? 1 : task.tokens;
        task.first_query = one_row == Pivot::Last ? task.tokens - 1 : 0;
        task.qkv = numbers<T>(space.qkv) + first * task.qkv_stride;
        task.out = context + (one_row ? i : first) * d;
        kernels::best<T>().attention(task);
        if (!one_row) continue;
        // row i is at or before the row it is taken from, and nobody needs it any more
        const T* source = states + (first + task.first_query) * d;
        std::copy(source, source + d, states + i * d);
    }
}

/// The first half of a block: space.states -> space.context.  As soon as a block of rows is
/// multiplied, the sequences that are complete are attended to, while their qkv is in the cache.
template <typename T>
void PostNormEncoder::multiply_and_attend(const Block& block,
                                          const PackedBatch& batch,
                                          std::optional<Pivot> one_row,
                                          Workspace& space) const {
    SequenceRange ready;
    for_row_blocks(batch.tokens(), [&](std::size_t first, std::size_t used, std::size_t padded) {
        at::Tensor qkv = rows_of(space.qkv, first, padded);
        at::mm_out(qkv, rows_of(space.states, first, padded), block.qkv.weight);
        ready.first = ready.end;
        while (ready.end < batch.sequences() &&
               static_cast<std::size_t>(batch.offsets[ready.end + 1]) <= first + used)
            ++ready.end;
        attend<T>(block, batch, ready, one_row, space);
    });
}

/// What follows attention, for the first `rows` rows: space.states and space.context ->
/// space.states, in blocks of rows whose intermediate results stay in the cache.
template <typename T>
void PostNormEncoder::finish_block(const Block& block, std::size_t rows, Workspace& space) const {
    const auto d = static_cast<std::size_t>(config_.width);
    const auto f = static_cast<std::size_t>(config_.ffn);
    const auto& kernel = kernels::best<T>();
    for_row_blocks(rows, [&](std::size_t first, std::size_t used, std::size_t padded) {
        at::Tensor states = rows_of(space.states, first, padded);
        at::Tensor product = rows_of(space.product, 0, padded);
        at::Tensor hidden = rows_of(space.hidden, 0, padded);
        kernels::NormTask<T> norm{};
        norm.out = numbers<T>(states);
        norm.a = numbers<T>(product);
        norm.b = norm.out;
        norm.rows = used;
        norm.width = d;
        norm.eps = static_cast<float>(config_.norm_eps);
        norm.scratch = space.scratch.data_ptr<float>();

        at::mm_out(product, rows_of(space.context, first, padded), block.attention_out.weight);
        norm.bias = block.attention_out.bias;
        norm.weight = block.attention_norm.weight;
        norm.shift = block.attention_norm.shift;
        kernel.layer_norm(norm);

        at::mm_out(hidden, states, block.up.weight);
        kernel.bias_gelu(numbers<T>(hidden), block.up.bias, used, f);
        at::mm_out(product, hidden, block.down.weight);
        norm.bias = block.down.bias;
        norm.weight = block.output_norm.weight;
        norm.shift = block.output_norm.shift;
        kernel.layer_norm(norm);
    });
}

template <typename T>
void PostNormEncoder::run(const PackedBatch& batch,
                          Workspace& space,
                          std::optional<Pivot> last_rows,
                          const LayerVisitor& visit) const {
    const std::size_t tokens = batch.tokens();
    embedding_.embed(batch, numbers<T>(space.states), space.scratch.data_ptr<float>());
    visit(0, rows_of(space.states, 0, tokens));
    for (std::int32_t i = 0; i < config_.layers; ++i) {
        const Block& block = blocks_[static_cast<std::size_t>(i)];
        const auto one_row = i + 1 == config_.layers ? last_rows : std::nullopt;
        multiply_and_attend<T>(block, batch, one_row, space);
        const std::size_t rows = one_row ? batch.sequences() : tokens;
        finish_block<T>(block, rows, space);
        visit(i + 1, rows_of(space.states, 0, rows));
    }
}

void PostNormEncoder::run(const PackedBatch& batch,
                          Workspace& space,
                          std::optional<Pivot> last_rows,
                          const LayerVisitor& visit) const {
    const c10::NoGradGuard no_autograd;
    if (type_ == at::kBFloat16)
        run<kernels::Bf16>(batch, space, last_rows, visit);
    else
        run<float>(batch, space, last_rows, visit);
}

Taps PostNormEncoder::forward(const PackedBatch& batch,
                              std::span<const std::int32_t> layers,
                              Pivot pivot) const {
    check_batch(batch, info());
    MOBI_CHECK(std::is_sorted(layers.begin(), layers.end()) &&
                   std::adjacent_find(layers.begin(), layers.end()) == layers.end() &&
                   (layers.empty() || (layers.front() >= 0 && layers.back() <= config_.layers)),
               "layers must increase within 0..{}", config_.layers);
    if (pivot == Pivot::Auto) pivot = info().pivot;
    const auto b = static_cast<std::int64_t>(batch.sequences());
    Taps result;
    result.taps =
        at::empty({static_cast<std::int64_t>(layers.size()), b, config_.width}, at::kFloat);
    result.output = at::empty({b, config_.width}, at::kFloat);
    if (b == 0) return result;
    auto lease = workspaces_.lease(workspace_shape(batch));
    // with one row a sequence, only that row of the last block is wanted
    const auto last_rows = pivot == Pivot::Mean ? std::nullopt : std::optional<Pivot>(pivot);
    std::size_t next = 0;
    run(batch, *lease, last_rows, [&](std::int32_t layer, const at::Tensor& states) {
        const bool last = layer == config_.layers;
        if (last && last_rows) result.output.copy_(states);
        if (last && !last_rows) pool(states, batch.offsets, pivot, result.output);
        if (next == layers.size() || layers[next] != layer) return;
        at::Tensor tap = result.taps.select(0, static_cast<std::int64_t>(next++));
        if (last)
            tap.copy_(result.output);
        else
            pool(states, batch.offsets, pivot, tap);
    });
    return result;
}

std::vector<at::Tensor> PostNormEncoder::hidden_states(const PackedBatch& batch) const {
    check_batch(batch, info());
    std::vector<at::Tensor> result;
    auto lease = workspaces_.lease(workspace_shape(batch));
    run(batch, *lease, std::nullopt, [&](std::int32_t, const at::Tensor& states) {
        result.push_back(states.to(at::kFloat, false, true));
    });
    return result;
}

WorkspaceShape PostNormEncoder::workspace_shape(const PackedBatch& batch) const {
    const auto width = static_cast<std::size_t>(config_.width);
    const std::size_t head_dim = width / static_cast<std::size_t>(config_.heads);
    return {
        .tokens = batch.tokens(),
        .width = width,
        .ffn = static_cast<std::size_t>(config_.ffn),
        .scratch = std::max(width, kernels::attention_scratch(longest_sequence(batch), head_dim))};
}

std::unique_ptr<Backbone> PostNormArchitecture::build(BackboneInfo info,
                                                      PreparedWeights weights) const {
    return std::make_unique<PostNormEncoder>(config_, std::move(info), std::move(weights));
}

}  // namespace

PostNormEncoderConfig read_post_norm_encoder(const ConfigFile& config,
                                             const PostNormDefaults& defaults,
                                             std::int32_t layers) {
    constexpr std::int32_t kMost = 1 << 16;
    constexpr std::int32_t kMostRows = 1 << 24;
    PostNormEncoderConfig encoder;
    encoder.family = defaults.family;
    encoder.layers = config.integer("num_hidden_layers", 12, 1, kMost);
    if (layers < 0 || layers > encoder.layers)
        throw ConfigError(fmt::format("layers = {}: {} has {} blocks; 0 keeps all of them", layers,
                                      config.name(), encoder.layers));
    if (layers > 0) encoder.layers = layers;
    encoder.width = config.integer("hidden_size", 768, 1, kMost);
    encoder.heads = config.integer("num_attention_heads", 12, 1, kMost);
    if (encoder.width % encoder.heads != 0)
        config.refuse("num_attention_heads",
                      fmt::format("a divisor of hidden_size = {}", encoder.width));
    encoder.ffn = config.integer("intermediate_size", 3072, 1, kMost);
    encoder.vocabulary = config.integer("vocab_size", defaults.vocabulary, 1, kMostRows);
    encoder.positions = config.integer("max_position_embeddings", 512, 1, kMostRows);
    encoder.pad_id = config.integer("pad_token_id", defaults.pad_id, 0, encoder.vocabulary - 1);
    encoder.norm_eps = config.number("layer_norm_eps", defaults.norm_eps, 0, 1);
    if (config.text_value("hidden_act", "gelu") != "gelu") config.refuse("hidden_act", "gelu");
    return encoder;
}

std::unique_ptr<Architecture> make_post_norm_architecture(PostNormEncoderConfig config) {
    return std::make_unique<PostNormArchitecture>(std::move(config));
}

}  // namespace mobi
