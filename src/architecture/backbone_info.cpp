// SPDX-License-Identifier: Apache-2.0
#include "architecture/backbone_info.hpp"

#include <functional>
#include <numeric>

#include "architecture/preparation_plan.hpp"
#include "core/error.hpp"

namespace mobi {
namespace {

std::int64_t count_numbers(const PreparationPlan& plan) {
    std::int64_t count = 0;
    for (const PreparedTensor& tensor : plan) {
        const auto shape = tensor.shape();
        count += std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    }
    return count;
}

}  // namespace

Pivot BackboneInfo::trained_pivot() const {
    if (!other_pooling.empty())
        throw DataError(other_pooling +
                        ": accepted: cls, mean, lasttoken; or choose by packet.pivot = first, mean "
                        "or last");
    return pivot;
}

BackboneInfo describe(const TransformerConfig& config) {
    BackboneInfo info;
    info.family = config.family;
    info.size.layers = config.layers;
    info.size.width = config.width;
    info.size.ffn = config.ffn;
    info.size.heads = config.heads;
    info.size.kv_heads = config.kv_heads;
    info.size.head_dim = config.head_dim;
    info.size.gated_mlp = config.gated();
    info.size.embedding_parameters = count_numbers(embedding_plan(config));
    TransformerConfig shallow = config;
    shallow.layers = 1;
    info.size.parameters = count_numbers(preparation_plan(shallow)) +
                           (config.layers - 1) * count_numbers(block_plan(config, 0));
    info.vocabulary = config.vocabulary;
    info.max_tokens = config.max_tokens;
    info.causal = config.causal;
    info.pivot = config.causal ? Pivot::Last : Pivot::First;
    info.uses_type_ids = config.token_types > 1;
    return info;
}

}  // namespace mobi
