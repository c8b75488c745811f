// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "method/device_selector.hpp"
#include "method/protocol.hpp"
#include "method/rounds/round_work.hpp"
#include "method/task_ledger.hpp"

namespace mobi {

struct SyncRoundSettings {
    std::int32_t rounds = 1;
    std::int32_t selected = 1;  ///< devices that are asked; more than `wanted`: over-selection
    std::int32_t wanted = 1;    ///< arrivals that close a round
    /// After the round's dispatch; none: as long as it takes.
    std::optional<VirtualClock::duration> deadline;
};

/// Synchronous rounds: `selected` of the devices that are on fetch the weights, compute and send.
/// The round closes at the `wanted`-th arrival or at the deadline, whichever is first; the others
/// are recalled, and the next round begins when the server has aggregated (Bonawitz et al.,
/// arXiv 1902.01046, section 2.2).
///
/// An arrival at the deadline is in time.  Without a deadline a round whose devices have all
/// arrived or left closes with the last.  A round without an arrival changes nothing and takes the
/// server no time.  Where no device is on, the round waits for one.
class SyncRounds final : public Protocol {
  public:
    SyncRounds(const SyncRoundSettings& settings,
               RoundWork work,
               std::unique_ptr<DeviceSelector> selector);

    std::optional<Step> next(FleetClock& fleet) override;
    std::int64_t steps_planned() const override { return settings_.rounds; }
    void delay_to(VirtualClock::time_point end) override { begin_ = std::max(begin_, end); }

  private:
    void dispatch(FleetClock& fleet);
    VirtualClock::time_point collect(FleetClock& fleet, std::vector<EventId>& arrivals);

    SyncRoundSettings settings_;
    RoundWork work_;
    std::unique_ptr<DeviceSelector> selector_;
    TaskLedger tasks_;
    std::int32_t round_ = 0;
    VirtualClock::time_point begin_{};  // of the round
};

}  // namespace mobi
