// SPDX-License-Identifier: Apache-2.0
// A method whose tasks are assigned during the run, as far as its timeline: nothing learns.
#pragma once

#include "core/check.hpp"
#include "method/rounds/round_method.hpp"

namespace mobi::test {

/// Rounds of devices that fetch, compute a while and send.
class RoundFleet final : public RoundMethod {
  public:
    static constexpr std::int64_t kDownBytes = 4000;
    static constexpr std::int64_t kUpBytes = 3000;

    explicit RoundFleet(const RoundSettings& settings) : RoundMethod(settings) {}

    std::string_view name() const override { return "round_fleet"; }
    std::unique_ptr<Learner> learner(const FleetPlan&,
                                     std::shared_ptr<const EvaluationData>,
                                     LearnerSink) const override {
        throw Bug("nothing learns");
    }
    std::map<std::string, std::vector<std::int64_t>> state_shapes(const FleetPlan&) const override {
        return {};
    }

  protected:
    Part part(const FleetPlan&, const DevicePlan& device) const override {
        Part part;
        part.down_bytes = kDownBytes;
        part.compute.flop = 1e9 * static_cast<double>(device.samples.size());
        part.compute.samples = static_cast<std::int32_t>(device.samples.size());
        part.up_bytes = kUpBytes;
        return part;
    }
    double aggregate_flop(std::size_t arrivals) const override {
        return 1e9 * static_cast<double>(arrivals);
    }
};

}  // namespace mobi::test
