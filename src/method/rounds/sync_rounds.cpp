// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/sync_rounds.hpp"

#include <utility>

#include "core/check.hpp"
#include "core/virtual_time.hpp"

namespace mobi {

using Time = VirtualClock::time_point;

SyncRounds::SyncRounds(const SyncRoundSettings& settings,
                       RoundWork work,
                       std::unique_ptr<DeviceSelector> selector)
    : settings_(settings), work_(std::move(work)), selector_(std::move(selector)) {
    MOBI_CHECK(settings.wanted >= 1 && settings.selected >= settings.wanted,
               "rounds want {} of {} devices", settings.wanted, settings.selected);
}

std::optional<Step> SyncRounds::next(FleetClock& fleet) {
    if (round_ == settings_.rounds) return std::nullopt;
    const std::optional<Time> begin = fleet.next_presence(begin_);
    if (!begin) return std::nullopt;
    begin_ = *begin;
    dispatch(fleet);
    std::vector<EventId> inputs;
    const Time closed = collect(fleet, inputs);
    tasks_.recall_all(fleet, closed);
    Step step = work_.step(round_++, closed, std::move(inputs));
    step.model_steps = settings_.rounds;
    begin_ = step.end;
    return step;
}

void SyncRounds::dispatch(FleetClock& fleet) {
    const std::vector<DeviceId> on = fleet.present(begin_);
    for (const DeviceId device :
         selector_->select(round_, on, static_cast<std::size_t>(settings_.selected)))
        tasks_.assign(fleet, work_.task(device, begin_, round_));
}

/// \return  when the round closes.
Time SyncRounds::collect(FleetClock& fleet, std::vector<EventId>& arrivals) {
    const Time deadline = settings_.deadline
                              ? later(begin_, *settings_.deadline, {"the deadline of a round"})
                              : Time::max();
    Time last = begin_;
    while (!tasks_.empty()) {
        const FleetEvent* const event = fleet.next(deadline);
        if (event == nullptr) return deadline;
        const std::optional<TaskLedger::End> ended = tasks_.take(*event);
        if (!ended) continue;
        last = event->at;
        if (ended->returned) arrivals.push_back(event->id);
        if (arrivals.size() == static_cast<std::size_t>(settings_.wanted)) return last;
    }
    return settings_.deadline ? deadline : last;  // the server does not know that nobody is left
}

}  // namespace mobi
