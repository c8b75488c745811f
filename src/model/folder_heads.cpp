// SPDX-License-Identifier: Apache-2.0
#include "model/folder_heads.hpp"

#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.hpp"

namespace mobi {

FolderHeads::FolderHeads(const ModelFolder& folder, std::unique_ptr<WeightReader> weights)
    : folder_(folder), weights_(std::move(weights)) {}

/// W x + b of a head's layer, whose bias may be absent.
std::optional<at::Tensor> FolderHeads::dense(const std::string& stem,
                                             const at::Tensor& states) const {
    const auto stored = weights_->shape(stem + ".weight");
    if (!stored) return std::nullopt;
    const std::int64_t outputs = stored->empty() ? 1 : stored->front();
    const at::Tensor weight = weights_->weight({stem + ".weight", {outputs, states.size(1)}});
    if (!weights_->shape(stem + ".bias")) return at::linear(states, weight);
    return at::linear(states, weight, weights_->weight({stem + ".bias", {outputs}}));
}

std::optional<at::Tensor> FolderHeads::pooler_output(const at::Tensor& states) const {
    const auto pooled = dense("pooler.dense", states);
    if (!pooled) return std::nullopt;
    return at::tanh(*pooled);
}

std::optional<at::Tensor> FolderHeads::classifier_logits(const at::Tensor& states) const {
    const HeadNames& names = folder_.heads();
    if (names.classifier.empty()) return std::nullopt;
    if (!weights_->shape(std::string(names.classifier) + ".weight")) return std::nullopt;
    at::Tensor features = project_out(states).value_or(states);
    if (!names.classifier_dense.empty()) {
        const auto inner = dense(std::string(names.classifier_dense), features);
        if (!inner) return std::nullopt;
        features = at::tanh(*inner);
    }
    return dense(std::string(names.classifier), features);
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
