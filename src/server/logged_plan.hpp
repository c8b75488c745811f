// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "crew/server_pace.hpp"
#include "method/fleet_plan.hpp"
#include "method/method_settings.hpp"
#include "record/run_reader.hpp"

namespace mobi {

/// The plan of a logged run: who had which sample and which backbone.  Neither text nor backbones
/// are read; `embedding_parameters` and what else only admission needs stay 0.
/// \param parts   of the run's configuration; of the links' files only downlink traces are needed,
///                since each device's own figures are in the log.
/// \param labels  whether the packets carried labels.
/// \throws DataError  when tables contradict each other.
FleetPlan plan_from_log(const record::RunReader& reader,
                        const FleetParts& parts,
                        std::int32_t packet_samples,
                        std::int32_t device_epochs,
                        bool labels);

/// What went on behind the logged uploads: of late ones, those that began before training ended.
Leftovers leftovers_from_log(const record::RunReader& reader);

/// The rows of `/losses` that do not depend on when training ends.
std::vector<record::LossRow> cut_off_rows(const record::RunReader& reader);

/// A planned delivery with the times and costs of its row in the log.
Delivery as_logged(Delivery planned, const record::UploadRow& row);

/// The logged uploads as deliveries, in order of arrival, with the logged times and costs.
/// \throws DataError  when the run has none, because its method uploads nothing.
std::vector<Delivery> deliveries_from_log(const record::RunReader& reader,
                                          const FleetPlan& plan,
                                          const MethodSettings& settings);

/// A pace that the host missed once, repeated: every update ends as late as it did in the log.
class LoggedPace final : public ServerPace {
  public:
    explicit LoggedPace(const record::RunReader& reader);

    void begin(VirtualClock::time_point) override {}
    VirtualClock::time_point finish(std::int64_t update,
                                    VirtualClock::time_point planned,
                                    const std::function<bool()>& done) override;
    void wait_until(VirtualClock::time_point) override {}

  private:
    std::vector<VirtualClock::duration> overruns_;  // by update
};

}  // namespace mobi
