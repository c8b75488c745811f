// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include "method/method.hpp"
#include "method/rounds/round_protocol.hpp"

namespace mobi {

/// What methods have in common whose devices pass their whole shards, in the rounds that `[rounds]`
/// asks for.
class RoundMethod : public Method {
  public:
    /// \pre  The method outlives its protocols.
    std::unique_ptr<Protocol> protocol(const FleetPlan& plan) const final;

  protected:
    explicit RoundMethod(const RoundSettings& settings) : settings_(settings) {}

    /// What a device fetches, computes and sends in a round.
    virtual Part part(const FleetPlan& plan, const DevicePlan& device) const = 0;

    /// Work of the server that aggregates so many arrivals, in FLOPs.
    virtual double aggregate_flop(std::size_t arrivals) const = 0;

  private:
    RoundSettings settings_;
};

}  // namespace mobi
