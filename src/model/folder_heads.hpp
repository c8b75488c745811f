// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

#include "architecture/model_folder.hpp"
#include "weights/prepared_weights.hpp"

namespace mobi {

/// A folder's classifier, in fp32: W x + b, behind tanh(W' x + b') where the family has such a
/// layer.
struct Classifier {
    at::Tensor dense_weight;  ///< (d, d), or undefined
    at::Tensor dense_bias;    ///< (d), or undefined
    at::Tensor weight;        ///< (C, d)
    at::Tensor bias;          ///< (C), or undefined

    std::int64_t classes() const { return weight.size(0); }
    /// (rows, C) of float32 (rows, d): the first token's state (encoders) or the last's.
    at::Tensor logits(const at::Tensor& states) const;
};

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

    /// The classifier, with project_out folded into it where there is one.
    /// \throws DataError  when its shapes do not fit the model.
    std::optional<Classifier> classifier() const;
    /// The tensor that its last weights are, or would be.
    std::string classifier_name() const {
        return std::string(folder_.heads().classifier) + ".weight";
    }

    /// OPT-350M's map to the embedding's width, (rows, e).
    std::optional<at::Tensor> project_out(const at::Tensor& states) const;

    /// The language model's logits, (rows, V).
    std::optional<at::Tensor> language_model_logits(const at::Tensor& states) const;

    /// W of the language model's logits W x for some words of the vocabulary, (ids, d).
    /// \throws DataError  when an id is outside the vocabulary.
    std::optional<at::Tensor> word_weights(std::span<const std::int32_t> ids) const;

  private:
    /// `<stem>.weight` (out, in) of a layer that takes `in` numbers; undefined where there is none.
    at::Tensor weight(const std::string& stem, std::int64_t in) const;
    /// `<stem>.bias` (out); undefined where a decoder's classifier has none.
    /// \throws DataError  when a layer that has a bias in every model lacks it.
    at::Tensor bias(const std::string& stem, std::int64_t out) const;
    /// The head's weight as (V, e); nullopt where there is no such head.
    std::optional<TensorSource> language_model() const;

    const ModelFolder& folder_;
    std::unique_ptr<WeightReader> weights_;
};

}  // namespace mobi
