// SPDX-License-Identifier: Apache-2.0
#include "model/backbone.hpp"

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "model/checkpoint.hpp"
#include "model/config_file.hpp"
#include "model/content_hash.hpp"
#include "model/family.hpp"
#include "model/prepared_weights.hpp"
#include "model/random_weights.hpp"

namespace mobi {
namespace {

/// What `1_Pooling/config.json` of sentence-transformers says, where it is one of our pivots.
Pivot read_pooling(const std::filesystem::path& folder, Pivot fallback) {
    const auto path = folder / "1_Pooling" / "config.json";
    if (!std::filesystem::exists(path)) return fallback;
    const ConfigFile config(path);
    if (config.flag("pooling_mode_mean_tokens", false)) return Pivot::Mean;
    if (config.flag("pooling_mode_cls_token", false)) return Pivot::First;
    if (config.flag("pooling_mode_lasttoken", false)) return Pivot::Last;
    return fallback;
}

/// A folder, opened as far as no weight is read.
struct OpenFolder {
    explicit OpenFolder(const BackboneParameters& parameters)
        : config((require_folder(parameters.path),
                  ConfigFile(std::filesystem::path(parameters.path) / "config.json"))),
          family(family_of(config)),
          architecture(family.read(config, parameters.layers)),
          info(architecture->info()) {
        info.pivot = read_pooling(parameters.path, info.pivot);
    }

    ConfigFile config;
    const Family& family;
    std::unique_ptr<Architecture> architecture;
    BackboneInfo info;
};

}  // namespace

Backbone::~Backbone() = default;

BackboneInfo inspect_backbone(const BackboneParameters& parameters) {
    return OpenFolder(parameters).info;
}

std::unique_ptr<Backbone> load_backbone(const BackboneParameters& parameters,
                                        Precision arithmetic,
                                        const std::filesystem::path& cache,
                                        std::uint64_t seed) {
    MOBI_CHECK(arithmetic == Precision::Fp32 || arithmetic == Precision::Bf16,
               "the host computes in fp32 or bf16");
    const OpenFolder folder(parameters);
    std::unique_ptr<WeightReader> reader;
    if (parameters.weights == WeightSource::Random)
        reader = std::make_unique<RandomWeights>(seed);
    else
        reader = std::make_unique<Checkpoint>(parameters.path, std::string(folder.family.prefix));
    ContentHash hash;
    hash.add(folder.config.text());
    hash.add(reader->fingerprint());
    const PreparedKey key{hash.hex(), parameters.weight_dtype, arithmetic};
    PreparedWeights weights(folder.architecture->plan(), key, *reader, cache);
    return folder.architecture->build(folder.info, std::move(weights));
}

}  // namespace mobi
