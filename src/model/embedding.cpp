// SPDX-License-Identifier: Apache-2.0
#include "model/embedding.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.hpp"
#include "kernels/kernels.hpp"
#include "kernels/workspace.hpp"

namespace mobi {
namespace {

template <typename T>
const T* row_of(const at::Tensor& table, std::int32_t row) {
    return static_cast<const T*>(table.data_ptr()) + std::int64_t{row} * table.size(1);
}

}  // namespace

Embedding::Embedding(const TransformerConfig& config, const PreparedWeights& weights)
    : width_(static_cast<std::size_t>(config.width)),
      first_position_(config.first_position),
      uncounted_pad_(config.uncounted_pad),
      norm_eps_(static_cast<float>(config.norm_eps)),
      words_(weights.tensor(prepared::kWords)) {
    if (weights.contains(prepared::kPositions)) positions_ = weights.tensor(prepared::kPositions);
    if (weights.contains(prepared::kTypes)) types_ = weights.tensor(prepared::kTypes);
    if (weights.contains(prepared::kProjectIn)) project_in_ = weights.linear(prepared::kProjectIn);
    if (!config.names.embedding_norm.empty()) norm_ = weights.norm(prepared::kNorm);
}

/// in word[id] of every token, in blocks of rows.
template <typename T>
void Embedding::project_words(const PackedBatch& batch,
                              at::Tensor& states,
                              at::Tensor& words) const {
    const std::int64_t e = words_.size(1);
    for_row_blocks(batch.tokens(), [&](std::size_t first, std::size_t used, std::size_t padded) {
        T* target = static_cast<T*>(words.data_ptr());
        for (std::size_t t = first; t < first + used; ++t, target += e)
            std::copy_n(row_of<T>(words_, batch.ids[t]), e, target);
        at::Tensor product = rows_of(states, first, padded);
        project_in_.multiply(rows_of(words, 0, padded), product);
    });
}

const float* Embedding::type_row(const PackedBatch& batch, std::size_t token) const {
    const std::int32_t type = batch.type_ids.empty() ? 0 : batch.type_ids[token];
    if (type < 0 || type >= types_.size(0))
        throw DataError(
            fmt::format("token type {} is not one of this model's {}", type, types_.size(0)));
    return row_of<float>(types_, type);
}

template <typename T>
void Embedding::embed(const PackedBatch& batch,
                      at::Tensor& states,
                      at::Tensor& words,
                      float* scratch) const {
    if (project_in_) project_words<T>(batch, states, words);
    kernels::NormTask<T> task{};
    task.rows = 1;
    task.width = width_;
    task.weight = norm_.weight;
    task.shift = norm_.shift;
    task.eps = norm_eps_;
    task.scratch = scratch;
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
        std::int32_t position = first_position_;
        const auto end = static_cast<std::size_t>(batch.offsets[i + 1]);
        for (auto t = static_cast<std::size_t>(batch.offsets[i]); t < end; ++t) {
            const std::int32_t id = batch.ids[t];
            const std::int32_t row = id == uncounted_pad_ ? uncounted_pad_ : position++;
            T* target = static_cast<T*>(states.data_ptr()) + t * width_;
            task.a = project_in_ ? target : row_of<T>(words_, id);
            task.b = positions_.defined() ? row_of<T>(positions_, row) : nullptr;
            task.bias = types_.defined() ? type_row(batch, t) : nullptr;
            task.out = norm_.weight != nullptr ? target : nullptr;
            task.sum = norm_.weight != nullptr ? nullptr : target;
            kernels::best<T>().norm(task);
        }
    }
}

template void Embedding::embed<float>(const PackedBatch&, at::Tensor&, at::Tensor&, float*) const;
template void Embedding::embed<kernels::Bf16>(const PackedBatch&,
                                              at::Tensor&,
                                              at::Tensor&,
                                              float*) const;

}  // namespace mobi
