// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "architecture/preparation_plan.hpp"
#include "core/check.hpp"
#include "kernels/kernels.hpp"
#include "kernels/workspace.hpp"
#include "model/embedding.hpp"
#include "model/packed_batch.hpp"
#include "model/relative_bias.hpp"

namespace mobi {
namespace {

template <typename T>
T* numbers(const at::Tensor& tensor) {
    return static_cast<T*>(tensor.data_ptr());
}

/// A product and the bias that the next kernel adds in fp32, or null.
struct Projection {
    Linear weight;
    const float* bias = nullptr;
};

struct Block {
    Projection qkv, attention_out, up, down;
    NormWeights attention_norm, mlp_norm;
};

Projection projection(const PreparedWeights& weights, std::int32_t block, std::string_view what) {
    const std::string name = prepared_name(block, what);
    return {weights.linear(name + ".weight"), weights.optional_vector(name + ".bias")};
}

/// Called with a layer's number and its output: float32 or bfloat16 (rows, d), rows as in the
/// batch, valid during the call.
using LayerVisitor = std::function<void(std::int32_t layer, const at::Tensor& states)>;

/// Sequences first .. end - 1 of a batch.
struct SequenceRange {
    std::size_t first = 0;
    std::size_t end = 0;
};

class Transformer final : public Backbone {
  public:
    Transformer(TransformerConfig config, BackboneInfo info, PreparedWeights weights);

    Taps forward(const PackedBatch& batch,
                 std::span<const std::int32_t> layers,
                 Pivot pivot) const override;
    std::vector<at::Tensor> hidden_states(const PackedBatch& batch) const override;
    at::Tensor final_state(const at::Tensor& states) const override;

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
    template <typename T>
    void activate(const Block& block, std::size_t rows, Workspace& space) const;
    template <typename T>
    kernels::NormTask<T> norm_task(const NormWeights& norm, float* scratch) const;
    template <typename T>
    void final_norm(const at::Tensor& from, const at::Tensor& to, float* scratch) const;
    void final_norm(const at::Tensor& from, const at::Tensor& to, float* scratch) const;
    void run(const PackedBatch& batch,
             Workspace& space,
             std::optional<Pivot> last_rows,
             const LayerVisitor& visit) const;
    WorkspacePool::Lease lease(const PackedBatch& batch) const;
    bool pre_norm() const noexcept { return config_.placement == NormPlacement::Pre; }

