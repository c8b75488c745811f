// SPDX-License-Identifier: Apache-2.0
#include "method/task_fleet.hpp"

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "device/energy_model.hpp"
#include "method/event_record.hpp"

namespace mobi {
namespace {

/// \param charged_bytes  of the part's download.
Download download_of(const FleetEvent& event,
                     std::int64_t charged_bytes,
                     const DeviceTask& task,
                     ContentKind content,
                     const DevicePlan& device) {
    const PartTimes& times = event.times;
    Download download;
    download.task = task.id;
    download.round = task.round;
    download.content = content;
    download.device = device.id;
    download.start = times.receive_start;
    download.receive_end = times.receive_end;
    download.arrival = times.received;
    download.charged_bytes = charged_bytes;
    download.repeated_bytes =
        charged_bytes - task.parts[static_cast<std::size_t>(event.part)].down_bytes;
    download.energy_j = receive_energy_j(device.link, static_cast<double>(charged_bytes),
                                         times.receive_end - times.receive_start);
    return download;
}

Delivery delivery_of(const FleetEvent& event,
                     const DeviceTask& task,
                     ContentKind content,
                     const FleetPlan& plan) {
    const DevicePlan& device = plan.devices[event.device.index()];
    const Part& part = task.parts[static_cast<std::size_t>(event.part)];
    Delivery delivery;
    delivery.task = task.id;
    delivery.round = task.round;
    delivery.content = content;
    delivery.device = device.id;
    delivery.backbone = device.backbone;
    delivery.packet = event.part;
    for (const SampleId sample : task.samples) {
        delivery.samples.push_back(sample.value());
        delivery.tokens += plan.samples[sample.index()].tokens;
    }
    delivery.charged_flop = part.compute.flop;
    set_arrival(device, event, part.up_bytes, delivery);
    delivery.overrun = event.at - event.times.arrival;
    return delivery;
}

}  // namespace

TaskFleet::TaskFleet(FleetClock& clock,
                     const FleetPlan& plan,
                     Contents contents,
                     TaskWatcher* watcher)
    : clock_(clock), plan_(plan), contents_(contents), watcher_(watcher) {}

void TaskFleet::assign(DeviceTask task) {
    if (watcher_ != nullptr) watcher_->assigned(task);
    ++assigned_;
    TaskRecord record;
    record.task = task.id;
    record.device = task.device;
    record.round = task.round;
    record.version = task.version;
    record.samples = static_cast<std::int32_t>(task.samples.size());
    record.ready = task.ready;
    open_[task.id] = {task, record};
    clock_.assign(std::move(task));
}

void TaskFleet::recall(TaskId task, VirtualClock::time_point at) {
    const auto found = open_.find(task);
    if (found == open_.end()) return;  // it has ended
    if (watcher_ != nullptr) watcher_->ended_early(task, found->second.record.parts_done);
    clock_.recall(task, at);
    Open& open = recalled_[task] = std::move(found->second);
    open.record.end = at;
    open.record.outcome = Outcome::Recalled;
    recalls_.emplace_back(at, task);
    open_.erase(found);
}

const FleetEvent* TaskFleet::next(VirtualClock::time_point until) {
    if (watcher_ != nullptr) watcher_->dispatched();
    const FleetEvent* const event = clock_.next(until);
    end_recalled(event != nullptr ? event->at : until);
    if (event != nullptr) take(*event);
    return event;
}

void TaskFleet::end_recalled(VirtualClock::time_point before) {
    for (; !recalls_.empty() && recalls_.front().first < before; recalls_.pop_front()) {
        const auto found = recalled_.find(recalls_.front().second);
        ended_.push_back(found->second.record);
        recalled_.erase(found);
    }
}

void TaskFleet::take(const FleetEvent& event) {
    if (const auto late = recalled_.find(event.task); late != recalled_.end())
        return take_late(event, late->second);
    const auto found = open_.find(event.task);
    if (found == open_.end()) {  // another part of a task whose device has left
        if (event.outcome != Outcome::Gone && event.outcome != Outcome::Done)
            lost_.push_back(lost_by(event));
        return;
    }
    Open& open = found->second;
    open.record.down_bytes += event.charges.down_bytes;
    open.record.up_bytes += event.charges.up_bytes;
    switch (event.outcome) {
        case Outcome::Done:
            take_part(event, open);
            // one that sends nothing may be done before the upload of an earlier one has arrived
            if (open.record.parts_done == static_cast<std::int32_t>(open.task.parts.size()))
                end(found, event.at, Outcome::Done);
            return;
        case Outcome::CutOff:
            return lost_.push_back(lost_by(event));
        case Outcome::Gone:
            take_ended_legs(event, open.task, event.charges, false);
            if (watcher_ != nullptr) watcher_->ended_early(event.task, open.record.parts_done);
            return end(found, event.at, Outcome::Gone);
        case Outcome::Recalled:
            throw Bug("a task that was not recalled ends as one");
    }
}

void TaskFleet::take_part(const FleetEvent& event, Open& open) {
    ++open.record.parts_done;
    const Part& part = open.task.parts[static_cast<std::size_t>(event.part)];
    if (part.down_bytes > 0)
        downloads_.push_back(download_of(event, event.charges.down_bytes, open.task, contents_.down,
                                         plan_.devices[event.device.index()]));
    if (part.up_bytes == 0) return;
    deliveries_.push_back(delivery_of(event, open.task, contents_.up, plan_));
    delivery_events_.push_back(event.id);
}

void TaskFleet::take_late(const FleetEvent& event, Open& open) {
    open.record.down_bytes += event.charges.down_bytes + event.before.down_bytes;
    open.record.up_bytes += event.charges.up_bytes;
    if (event.outcome == Outcome::Done) {  // under the wall clock: it was on its way
        take_ended_legs(event, open.task, event.charges, true);
        lost_.push_back({event.device.value(), event.part, LostStage::Late, event.times.send_start,
                         event.times.send_end, event.charges.up_bytes, true});
        return;
    }
    if (event.outcome == Outcome::Gone) return;
    if (event.start < event.at || event.charges.up_bytes + event.charges.down_bytes > 0)
        lost_.push_back(lost_by(event));
    if (event.outcome == Outcome::Recalled) take_ended_legs(event, open.task, event.before, true);
}

void TaskFleet::take_ended_legs(const FleetEvent& event,
                                const DeviceTask& task,
                                Charges charges,
                                bool recalled) {
    const bool computed = event.outcome == Outcome::Done ||
                          (event.outcome == Outcome::Recalled && event.leg == Leg::Upload);
    if (charges.down_bytes > 0)
        downloads_.push_back(download_of(event, charges.down_bytes, task, contents_.down,
                                         plan_.devices[event.device.index()]));
    if (computed && event.times.compute_end > event.times.compute_start)
        lost_.push_back({event.device.value(), event.part, LostStage::Compute,
                         event.times.compute_start, event.times.compute_end, 0, recalled});
}

void TaskFleet::end(std::map<TaskId, Open>::iterator open,
                    VirtualClock::time_point at,
                    Outcome outcome) {
    TaskRecord& record = open->second.record;
    record.end = at;
    record.outcome = outcome;
    ended_.push_back(record);
    open_.erase(open);
}

std::int64_t TaskFleet::delivered_by(EventId event) const {
    return std::upper_bound(delivery_events_.begin(), delivery_events_.end(), event) -
           delivery_events_.begin();
}

}  // namespace mobi
