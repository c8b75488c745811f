// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "method/run_fleet.hpp"

namespace mobi {

/// A fleet whose events are packets that arrive whole, numbered from 0 in their order: each is a
/// delivery.
///
/// For methods that give each device one task, its packets being the parts.
class SettledFleet : public RunFleet {
  public:
    bool settled() const final { return true; }
    /// What is assigned is what was planned, and so is that nothing else will be.
    void assign(DeviceTask) final {}
    void promise_quiet(VirtualClock::time_point) final {}
    /// \throws Bug  what is settled cannot be changed.
    void recall(TaskId task, VirtualClock::time_point at) final;
    /// \throws Bug  who is there is not known.
    std::optional<VirtualClock::time_point> next_presence(VirtualClock::time_point time) final;
    std::vector<DeviceId> present(VirtualClock::time_point time) final;

    std::int64_t delivered_by(EventId event) const final { return event.value() + 1; }
};

/// A fleet whose life is known: as it was planned, or as an earlier run logged it.  Every delivery
/// is an event, in the given order.
class RecordedFleet final : public SettledFleet {
  public:
    /// \param deliveries  in order of arrival; must outlive the fleet.
    /// \throws Bug  when they are out of order.
    explicit RecordedFleet(std::span<const Delivery> deliveries);

    void forecast(const std::function<bool(const FleetEvent&)>& look) override;
    const FleetEvent* next(VirtualClock::time_point until) override;
    const Delivery& delivery(std::int64_t index) const override {
        return deliveries_[static_cast<std::size_t>(index)];
    }
    std::int64_t delivered() const override { return static_cast<std::int64_t>(told_); }

  private:
    std::span<const Delivery> deliveries_;
    FleetEvent event_;  // the last that next() told
    std::size_t told_ = 0;
};

/// A delivery as the event that it was; `id` is its place among the deliveries.
FleetEvent event_of(const Delivery& delivery, std::int64_t id);

}  // namespace mobi