    TransformerConfig config_;
    PreparedWeights weights_;  ///< owns what the views below look at
    Embedding embedding_;
    RelativeBias relative_bias_;
    std::vector<Block> blocks_;
    NormWeights final_norm_;  ///< no weight: there is none
    at::ScalarType type_;
    mutable WorkspacePool workspaces_;
};

Transformer::Transformer(TransformerConfig config, BackboneInfo info, PreparedWeights weights)
    : Backbone(std::move(info)),
      config_(std::move(config)),
      weights_(std::move(weights)),
      embedding_(config_, weights_),
      type_(weights_.linear(prepared_name(0, "qkv.weight")).shape().type),
      workspaces_(type_) {
    for (std::int32_t i = 0; i < config_.layers; ++i)
        blocks_.push_back({projection(weights_, i, "qkv"), projection(weights_, i, "attention_out"),
                           projection(weights_, i, "up"), projection(weights_, i, "down"),
                           weights_.norm(prepared_name(i, "attention_norm")),
                           weights_.norm(prepared_name(i, "mlp_norm"))});
    if (!config_.names.final_norm.empty()) final_norm_ = weights_.norm("final_norm");
    if (config_.relative_buckets > 0)
        relative_bias_ = RelativeBias(weights_.tensor("relative_bias"), config_.max_tokens);
}

/// A norm without input and output.
template <typename T>
kernels::NormTask<T> Transformer::norm_task(const NormWeights& norm, float* scratch) const {
    kernels::NormTask<T> task{};
    task.width = static_cast<std::size_t>(config_.width);
    task.rms = config_.rms_norm;
    task.weight = norm.weight;
    task.shift = norm.shift;
    task.eps = static_cast<float>(config_.norm_eps);
    task.scratch = scratch;
    return task;
}

/// Attention of some sequences, whose qkv is ready: space.qkv -> space.context.
///
/// With `one_row` only that query of each sequence is computed; space.context and space.states then
/// hold one row a sequence, so far.
template <typename T>
void Transformer::attend(const Block& block,
                         const PackedBatch& batch,
                         SequenceRange sequences,
                         std::optional<Pivot> one_row,
                         Workspace& space) const {
    const auto d = static_cast<std::size_t>(config_.width);
    kernels::AttentionTask<T> task{};
    task.qkv_stride = static_cast<std::size_t>(config_.qkv_width());
    task.out_stride = static_cast<std::size_t>(config_.query_width());
    task.bias = block.qkv.bias;
    task.heads = static_cast<std::size_t>(config_.heads);
    task.kv_heads = static_cast<std::size_t>(config_.kv_heads);
    task.head_dim = static_cast<std::size_t>(config_.head_dim);
    task.causal = config_.causal;
    task.rotation = space.rotation.empty() ? nullptr : space.rotation.data();
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
        task.out = context + (one_row ? i : first) * task.out_stride;
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
void Transformer::multiply_and_attend(const Block& block,
                                      const PackedBatch& batch,
                                      std::optional<Pivot> one_row,
                                      Workspace& space) const {
    SequenceRange ready;
    for_row_blocks(batch.tokens(), [&](std::size_t first, std::size_t used, std::size_t padded) {
        at::Tensor input = rows_of(space.states, first, padded);
        if (pre_norm()) {
            const at::Tensor normed = rows_of(space.normed, 0, padded);
            kernels::NormTask<T> norm =
                norm_task<T>(block.attention_norm, space.scratch.data_ptr<float>());
            norm.rows = used;
            norm.a = numbers<T>(input);
            norm.out = numbers<T>(normed);
            kernels::best<T>().norm(norm);
            input = normed;
        }
        at::Tensor qkv = rows_of(space.qkv, first, padded);
        block.qkv.weight.multiply(input, qkv);
        ready.first = ready.end;
        while (ready.end < batch.sequences() &&
               static_cast<std::size_t>(batch.offsets[ready.end + 1]) <= first + used)
            ++ready.end;
        attend<T>(block, batch, ready, one_row, space);
    });
}

/// The MLP's middle, of `rows` rows: space.hidden -> space.hidden or, gated, space.gated.
template <typename T>
void Transformer::activate(const Block& block, std::size_t rows, Workspace& space) const {
    kernels::ActivationTask<T> task{};
    task.x = numbers<T>(space.hidden);
    task.y = numbers<T>(config_.gated() ? space.gated : space.hidden);
    task.bias = block.up.bias;
    task.rows = rows;
    task.width = static_cast<std::size_t>(config_.ffn);
    task.kind = config_.activation;
    task.gated = config_.gated();
    kernels::best<T>().activate(task);
}

/// What follows attention, for the first `rows` rows: space.states and space.context ->
/// space.states, in blocks of rows whose intermediate results stay in the cache.
template <typename T>
void Transformer::finish_block(const Block& block, std::size_t rows, Workspace& space) const {
    const auto& kernel = kernels::best<T>();
    for_row_blocks(rows, [&](std::size_t first, std::size_t used, std::size_t padded) {
        const at::Tensor states = rows_of(space.states, first, padded);
        const at::Tensor normed = rows_of(space.normed, 0, padded);
        at::Tensor product = rows_of(space.product, 0, padded);
        at::Tensor hidden = rows_of(space.hidden, 0, padded);

        block.attention_out.weight.multiply(rows_of(space.context, first, padded), product);
        // pre: states += attention, normed = N2 states.  post: states = N1(states + attention)
        kernels::NormTask<T> norm = norm_task<T>(pre_norm() ? block.mlp_norm : block.attention_norm,
                                                 space.scratch.data_ptr<float>());
        norm.rows = used;
        norm.a = numbers<T>(product);
        norm.b = numbers<T>(states);
        norm.bias = block.attention_out.bias;
        norm.sum = pre_norm() ? numbers<T>(states) : nullptr;
        norm.out = numbers<T>(pre_norm() ? normed : states);
        kernel.norm(norm);

        block.up.weight.multiply(pre_norm() ? normed : states, hidden);
        activate<T>(block, used, space);
        block.down.weight.multiply(config_.gated() ? rows_of(space.gated, 0, padded) : hidden,
                                   product);
        // pre: states += mlp.  post: states = N2(states + mlp)
        norm.bias = block.down.bias;
        norm.weight = block.mlp_norm.weight;
        norm.shift = block.mlp_norm.shift;
        norm.out = pre_norm() ? nullptr : numbers<T>(states);
        kernel.norm(norm);
    });
}

template <typename T>
void Transformer::run(const PackedBatch& batch,
                      Workspace& space,
                      std::optional<Pivot> last_rows,
                      const LayerVisitor& visit) const {
    const std::size_t tokens = batch.tokens();
    embedding_.embed<T>(batch, space.states, space.words, space.scratch.data_ptr<float>());
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

void Transformer::run(const PackedBatch& batch,
                      Workspace& space,
                      std::optional<Pivot> last_rows,
                      const LayerVisitor& visit) const {
    const c10::NoGradGuard no_autograd;
    if (type_ == at::kBFloat16)
        run<kernels::Bf16>(batch, space, last_rows, visit);
    else
        run<float>(batch, space, last_rows, visit);
}

/// (rows, d) -> (rows, d), which may be the same.
template <typename T>
void Transformer::final_norm(const at::Tensor& from, const at::Tensor& to, float* scratch) const {
    kernels::NormTask<T> norm = norm_task<T>(final_norm_, scratch);
    norm.rows = static_cast<std::size_t>(from.size(0));
    norm.a = numbers<T>(from);
    norm.out = numbers<T>(to);
    kernels::best<T>().norm(norm);
}

void Transformer::final_norm(const at::Tensor& from, const at::Tensor& to, float* scratch) const {
    if (from.scalar_type() == at::kBFloat16)
        final_norm<kernels::Bf16>(from, to, scratch);
    else
        final_norm<float>(from, to, scratch);
}

at::Tensor Transformer::final_state(const at::Tensor& states) const {
    MOBI_CHECK(states.is_contiguous() && states.scalar_type() == at::kFloat &&
                   states.size(1) == config_.width,
               "final_state() takes float32 rows of width {}", config_.width);
    if (final_norm_.weight == nullptr) return states;
    at::Tensor result = at::empty_like(states);
    const at::Tensor scratch = at::empty({config_.width + std::int64_t{16}}, at::kFloat);
    final_norm(states, result, scratch.data_ptr<float>());
    return result;
}

Taps Transformer::forward(const PackedBatch& batch,
                          std::span<const std::int32_t> layers,
                          Pivot pivot) const {
    check_batch(batch, info());
    MOBI_CHECK(std::is_sorted(layers.begin(), layers.end()) &&
                   std::adjacent_find(layers.begin(), layers.end()) == layers.end() &&
                   (layers.empty() || (layers.front() >= 0 && layers.back() <= config_.layers)),
               "layers must increase within 0..{}", config_.layers);
    if (pivot == Pivot::Auto) pivot = info().trained_pivot();
    const auto b = static_cast<std::int64_t>(batch.sequences());
    Taps result;
    result.taps =
        at::empty({static_cast<std::int64_t>(layers.size()), b, config_.width}, at::kFloat);
    result.output = at::empty({b, config_.width}, at::kFloat);
    if (b == 0) return result;
    auto space = lease(batch);
    // with one row a sequence, only that row of the last block is wanted
    const auto last_rows = pivot == Pivot::Mean ? std::nullopt : std::optional<Pivot>(pivot);
    const auto at_pivot = [&](std::int32_t layer, const at::Tensor& states, at::Tensor& out) {
        if (layer == config_.layers && last_rows)
            out.copy_(states);
        else
            pool(states, batch.offsets, pivot, out);
    };
    std::size_t next = 0;
    run(batch, *space, last_rows, [&](std::int32_t layer, const at::Tensor& states) {
        if (next < layers.size() && layers[next] == layer) {
            at::Tensor tap = result.taps.select(0, static_cast<std::int64_t>(next++));
            at_pivot(layer, states, tap);
        }
        if (layer != config_.layers) return;
        if (final_norm_.weight != nullptr)
            final_norm(states, states, space->scratch.data_ptr<float>());
        at_pivot(layer, states, result.output);
    });
    return result;
}

std::vector<at::Tensor> Transformer::hidden_states(const PackedBatch& batch) const {
    check_batch(batch, info());
    std::vector<at::Tensor> result;
    auto space = lease(batch);
    run(batch, *space, std::nullopt, [&](std::int32_t, const at::Tensor& states) {
        result.push_back(states.to(at::kFloat, false, true));
    });
    return result;
}

WorkspacePool::Lease Transformer::lease(const PackedBatch& batch) const {
    const auto d = static_cast<std::size_t>(config_.width);
    const auto f = static_cast<std::size_t>(config_.ffn);
    const auto head_dim = static_cast<std::size_t>(config_.head_dim);
    const std::size_t longest = longest_sequence(batch);
    WorkspaceShape shape;
    shape.tokens = batch.tokens();
    shape.width = d;
    shape.qkv = static_cast<std::size_t>(config_.qkv_width());
    shape.context = static_cast<std::size_t>(config_.query_width());
    shape.words =
        config_.names.project_in.empty() ? 0 : static_cast<std::size_t>(config_.embedding_width);
    shape.hidden = config_.gated() ? 2 * f : f;
    shape.gated = config_.gated() ? f : 0;
    shape.scratch = std::max(d, kernels::attention_scratch(longest, head_dim));
    auto space = workspaces_.lease(shape);
    if (config_.rotary && space->rotation.size() < longest * head_dim)
        space->rotation =
            rotation_table(*config_.rotary, config_.head_dim, static_cast<std::int32_t>(longest));
    return space;
}

}  // namespace

std::unique_ptr<Backbone> make_transformer(TransformerConfig config,
                                           BackboneInfo info,
                                           PreparedWeights weights) {
    return std::make_unique<Transformer>(std::move(config), std::move(info), std::move(weights));
}

}  // namespace mobi
