// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/clock.hpp"
#include "method/fleet_plan.hpp"

namespace mobi {

/// What reaches the server, in order of arrival: known beforehand under the virtual clock, taken as
/// it comes under the wall clock (docs/design.md 4.3).
class Arrivals {
  public:
    virtual ~Arrivals() = default;

    /// Everything that is to come, as planned: what the length of training is a function of.
    virtual std::span<const Delivery> planned() const = 0;

    /// Delivery number `index`, from 0.  Waits for it; null: there are no more.  The reference
    /// stays valid.
    virtual const Delivery* get(std::int64_t index) = 0;

    /// How many have arrived by `time`, which is not in the future.
    virtual std::int64_t count_by(VirtualClock::time_point time) = 0;
};

/// Arrivals that are all known.
class PlannedArrivals final : public Arrivals {
  public:
    /// \param deliveries  in order of (arrival, device, packet); must outlive this.
    /// \throws Bug  when they are out of order.
    explicit PlannedArrivals(std::span<const Delivery> deliveries);

    std::span<const Delivery> planned() const override { return deliveries_; }
    const Delivery* get(std::int64_t index) override;
    std::int64_t count_by(VirtualClock::time_point time) override;

  private:
    std::span<const Delivery> deliveries_;
    std::int64_t hint_ = 0;  // times asked for hardly ever go back
};

/// When the server's work is really over.  The virtual clock needs none: work ends when the model
/// says so.
class ServerPace {
  public:
    virtual ~ServerPace() = default;

    /// Everything is ready: the time of the run begins.
    virtual void begin() = 0;

    /// The end of update number `update`, which is to end at `planned`: then, or later where the
    /// host was too slow.
    /// \param done  whether the update has really been computed; asked while waiting.
    virtual VirtualClock::time_point finish(std::int64_t update,
                                            VirtualClock::time_point planned,
                                            const std::function<bool()>& done) = 0;

    /// Waits until `time`, the end of the run.
    virtual void wait_until(VirtualClock::time_point time) = 0;
};

}  // namespace mobi
