// SPDX-License-Identifier: Apache-2.0
#include "method/side/side_method.hpp"

#include <utility>

#include "method/side/side_costs.hpp"
#include "method/side/side_learner.hpp"

namespace mobi {

std::unique_ptr<Learner> SideMethod::learner(const FleetPlan& plan,
                                             std::shared_ptr<const EvaluationData> evaluation,
                                             LearnerSink sink) const {
    return std::make_unique<SideLearner>(settings_, plan, std::move(evaluation), std::move(sink));
}

std::map<std::string, std::vector<std::int64_t>> SideMethod::state_shapes(
    const FleetPlan& plan) const {
    const SideNetwork network(FleetShape(plan, settings_).side, settings_.side, settings_.align,
                              settings_.seed);
    std::map<std::string, std::vector<std::int64_t>> shapes;
    for (const auto& [name, tensor] : network.parameters()) shapes[name] = tensor.sizes().vec();
    return shapes;
}

}  // namespace mobi
