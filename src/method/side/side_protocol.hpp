// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "method/protocol.hpp"
#include "method/side/settings.hpp"
#include "method/side/timeline.hpp"

namespace mobi {

/// What the devices are to do: at the start everything is assigned.  Empty: the server has all.
using FirstTasks = std::function<std::vector<DeviceTask>()>;

/// Every admitted device is told at the start to pass its shard, and the server updates the side
/// network as packets come and in between: Timeline, on a fleet's clock.
class SideProtocol final : public Protocol {
  public:
    /// \param plan  must outlive the protocol.
    /// \throws ConfigError  as Timeline's constructor.
    SideProtocol(const FleetPlan& plan,
                 const SideSettings& settings,
                 bool train_after_all,
                 FirstTasks tasks);

    std::optional<Step> next(FleetClock& fleet) override;
    std::int64_t steps_planned() const override { return timeline_.updates_planned(); }
    void delay_to(VirtualClock::time_point end) override { timeline_.delay_to(end); }
    /// Without verdicts nothing stops early: `check` foresees the longest run.
    void tell(const Verdict& verdict) override { timeline_.tell(verdict.values.front()); }

  private:
    void begin(FleetClock& fleet);

    const FleetPlan* plan_;
    MethodSettings settings_;
    FirstTasks tasks_;
    Timeline timeline_;
    bool begun_ = false;
};

}  // namespace mobi
