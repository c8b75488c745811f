// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/buffered_rounds.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/check.hpp"
#include "core/virtual_time.hpp"

namespace mobi {

using Time = VirtualClock::time_point;

BufferedRounds::BufferedRounds(const BufferedRoundSettings& settings,
                               RoundWork work,
                               std::unique_ptr<DeviceSelector> selector)
    : settings_(settings),
      work_(std::move(work)),
      selector_(std::move(selector)),
      owed_(settings.concurrency) {
    MOBI_CHECK(settings.concurrency >= 1 && settings.buffer >= 1, "{} devices, a buffer of {}",
               settings.concurrency, settings.buffer);
}

std::optional<Step> BufferedRounds::next(FleetClock& fleet) {
    std::optional<Step> step;
    if (steps_ == settings_.steps) {
        while (const FleetEvent* const event = fleet.next(free_ - VirtualClock::duration(1)))
            take(fleet, *event, step);
        tasks_.recall_all(fleet, free_);
        return std::nullopt;
    }
    dispatch_owed(fleet, now_);
    while (!step)
        if (!wait(fleet, step)) return std::nullopt;
    return step;
}

/// What happens next: the end of a step that a device waits for, or an event of the fleet.
/// \return  false: nothing ever will.
bool BufferedRounds::wait(FleetClock& fleet, std::optional<Step>& step) {
    if (tasks_.empty() && waiting_.empty()) {  // nobody is on
        const std::optional<Time> on = fleet.next_presence(now_);
        if (!on || owed_ == 0) return false;
        dispatch_owed(fleet, *on);
        return !tasks_.empty();
    }
    const Time step_end = waiting_.empty() ? Time::max() : waiting_.front();
    const FleetEvent* const event =
        fleet.next(step_end == Time::max() ? step_end : step_end - VirtualClock::duration(1));
    if (event != nullptr) {
        take(fleet, *event, step);
        return true;
    }
    if (waiting_.empty()) return false;
    waiting_.pop_front();
    ++owed_;
    dispatch_owed(fleet, step_end);
    return true;
}

void BufferedRounds::take(FleetClock& fleet, const FleetEvent& event, std::optional<Step>& step) {
    const std::optional<TaskLedger::End> ended = tasks_.take(event);
    if (!ended) return;
    const Time at = event.at;
    busy_.erase(event.device);
    if (ended->returned) buffer_.push_back(event.id);
    const bool full =
        steps_ < settings_.steps && buffer_.size() == static_cast<std::size_t>(settings_.buffer);
    if (full) step = aggregate(at);
    if (full && settings_.dispatch == Dispatch::AfterStep)
        waiting_.push_back(free_);
    else
        ++owed_;
    now_ = at;
    if (!full || settings_.dispatch == Dispatch::AtOnce) dispatch_owed(fleet, at);
}

void BufferedRounds::dispatch_owed(FleetClock& fleet, Time now) {
    now_ = now;
    if (owed_ == 0) return;
    const std::vector<DeviceId> present = fleet.present(now);
    std::vector<DeviceId> idle;
    idle.reserve(present.size());
    std::set_difference(present.begin(), present.end(), busy_.begin(), busy_.end(),
                        std::back_inserter(idle));
    for (const DeviceId device :
         selector_->select(dispatched_, idle, static_cast<std::size_t>(owed_)))
        dispatch(fleet, device, now);
}

void BufferedRounds::dispatch(FleetClock& fleet, DeviceId device, Time now) {
    for (; !ends_.empty() && ends_.front() <= now; ends_.pop_front()) ++version_;
    tasks_.assign(fleet, work_.task(device, now, version_));
    busy_.insert(device);
    --owed_;
    ++dispatched_;
}

Step BufferedRounds::aggregate(Time now) {
    Step step = work_.step(steps_++, std::max(now, free_), std::exchange(buffer_, {}));
    step.model_steps = settings_.steps;
    free_ = step.end;
    ends_.push_back(step.end);
    return step;
}

void BufferedRounds::delay_to(VirtualClock::time_point end) {
    if (end <= free_) return;
    std::replace(ends_.begin(), ends_.end(), free_, end);
    std::replace(waiting_.begin(), waiting_.end(), free_, end);
    free_ = end;
}

}  // namespace mobi
