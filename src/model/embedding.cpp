// SPDX-License-Identifier: Apache-2.0
#include "model/embedding.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "model/kernels.hpp"

namespace mobi {
namespace {

// Names in the prepared file.
constexpr const char* kWords = "embedding.words";
constexpr const char* kPositions = "embedding.positions";
constexpr const char* kTypes = "embedding.types";
constexpr const char* kNorm = "embedding.norm";

}  // namespace

PreparationPlan embedding_plan(const EmbeddingShape& shape) {
    const std::int64_t d = shape.width;
    PreparationPlan plan;
    plan.push_back(
        {kWords, {"embeddings.word_embeddings.weight"}, {shape.vocabulary, d}, TensorRole::Matrix});
    plan.push_back({kPositions,
                    {"embeddings.position_embeddings.weight"},
                    {shape.positions, d},
                    TensorRole::Matrix});
    if (shape.token_types > 0)
        plan.push_back({kTypes,
                        {"embeddings.token_type_embeddings.weight"},
                        {shape.token_types, d},
                        TensorRole::Vector});
    for (const char* part : {".weight", ".bias"})
        plan.push_back({std::string(kNorm) + part,
                        {std::string("embeddings.LayerNorm") + part},
                        {d},
                        TensorRole::Vector});
    return plan;
}

Embedding::Embedding(const PreparedWeights& weights, const EmbeddingRules& rules)
    : rules_(rules),
      words_(weights.tensor(kWords)),
      positions_(weights.tensor(kPositions)),
      norm_(weights.norm(kNorm)) {
    if (weights.contains(kTypes)) types_ = weights.tensor(kTypes);
}

template <typename T>
void Embedding::embed(const PackedBatch& batch, T* states, float* scratch) const {
    const auto width = static_cast<std::size_t>(words_.size(1));
    const auto* words = static_cast<const T*>(words_.data_ptr());
    const auto* positions = static_cast<const T*>(positions_.data_ptr());
    kernels::NormTask<T> task{};
    task.rows = 1;
    task.width = width;
    task.weight = norm_.weight;
    task.shift = norm_.shift;
    task.eps = rules_.norm_eps;
    task.scratch = scratch;
    for (std::size_t i = 0; i < batch.sequences(); ++i) {
        std::int32_t position = rules_.first_position;
        const auto end = static_cast<std::size_t>(batch.offsets[i + 1]);
        for (auto t = static_cast<std::size_t>(batch.offsets[i]); t < end; ++t) {
            const std::int32_t id = batch.ids[t];
            const bool padding = rules_.first_position > 0 && id == rules_.pad_id;
            const std::int32_t row = padding ? rules_.pad_id : position++;
            task.a = words + static_cast<std::size_t>(id) * width;
            task.b = positions + static_cast<std::size_t>(row) * width;
            if (types_.defined()) {
                const std::int32_t type = batch.type_ids.empty() ? 0 : batch.type_ids[t];
                if (type < 0 || type >= types_.size(0))
                    throw DataError(fmt::format("token type {} is not one of this model's {}", type,
                                                types_.size(0)));
                task.bias = types_.data_ptr<float>() + static_cast<std::size_t>(type) * width;
            }
            task.out = states + t * width;
            kernels::best<T>().layer_norm(task);
        }
    }
}

template void Embedding::embed(const PackedBatch&, float*, float*) const;
template void Embedding::embed(const PackedBatch&, kernels::Bf16*, float*) const;

}  // namespace mobi
