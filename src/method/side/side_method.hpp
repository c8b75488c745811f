// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "method/method.hpp"
#include "method/side/settings.hpp"

namespace mobi {

/// What the methods that train a side network have in common: how the server learns.
class SideMethod : public Method {
  public:
    bool settles() const override { return true; }
    std::unique_ptr<Learner> learner(const FleetPlan& plan,
                                     std::shared_ptr<const EvaluationData> evaluation,
                                     LearnerSink sink) const override;
    std::map<std::string, std::vector<std::int64_t>> state_shapes(
        const FleetPlan& plan) const override;

  protected:
    explicit SideMethod(const SideSettings& settings) : settings_(settings) {}
    const SideSettings& settings() const noexcept { return settings_; }

  private:
    SideSettings settings_;
};

}  // namespace mobi
