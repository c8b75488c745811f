// SPDX-License-Identifier: Apache-2.0
#include "wire/layer_plan.hpp"

#include <cstddef>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi {

std::vector<std::int32_t> sampled_layers(const PlanParameters& plan,
                                         int backbone_layers,
                                         int blocks,
                                         std::uint64_t seed) {
    MOBI_CHECK(blocks >= 1 && backbone_layers >= blocks, "{} blocks of {} layers", blocks,
               backbone_layers);
    if (plan.layers < 0 || plan.layers > blocks)
        throw ConfigError(
            fmt::format("plan.layers = {}: 0 (as many as the shallowest backbone has) or 1 to {}",
                        plan.layers, blocks));
    const int count = plan.layers == 0 ? blocks : plan.layers;

    std::vector<std::int32_t> layers;
    if (plan.embedding) layers.push_back(0);
    if (plan.rule == PlanRule::Random) {
        RandomStream stream(seed, Purpose::LayerPlan, static_cast<std::uint64_t>(backbone_layers));
        for (const auto index :
             sample_without_replacement(stream, static_cast<std::uint64_t>(backbone_layers),
                                        static_cast<std::uint64_t>(count)))
            layers.push_back(static_cast<std::int32_t>(index) + 1);
        return layers;
    }
    for (std::int64_t b = 1; b <= count; ++b) {
        std::int64_t layer = b;
        if (plan.rule == PlanRule::AverageInterval) layer = b * backbone_layers / count;
        if (plan.rule == PlanRule::Last) layer = backbone_layers - count + b;
        layers.push_back(static_cast<std::int32_t>(layer));
    }
    return layers;
}

}  // namespace mobi
