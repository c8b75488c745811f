// SPDX-License-Identifier: Apache-2.0
#include "model/backbone.hpp"

#include <utility>

#include "architecture/model_folder.hpp"
#include "architecture/preparation_plan.hpp"
#include "core/check.hpp"
#include "model/transformer.hpp"
#include "weights/content_hash.hpp"
#include "weights/prepared_weights.hpp"

namespace mobi {

Backbone::~Backbone() = default;

std::unique_ptr<Backbone> load_backbone(const BackboneParameters& parameters,
                                        Precision arithmetic,
                                        const std::filesystem::path& cache,
                                        std::uint64_t seed) {
    MOBI_CHECK(arithmetic == Precision::Fp32 || arithmetic == Precision::Bf16,
               "the host computes in fp32 or bf16");
    const ModelFolder folder(parameters);
    const auto reader = folder.open_weights(seed);
    ContentHash hash;
    hash.add(folder.configuration());
    hash.add(reader->fingerprint());
    const PreparedKey key{hash.hex(), parameters.weight_dtype, arithmetic};
    PreparedWeights weights(preparation_plan(folder.architecture()), key, *reader, cache);
    return make_transformer(folder.architecture(), folder.info(), std::move(weights));
}

}  // namespace mobi
