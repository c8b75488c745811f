// SPDX-License-Identifier: Apache-2.0
#include "model/model_folder.hpp"

#include "model/checkpoint.hpp"
#include "model/config_file.hpp"
#include "model/llama2c_file.hpp"
#include "model/random_weights.hpp"

namespace mobi {
namespace {

/// What `1_Pooling/config.json` of sentence-transformers says, where it is one of our pivots.
Pivot read_pooling(const std::filesystem::path& folder, Pivot fallback) {
    const auto path = folder / "1_Pooling" / "config.json";
    if (!is_there(path)) return fallback;
    const ConfigFile config(path);
    if (config.flag("pooling_mode_mean_tokens", false)) return Pivot::Mean;
    if (config.flag("pooling_mode_cls_token", false)) return Pivot::First;
    if (config.flag("pooling_mode_lasttoken", false)) return Pivot::Last;
    return fallback;
}

}  // namespace

ModelFolder::ModelFolder(const BackboneParameters& parameters)
    : path_(parameters.path), weights_(parameters.weights) {
    require_folder(path_);
    if (is_there(path_ / "config.json")) {
        open_hugging_face(parameters);
    } else {
        llama2c_file_ = find_llama2c(path_);
        open_llama2c(parameters);
    }
}

void ModelFolder::open_hugging_face(const BackboneParameters& parameters) {
    const ConfigFile config(path_ / "config.json");
    const Family& family = family_of(config);
    architecture_ = family.read(config, parameters.layers);
    info_ = describe(architecture_);
    info_.pivot = read_pooling(path_, info_.pivot);
    heads_ = family.heads;
    prefix_ = family.prefix;
    tied_ = config.flag("tie_word_embeddings", heads_.tied);
    configuration_ = config.text();
}

void ModelFolder::open_llama2c(const BackboneParameters& parameters) {
    const Llama2cFile file(llama2c_file_);
    architecture_ = file.architecture(parameters.layers);
    info_ = describe(architecture_);
    heads_ = {.language_model = "lm_head"};
    tied_ = file.tied();
    configuration_ = "llama2.c";
}

std::unique_ptr<WeightReader> ModelFolder::open_weights(std::uint64_t seed) const {
    if (weights_ == WeightSource::Random) return std::make_unique<RandomWeights>(seed);
    if (!llama2c_file_.empty()) return std::make_unique<Llama2cFile>(llama2c_file_);
    return std::make_unique<Checkpoint>(path_, prefix_);
}

}  // namespace mobi
