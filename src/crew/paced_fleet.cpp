// SPDX-License-Identifier: Apache-2.0
#include "crew/paced_fleet.hpp"

#include <algorithm>
#include <utility>

namespace mobi {

using Time = VirtualClock::time_point;

PacedFleet::PacedFleet(FleetClock& times, WallPace& pace, Received received, Told past)
    : times_(times), pace_(pace), received_(std::move(received)), past_(std::move(past)) {}

void PacedFleet::assign(DeviceTask task) {
    open_[task.id].parts = task.parts.size();
    times_.assign(std::move(task));
}

void PacedFleet::recall(TaskId task, Time at) {
    last_ = std::max(last_, at);
    times_.recall(task, at);
    open_.erase(task);
}

std::optional<Time> PacedFleet::time_of_held(Time due, Time until) {
    const bool brings = held_->outcome == Outcome::Done;
    if (brings && past_)
        if (const std::optional<Time> told = past_(held_->task, held_->part)) return told;
    if (pace_.has_begun()) pace_.pass(std::min(due, until));
    if (due > until) return std::nullopt;
    if (!brings) return due;
    std::optional<WallClock::time_point> received;
    while (!(received = received_(held_->task, held_->part))) {
        // Of the past, and not told then: it was late.
        if (until != Time::max() && (!pace_.has_begun() || pace_.clock().now() > until))
            return std::nullopt;
        pace_.pump();
    }
    if (!pace_.has_begun()) return due;
    const PacedClock& clock = pace_.clock();
    const WallClock::duration late = *received - clock.wall_at(due);
    if (late <= PacedClock::kTolerance) return due;
    const Time at = clock.virtual_at(*received);
    if (at <= until) overruns_.note(late);
    return at;
}

bool PacedFleet::wait_for_held(Time until) {
    if (held_->outcome == Outcome::Recalled) return true;  // as the server knows
    const auto open = open_.find(held_->task);
    const VirtualClock::duration slip =
        open == open_.end() ? VirtualClock::duration::zero() : open->second.slip;
    const Time due = std::max(held_->at + slip, last_);
    const std::optional<Time> at = time_of_held(due, until);
    if (!at || *at > until) return false;
    if (open != open_.end()) {
        open->second.slip = std::max(slip, *at - held_->at);
        const bool ends = held_->outcome != Outcome::CutOff;
        if (ends && --open->second.parts == 0) open_.erase(open);
    }
    held_->at = last_ = *at;
    return true;
}

const FleetEvent* PacedFleet::next(Time until) {
    if (!held_)
        if (const FleetEvent* const event = times_.next(until)) held_ = *event;
    if (!held_) {
        if (until != Time::max() && pace_.has_begun()) pace_.pass(until);
        return nullptr;
    }
    if (!wait_for_held(until)) return nullptr;
    told_ = *std::exchange(held_, std::nullopt);
    return &told_;
}

}  // namespace mobi
