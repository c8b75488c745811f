// SPDX-License-Identifier: Apache-2.0
#include "architecture/model_folder.hpp"

#include <utility>

#include <fmt/format.h>

#include "architecture/config_file.hpp"
#include "architecture/llama2c_file.hpp"
#include "architecture/pooling.hpp"
#include "architecture/preparation_plan.hpp"
#include "core/error.hpp"
#include "weights/folder_files.hpp"
#include "weights/random_weights.hpp"

namespace mobi {

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
    if (config.says("quantization_config"))
        config.refuse("quantization_config", "none: weights are F32, F16 or BF16");
    if (config.says("transformers_weights") &&
        config.text_value("transformers_weights", "") != "model.safetensors")
        config.refuse("transformers_weights", "model.safetensors");
    if (is_there(path_ / "adapter_config.json") && weights_ == WeightSource::Folder)
        throw DataError(fmt::format(
            "{}: holds a model and an adapter (adapter_config.json), which transformers would "
            "apply "
            "to its base model: merge it (merge_and_unload() of PEFT), or take adapter_config.json "
            "away to read the model alone",
            path_.string()));
    architecture_ = family.read(config, parameters.layers);
    info_ = describe(architecture_);
    heads_ = family.heads;
    tied_ = config.flag("tie_word_embeddings", heads_.tied);
    names_ = {.prefix = std::string(family.prefix),
              .words = architecture_.names.words + ".weight",
              .tied_head = tied_ ? std::string(heads_.tied_to_words) + ".weight" : "",
              .reads_head = !heads_.language_model.empty(),
              .defaults = config.defaults_taken()};
    Pooling pooling = read_pooling(path_, info_.pivot);
    info_.pivot = pooling.pivot;
    info_.other_pooling = std::move(pooling.other);
    notes_ = architecture_.notes;
    notes_.insert(notes_.end(), pooling.notes.begin(), pooling.notes.end());
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
    return std::make_unique<Checkpoint>(path_, names_);
}

SourceNotes ModelFolder::check_weights() const {
    const auto reader = open_weights();
    for (const PreparedTensor& tensor : preparation_plan(architecture_))
        for (const TensorSource& source : tensor.sources) reader->require(source);
    SourceNotes notes = notes_;
    notes.insert(notes.end(), reader->notes().begin(), reader->notes().end());
    return notes;
}

BackboneInfo inspect_backbone(const BackboneParameters& parameters) {
    return ModelFolder(parameters).info();
}

}  // namespace mobi
