// SPDX-License-Identifier: Apache-2.0
#include "server/paced_fleet.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace mobi {

using Time = VirtualClock::time_point;

namespace {

constexpr WallClock::duration kLook(0.001);     // for what should have been there
constexpr WallClock::duration kPatience(0.02);  // between looks for a signal

}  // namespace

PacedFleet::PacedFleet(FleetClock& times,
                       double time_scale,
                       Received received,
                       std::function<void(WallClock::duration)> pump)
    : times_(times),
      time_scale_(time_scale),
      received_(std::move(received)),
      pump_(std::move(pump)) {}

void PacedFleet::begin() {
    clock_.emplace(WallClock::now(), time_scale_);
}

void PacedFleet::assign(DeviceTask task) {
    times_.assign(std::move(task));
}

void PacedFleet::recall(TaskId task, Time at) {
    last_ = std::max(last_, at);
    times_.recall(task, at);
}

void PacedFleet::pass(Time time) {
    const WallClock::time_point wall = clock_->wall_at(time);
    do {
        pump_(std::clamp(wall - WallClock::now(), WallClock::duration::zero(), kPatience));
    } while (WallClock::now() < wall);
}

void PacedFleet::note(Overruns& overruns, WallClock::duration late) {
    ++overruns.count;
    overruns.worst = std::max(overruns.worst, late);
}

bool PacedFleet::wait_for_held(Time until) {
    if (held_->outcome == Outcome::Recalled) return true;  // as the server knows
    const Time due = std::max(held_->at + slip_[held_->task], last_);
    pass(std::min(due, until));
    if (due > until) return false;
    Time at = due;
    if (held_->outcome == Outcome::Done) {
        std::optional<WallClock::time_point> received;
        while (!(received = received_(held_->task, held_->part))) {
            if (until != Time::max() && clock_->now() > until) return false;
            pump_(kLook);
        }
        const WallClock::duration late = *received - clock_->wall_at(due);
        if (late > PacedClock::kTolerance) {
            at = clock_->virtual_at(*received);
            if (at > until) return false;
            note(device_overruns_, late);
        }
    }
    slip_[held_->task] = std::max(slip_[held_->task], at - held_->at);
    held_->at = last_ = at;
    return true;
}

const FleetEvent* PacedFleet::next(Time until) {
    MOBI_CHECK(clock_.has_value(), "the pace has not begun");
    if (!held_)
        if (const FleetEvent* const event = times_.next(until)) held_ = *event;
    if (!held_) {
        if (until != Time::max()) pass(until);
        return nullptr;
    }
    if (!wait_for_held(until)) return nullptr;
    told_ = *std::exchange(held_, std::nullopt);
    return &told_;
}

Time PacedFleet::finish(std::int64_t, Time planned, const std::function<bool()>& done) {
    wait_until(planned);
    while (!done()) pump_(kLook);
    const WallClock::duration late = WallClock::now() - clock_->wall_at(planned);
    if (late <= PacedClock::kTolerance) return planned;
    note(server_overruns_, late);
    return clock_->now();
}

void PacedFleet::wait_until(Time time) {
    pass(time);
    paced_s_ = (WallClock::now() - clock_->wall_at(Time())).count();
}

}  // namespace mobi
