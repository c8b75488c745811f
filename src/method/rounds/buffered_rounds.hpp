// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "method/device_selector.hpp"
#include "method/protocol.hpp"
#include "method/rounds/parameters.hpp"
#include "method/rounds/round_work.hpp"
#include "method/task_ledger.hpp"

namespace mobi {

struct BufferedRoundSettings {
    std::int32_t concurrency = 1;  ///< devices at work
    std::int32_t buffer = 1;       ///< arrivals that make a step
    std::int64_t steps = 1;
    Dispatch dispatch = Dispatch::AfterStep;
};

/// Buffered asynchronous training: `concurrency` devices are at work, each arrival goes into a
/// buffer and lets another device begin, and a full buffer is aggregated (Nguyen et al., arXiv
/// 2106.06639).
///
/// A step begins when its buffer is full, or when the one before ends.  At one time ends of steps
/// come before arrivals; devices go out until the last step has ended, and are recalled then.  A
/// device has version v if v steps had ended when it was sent.  A device
/// that leaves for good makes room for another too.
class BufferedRounds final : public Protocol {
  public:
    BufferedRounds(const BufferedRoundSettings& settings,
                   RoundWork work,
                   std::unique_ptr<DeviceSelector> selector);

    std::optional<Step> next(FleetClock& fleet) override;
    std::int64_t steps_planned() const override { return settings_.steps; }
    void delay_to(VirtualClock::time_point end) override;

  private:
    bool wait(FleetClock& fleet, std::optional<Step>& step);
    void take(FleetClock& fleet, const FleetEvent& event, std::optional<Step>& step);
    void dispatch_owed(FleetClock& fleet, VirtualClock::time_point now);
    void dispatch(FleetClock& fleet, DeviceId device, VirtualClock::time_point now);
    Step aggregate(VirtualClock::time_point now);

    BufferedRoundSettings settings_;
    RoundWork work_;
    std::unique_ptr<DeviceSelector> selector_;
    TaskLedger tasks_;
    std::set<DeviceId> busy_;
    std::int32_t owed_;  // devices that are to be sent
    std::int64_t dispatched_ = 0;
    std::vector<EventId> buffer_;
    std::deque<VirtualClock::time_point> waiting_;  // ends of steps that a replacement waits for
    std::deque<VirtualClock::time_point> ends_;     // of steps that have not ended by now
    std::int64_t version_ = 0;                      // steps that have
    std::int64_t steps_ = 0;
    VirtualClock::time_point now_{};
    VirtualClock::time_point free_{};  // the server
};

}  // namespace mobi
