// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "model/backbone.hpp"
#include "model/prepared_weights.hpp"

namespace mobi {

/// Rows of the embedding tables.
struct EmbeddingShape {
    std::int32_t width = 0;
    std::int32_t vocabulary = 0;
    std::int32_t positions = 0;
    std::int32_t token_types = 0;  ///< 0 = no such table
};

/// The tensors of the embedding stage: word, position and type table, norm.
PreparationPlan embedding_plan(const EmbeddingShape& shape);

/// How positions are numbered, and the norm's eps.
struct EmbeddingRules {
    std::int32_t first_position = 0;  ///< row of a sequence's first token
    std::int32_t pad_id = 0;          ///< with first_position > 0: has row pad_id, is not counted
    float norm_eps = 0;
};

/// a_0 = LN(word[id] + position[r] + type[t]).
///
/// r counts a sequence's tokens from `first_position`.  With first_position > 0 (RoBERTa, MPNet)
/// the token with the id `pad_id` is not counted and has the row `pad_id`, wherever it stands.
class Embedding {
  public:
    /// \param weights  prepared by embedding_plan(); must outlive this object.
    Embedding(const PreparedWeights& weights, const EmbeddingRules& rules);

    /// \param states   (T, d), written; T is float or kernels::Bf16, as the weights are stored.
    /// \param scratch  d floats, 64-byte aligned.
    /// \throws DataError  when a type id is outside the type table.
    template <typename T>
    void embed(const PackedBatch& batch, T* states, float* scratch) const;

  private:
    EmbeddingRules rules_;
    at::Tensor words_;      ///< (V, d)
    at::Tensor positions_;  ///< (rows, d)
    at::Tensor types_;      ///< float32 (types, d), or undefined
    NormWeights norm_;
};

}  // namespace mobi
