// SPDX-License-Identifier: Apache-2.0
#include "model/residual_head.hpp"

#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "model/folder_heads.hpp"

namespace mobi {
namespace {

/// W x, also where no head is wanted: then nobody asks.
class LinearHead final : public ResidualHead {
  public:
    LinearHead(const ResidualParameters& parameters, at::Tensor weight)
        : ResidualHead(parameters, static_cast<std::int32_t>(weight.size(0))),
          weight_(std::move(weight)) {}

  private:
    at::Tensor logits(const at::Tensor& state) const override { return at::linear(state, weight_); }
    at::Tensor weight_;
};

class ClassifierHead final : public ResidualHead {
  public:
    ClassifierHead(const ResidualParameters& parameters,
                   std::int32_t classes,
                   Classifier classifier)
        : ResidualHead(parameters, classes), classifier_(std::move(classifier)) {}

  private:
    at::Tensor logits(const at::Tensor& state) const override { return classifier_.logits(state); }
    Classifier classifier_;
};

}  // namespace

at::Tensor ResidualHead::output(const at::Tensor& state) const {
    if (parameters_.output == ResidualOutput::Zero || parameters_.head == ResidualHeadKind::None)
        return at::zeros({state.size(0), classes_}, at::kFloat);
    const at::Tensor raw = logits(state);
    if (parameters_.output == ResidualOutput::Logits || classes_ == 1) return raw;
    return at::softmax(raw, 1);
}

std::unique_ptr<ResidualHead> make_random_head(const ResidualParameters& parameters,
                                               std::int32_t width,
                                               std::int32_t classes,
                                               std::string_view backbone,
                                               std::uint64_t seed) {
    RandomStream stream(seed, Purpose::ResidualHead, text_key(backbone));
    const double bound = 1 / std::sqrt(width);
    at::Tensor weight = at::empty({classes, width}, at::kFloat);
    float* const numbers = weight.data_ptr<float>();
    for (std::int64_t i = 0; i < weight.numel(); ++i)
        numbers[i] = static_cast<float>(bound * (2 * stream.uniform() - 1));
    return std::make_unique<LinearHead>(parameters, weight);
}

std::unique_ptr<ResidualHead> make_folder_head(const ResidualParameters& parameters,
                                               const ModelFolder& folder,
                                               std::int32_t classes,
                                               std::span<const std::int32_t> words,
                                               std::uint64_t seed) {
    const FolderHeads heads(folder, folder.open_weights(seed));
    const std::string& family = folder.info().family;
    if (parameters.head == ResidualHeadKind::LmVerbalizer) {
        MOBI_CHECK(words.size() == static_cast<std::size_t>(classes), "{} words for {} classes",
                   words.size(), classes);
        const auto weight = heads.word_weights(words);
        if (!weight)
            throw ConfigError(fmt::format(
                "residual.head = lm_verbalizer: this {} holds no language model head", family));
        return std::make_unique<LinearHead>(parameters, *weight);
    }
    auto classifier = heads.classifier();
    if (!classifier)
        throw ConfigError(
            fmt::format("residual.head = folder: this {} holds no classifier", family));
    if (classifier->classes() != classes)
        throw ConfigError(
            fmt::format("residual.head = folder: this {}'s classifier has {} classes, the task {}",
                        family, classifier->classes(), classes));
    return std::make_unique<ClassifierHead>(parameters, classes, std::move(*classifier));
}

}  // namespace mobi
