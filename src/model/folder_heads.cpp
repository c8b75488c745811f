// SPDX-License-Identifier: Apache-2.0
#include "model/folder_heads.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.hpp"

namespace mobi {
namespace {

/// Linear without bias in transformers' classes for sequence classification; all others have one.
constexpr std::string_view kDecoderClassifier = "score";

}  // namespace

FolderHeads::FolderHeads(const ModelFolder& folder, std::unique_ptr<WeightReader> weights)
    : folder_(folder), weights_(std::move(weights)) {}

at::Tensor Classifier::logits(const at::Tensor& states) const {
    const at::Tensor features =
        dense_weight.defined() ? at::tanh(at::linear(states, dense_weight, dense_bias)) : states;
    return at::linear(features, weight, bias);
}

at::Tensor FolderHeads::weight(const std::string& stem, std::int64_t in) const {
    const auto stored = weights_->shape(stem + ".weight");
    if (!stored) return {};
    // another shape than the model's is the reader's to refuse
    return weights_->weight({stem + ".weight", {stored->empty() ? 1 : stored->front(), in}});
}

at::Tensor FolderHeads::bias(const std::string& stem, std::int64_t out) const {
    const bool may_lack = stem == kDecoderClassifier;
    if (may_lack && !weights_->shape(stem + ".bias")) return {};
    return weights_->weight({stem + ".bias", {out}});
}

std::optional<at::Tensor> FolderHeads::pooler_output(const at::Tensor& states) const {
    const at::Tensor dense = weight("pooler.dense", states.size(1));
    if (!dense.defined()) return std::nullopt;
    return at::tanh(at::linear(states, dense, bias("pooler.dense", dense.size(0))));
}

std::optional<Classifier> FolderHeads::classifier() const {
    const TransformerConfig& model = folder_.architecture();
    const std::string stem(folder_.heads().classifier);
    const std::string dense(folder_.heads().classifier_dense);
    const std::string& map = model.names.project_out;
    if (stem.empty()) return std::nullopt;
    Classifier classifier;
    classifier.weight = weight(stem, map.empty() ? model.width : model.embedding_width);
    if (!classifier.weight.defined()) return std::nullopt;
    classifier.bias = bias(stem, classifier.classes());
    if (!map.empty()) classifier.weight = at::matmul(classifier.weight, weight(map, model.width));
    if (dense.empty()) return classifier;
    classifier.dense_weight = weight(dense, model.width);
    if (!classifier.dense_weight.defined()) return std::nullopt;
    classifier.dense_bias = bias(dense, classifier.dense_weight.size(0));
    return classifier;
}

std::optional<at::Tensor> FolderHeads::project_out(const at::Tensor& states) const {
    const std::string& name = folder_.architecture().names.project_out;
    if (name.empty()) return std::nullopt;
    const TransformerConfig& model = folder_.architecture();
    return at::linear(states,
                      weights_->weight({name + ".weight", {model.embedding_width, model.width}}));
}

std::optional<TensorSource> FolderHeads::language_model() const {
    const TransformerConfig& model = folder_.architecture();
    const std::vector<std::int64_t> shape{model.vocabulary, model.embedding_width};
    const HeadNames& names = folder_.heads();
    if (names.language_model.empty()) return std::nullopt;
    const std::string own = std::string(names.language_model) + ".weight";
    // a file may hold the head although it is tied: it is the same then
    if (weights_->shape(own)) return TensorSource{own, shape};
    if (folder_.tied()) return TensorSource{model.names.words + ".weight", shape};
    return std::nullopt;
}

std::optional<at::Tensor> FolderHeads::language_model_logits(const at::Tensor& states) const {
    const auto source = language_model();
    if (!source) return std::nullopt;
    return at::linear(project_out(states).value_or(states), weights_->weight(*source));
}

std::optional<at::Tensor> FolderHeads::word_weights(std::span<const std::int32_t> ids) const {
    const auto source = language_model();
    if (!source) return std::nullopt;
    std::vector<at::Tensor> rows;
    for (std::size_t i = 0; i < ids.size();) {
        std::size_t end = i + 1;  // of the ids that follow one another
        while (end < ids.size() && ids[end] == ids[end - 1] + 1) ++end;
        for (const std::int32_t id : {ids[i], ids[end - 1]})
            if (id < 0 || id >= source->shape[0])
                throw DataError(fmt::format("word id {} is outside the vocabulary of {}", id,
                                            source->shape[0]));
        rows.push_back(weights_->rows(*source, ids[i], static_cast<std::int64_t>(end - i)));
        i = end;
    }
    const at::Tensor words = at::cat(rows);
    const TransformerConfig& model = folder_.architecture();
    const std::string& map = model.names.project_out;
    if (map.empty()) return words;
    return at::matmul(words,
                      weights_->weight({map + ".weight", {model.embedding_width, model.width}}));
}

}  // namespace mobi
