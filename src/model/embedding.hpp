// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

#include "architecture/preparation_plan.hpp"
#include "architecture/transformer_config.hpp"
#include "kernels/linear.hpp"
#include "model/backbone.hpp"
#include "weights/prepared_weights.hpp"

namespace mobi {

/// a_0 = LN(in word[id] + position[r] + type[t]); what a model does not have is left out.
///
/// r counts a sequence's tokens from `first_position`.  With `uncounted_pad` (RoBERTa, MPNet) the
/// token of that id is not counted and has the row of that number, wherever it stands.
class Embedding {
  public:
    /// \param weights  prepared by embedding_plan(); must outlive this object.
    Embedding(const TransformerConfig& config, const PreparedWeights& weights);

    /// \param states   (padded T, d), written; of the type that the weights are stored in.
    /// \param words    (kRowBlock, e), working space where the embedding has a width of its own.
    /// \param scratch  d floats, 64-byte aligned.
    /// \throws DataError  when a type id is outside the type table.
    template <typename T>
    void embed(const PackedBatch& batch,
               at::Tensor& states,
               at::Tensor& words,
               float* scratch) const;

  private:
    template <typename T>
    void project_words(const PackedBatch& batch, at::Tensor& states, at::Tensor& words) const;
    const float* type_row(const PackedBatch& batch, std::size_t token) const;

    std::size_t width_;
    std::int32_t first_position_;
    std::int32_t uncounted_pad_;
    float norm_eps_;
    at::Tensor words_;      ///< (V, e)
    at::Tensor positions_;  ///< (rows, d), or undefined
    at::Tensor types_;      ///< float32 (types, d), or undefined
    Linear project_in_;     ///< e -> d, or none
    NormWeights norm_;
};

}  // namespace mobi
