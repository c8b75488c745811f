// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/truth.hpp"
#include "method/fleet_plan.hpp"
#include "schema/schema.hpp"

namespace mobi {

/// How often each training sample was in an update of the server, and in which order they came.
class SamplePasses {
  public:
    /// \param samples  of the plan.
    explicit SamplePasses(std::size_t samples = 0) : passes_(samples, 0), there_(samples, false) {}

    /// Samples have arrived; again, if they were there already.
    void arrived(std::span<const std::int32_t> samples);
    /// An update was made on them.
    void used(std::span<const std::int32_t> samples);

    /// The rows of `/passes`: the fleet, devices, classes and arrival deciles that have a sample
    /// that arrived; none when no update drew any.  Decile j holds the places [floor(j n / 10),
    /// floor((j + 1) n / 10)) of the n samples in order of arrival, within a packet by id.
    /// \param train  labels; no rows for classes where it is a regression's or empty.
    std::vector<record::PassRow> rows(const FleetPlan& plan, const Truth& train) const;

  private:
    std::vector<std::int32_t> passes_;   // by sample
    std::vector<bool> there_;            // likewise
    std::vector<std::int32_t> arrived_;  // in order
};

}  // namespace mobi
