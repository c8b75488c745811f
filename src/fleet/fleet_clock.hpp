// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "fleet/device_task.hpp"
#include "fleet/fleet_event.hpp"

namespace mobi {

/// The devices of a fleet and what they do, in virtual time.
///
/// A device is three first-in-first-out resources (downlink, processor, uplink) that keep heat,
/// battery, presence and the counters of their draws for the whole run: what it does in its second
/// task depends on the first.
class FleetClock {
  public:
    virtual ~FleetClock() = default;

    /// Gives a device something to do, after all that it was given before.
    /// \pre  `task.ready` is not before the last event that next() returned; ids increase.
    virtual void assign(DeviceTask task) = 0;

    /// The task is no longer waited for: its device stops at `at` and is free.  What it was in the
    /// middle of is an event (Outcome::Recalled).  No effect on a task that has ended.
    /// \pre  `at` is not before the last event.
    virtual void recall(TaskId task, VirtualClock::time_point at) = 0;

    /// A promise: nothing will be assigned or recalled before `until`.  No event depends on it; a
    /// clock that computes times may then go through the devices one after another, which is
    /// faster by far.
    virtual void promise_quiet(VirtualClock::time_point until) = 0;

    /// Looks at the events that are still to come, in order, as far as they are known now (under
    /// the wall clock as they are planned), until `look` returns false.
    /// \pre   promise_quiet() for ever.
    /// \post  Nobody asks any more who is on: for that it is too late.
    virtual void forecast(const std::function<bool(const FleetEvent&)>& look) = 0;

    /// Whether all is decided: what the devices do, and what of it is waited for.  Nothing needs to
    /// be assigned then, and every event is an arrival that counts.
    virtual bool settled() const { return false; }

    /// The next event up to and including `until`, in the order of (at, device, task, part).
    /// \return  null: nothing happens until then.  Valid until the next call of any member.
    virtual const FleetEvent* next(VirtualClock::time_point until) = 0;

    /// The first time from `time` on at which a device is on; nothing when none ever is again.
    /// \pre  As for present().
    virtual std::optional<VirtualClock::time_point> next_presence(
        VirtualClock::time_point time) = 0;

    /// The devices that are on at `time`, in order.  \pre  Asked with times that never decrease.
    virtual std::vector<DeviceId> present(VirtualClock::time_point time) = 0;
};

}  // namespace mobi
