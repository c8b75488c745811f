// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

#include "model/model_folder.hpp"
#include "model/prepared_weights.hpp"

namespace mobi {

/// The frozen heads that a model's folder holds behind its backbone.  They compute in fp32 with the
/// folder's own weights, which are read when they are asked for: a forward pass has no use for
/// them.
///
/// `states` are float32 (rows, d), from Backbone::final_state(), at the tokens that are asked
/// about. What a folder does not hold is nullopt.
class FolderHeads {
  public:
    /// \param folder   outlives this object.
    /// \param weights  of the folder.
    FolderHeads(const ModelFolder& folder, std::unique_ptr<WeightReader> weights);

    /// tanh(W x + b) of BERT's or RoBERTa's pooler, (rows, d); x is the first token's state.
    std::optional<at::Tensor> pooler_output(const at::Tensor& states) const;

    /// The classifier's logits, (rows, C); x is the first token's state (encoders) or the last's,
    /// behind project_out where there is one.  \throws DataError  when the layer takes another
    /// width.
    std::optional<at::Tensor> classifier_logits(const at::Tensor& states) const;

    /// OPT-350M's map to the embedding's width, (rows, e).
    std::optional<at::Tensor> project_out(const at::Tensor& states) const;

    /// The language model's logits, (rows, V).
    std::optional<at::Tensor> language_model_logits(const at::Tensor& states) const;

    /// W of the language model's logits W x for some words of the vocabulary, (ids, d).
    /// \throws DataError  when an id is outside the vocabulary.
    std::optional<at::Tensor> word_weights(std::span<const std::int32_t> ids) const;

  private:
    std::optional<at::Tensor> dense(const std::string& stem, const at::Tensor& states) const;
    /// The head's weight as (V, e); nullopt where there is no such head.
    std::optional<TensorSource> language_model() const;

    const ModelFolder& folder_;
    std::unique_ptr<WeightReader> weights_;
};

}  // namespace mobi
