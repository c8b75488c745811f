// SPDX-License-Identifier: Apache-2.0
#include "method/split/exchanges.hpp"

#include <algorithm>
#include <utility>

#include "core/virtual_time.hpp"

namespace mobi {

using Time = VirtualClock::time_point;

Exchanges::Exchanges(const ExchangeSettings& settings,
                     ExchangeWork work,
                     std::unique_ptr<DeviceSelector> selector)
    : settings_(settings), work_(std::move(work)), selector_(std::move(selector)) {}

std::optional<Step> Exchanges::next(FleetClock& fleet) {
    while (true) {
        if (tasks_.empty() && !begin_round(fleet)) return std::nullopt;
        const FleetEvent* const event = fleet.next(Time::max());
        if (event == nullptr) return std::nullopt;
        const std::optional<TaskLedger::End> ended = tasks_.take(*event);
        if (!ended) continue;
        const auto batch = static_cast<std::int32_t>(ended->version);
        now_ = std::max(now_, event->at);
        if (!ended->returned || batch == settings_.batches) continue;
        Step step;
        step.number = steps_++;
        step.kind = StepKind::Exchange;
        step.round = round_ - 1;
        step.inputs.push_back(event->id);
        step.start = std::max(event->at, free_);
        step.end = free_ =
            later(step.start, work_.step_time, {"the server's half", "", "server.rate"});
        assign(fleet, event->device, batch + 1, step.end);
        return step;
    }
}

bool Exchanges::begin_round(FleetClock& fleet) {
    if (round_ == settings_.rounds) return false;
    const std::optional<Time> begin = fleet.next_presence(std::max(now_, free_));
    if (!begin) return false;
    const std::vector<DeviceId> on = fleet.present(*begin);
    ++round_;
    for (const DeviceId device :
         selector_->select(round_ - 1, on, static_cast<std::size_t>(settings_.selected)))
        assign(fleet, device, 0, *begin);
    return true;
}

void Exchanges::assign(FleetClock& fleet, DeviceId device, std::int32_t batch, Time ready) {
    DeviceTask task;
    task.device = device;
    task.ready = ready;
    task.round = round_ - 1;
    task.version = batch;
    task.parts.push_back(work_.part(device, batch));
    tasks_.assign(fleet, std::move(task));
}

}  // namespace mobi
