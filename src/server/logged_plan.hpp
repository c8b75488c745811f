// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "method/fleet_plan.hpp"
#include "method/method.hpp"
#include "record/run_reader.hpp"
#include "server/arrivals.hpp"

namespace mobi {

/// The plan of a logged run: who had which sample and which backbone.  Neither text nor backbones
/// are read; `embedding_parameters` and what else only admission needs stay 0.
/// \param profiles, links  of the run's configuration, by name.
/// \param labels           whether the packets carried labels.
/// \throws DataError  when tables contradict each other.
FleetPlan plan_from_log(const record::RunReader& reader,
                        const std::map<std::string, DeviceProfile>& profiles,
                        const std::map<std::string, LinkProfile>& links,
                        std::int32_t packet_samples,
                        bool labels);

/// The logged uploads as deliveries, in order of arrival, with the logged times and costs.
/// \throws DataError  when the run has none (`method.name = central_side`).
std::vector<Delivery> deliveries_from_log(const record::RunReader& reader,
                                          const FleetPlan& plan,
                                          const MethodSettings& settings);

/// A pace that the host missed once, repeated: every update ends as late as it did in the log.
class LoggedPace final : public ServerPace {
  public:
    explicit LoggedPace(const record::RunReader& reader);

    void begin() override {}
    VirtualClock::time_point finish(std::int64_t update,
                                    VirtualClock::time_point planned,
                                    const std::function<bool()>& done) override;
    void wait_until(VirtualClock::time_point) override {}

  private:
    std::vector<VirtualClock::duration> overruns_;  // by update
};

}  // namespace mobi
