// SPDX-License-Identifier: Apache-2.0
#include "server/task_desk.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "messages/tags.hpp"

namespace mobi {
namespace {

constexpr WallClock::duration kPatience(0.02);

std::int32_t results_of(const DeviceTask& task) {
    return static_cast<std::int32_t>(std::count_if(
        task.parts.begin(), task.parts.end(), [](const Part& part) { return part.up_bytes > 0; }));
}

}  // namespace

TaskDesk::TaskDesk(Channel& channel,
                   const FleetPlan& plan,
                   const TokenTable& tokens,
                   LiveSettings settings)
    : channel_(channel),
      plan_(plan),
      tokens_(tokens),
      settings_(std::move(settings)),
      replies_(plan, tokens, TestTruth{}) {
    MOBI_CHECK(channel.size() > 1, "no worker to compute for the fleet");
}

void TaskDesk::assigned(const DeviceTask& task) {
    const std::int32_t results = results_of(task);
    if (results == 0) return;  // it brings nothing
    open_[task.id] = {task, {}, !ask_, results};
    asked_.push_back(task.id);
}

void TaskDesk::recalled(TaskId task) {
    open_.erase(task);
    std::erase(asked_, task);
    results_.erase(results_.lower_bound({task, 0}), results_.upper_bound({task, INT32_MAX}));
}

void TaskDesk::dispatched() {
    Group group;
    const auto close = [&] {
        if (!group.tasks.empty()) groups_.push_back(std::move(group));
        group = Group();
    };
    for (const TaskId id : asked_) {
        const Open& open = open_.at(id);
        const std::int32_t backbone = plan_.devices[open.task.device.index()].backbone;
        if (group.tasks.empty() || backbone != group.backbone) close();
        group.backbone = backbone;
        group.tasks.push_back(id);
        samples_planned_ += static_cast<std::int64_t>(open.task.samples.size());
        if (static_cast<std::int32_t>(group.tasks.size()) == settings_.forward.group_devices)
            close();
        if (ask_)
            ask_(open.task, [this, id](Brief brief) { briefs_.push({id, std::move(brief)}); });
    }
    close();
    asked_.clear();
}

void TaskDesk::take_briefs() {
    while (std::optional<std::pair<TaskId, Brief>> told = briefs_.try_pop()) {
        latest_contents_.clear();
        for (const Content& content : told->second.shared) latest_contents_.push_back(content.id);
        const auto found = open_.find(told->first);
        if (found == open_.end()) continue;  // recalled
        found->second.brief = std::move(told->second);
        found->second.briefed = true;
    }
}

bool TaskDesk::is_ready(const Group& group) const {
    return std::all_of(group.tasks.begin(), group.tasks.end(), [&](TaskId id) {
        const auto found = open_.find(id);
        return found == open_.end() || found->second.briefed;
    });
}

void TaskDesk::send_ready() {
    for (auto group = groups_.begin(); group != groups_.end();) {
        if (!is_ready(*group)) {
            ++group;
            continue;
        }
        const int worker = replies_.idlest_worker(channel_.size());
        if (replies_.open_requests(worker) >= settings_.most_open_requests()) return;
        const WorkRequest request = request_of(*group);
        group = groups_.erase(group);
        if (request.work.items.empty()) continue;  // all were recalled
        send_contents(worker, request);
        replies_.expect(worker);
        channel_.send(worker, kTagRequest, encode_request(request));
    }
    forget_contents();
}

WorkRequest TaskDesk::request_of(const Group& group) {
    WorkRequest request;
    request.request = requests_++;
    request.work.backbone = group.backbone;
    for (const TaskId id : group.tasks) {
        const auto found = open_.find(id);
        if (found == open_.end()) continue;
        const DeviceTask& task = found->second.task;
        for (std::size_t part = 0; part < task.parts.size(); ++part) {
            if (task.parts[part].up_bytes == 0) continue;
            WorkItem item;
            item.task = id;
            item.device = task.device.value();
            item.part = static_cast<std::int32_t>(part);
            item.up_bytes = task.parts[part].up_bytes;
            for (const SampleId sample : task.samples)
                item.samples.push_back(tokens_.train[sample.index()]);
            item.brief = found->second.brief;
            request.work.items.push_back(std::move(item));
        }
    }
    return request;
}

void TaskDesk::send_contents(int worker, const WorkRequest& request) {
    for (const WorkItem& item : request.work.items)
        for (const Content& content : item.brief.shared)
            if (workers_with_[content.id].insert(worker).second)
                channel_.send(worker, kTagContent, encode_content(content));
}

void TaskDesk::forget_contents() {
    std::set<std::int64_t> named(latest_contents_.begin(), latest_contents_.end());
    for (const auto& [id, open] : open_)
        for (const Content& content : open.brief.shared) named.insert(content.id);
    std::erase_if(workers_with_, [&](const auto& one) {
        const auto& [id, workers] = one;
        if (named.contains(id)) return false;
        ByteWriter writer;
        writer.put(id);
        const Bytes bytes = writer.take();
        for (const int worker : workers) channel_.send(worker, kTagForget, bytes);
        return true;
    });
}

void TaskDesk::take_result(const Message& message) {
    ItemResult result = decode_result(message.bytes);
    const auto found = open_.find(result.task);
    if (found == open_.end()) return;  // recalled meanwhile
    const auto part = static_cast<std::size_t>(result.part);
    if (result.part < 0 || part >= found->second.task.parts.size())
        throw ProtocolError(message.source, message.tag, "a part of the task",
                            fmt::format("part {} of task {}", result.part, result.task.value()));
    results_[{result.task, result.part}] = {std::move(result.bytes), WallClock::now()};
}

void TaskDesk::pump(WallClock::duration patience) {
    take_briefs();
    send_ready();
    if (check_) check_();
    if (settings_.on_wait) settings_.on_wait();
    const std::optional<Message> message = channel_.receive(patience);
    if (!message) return;
    if (message->tag == kTagResult) return take_result(*message);
    replies_.handle(*message, [&](const Packet&) {
        throw ProtocolError(message->source, message->tag, "a task's result", "a packet");
    });
}

std::optional<WallClock::time_point> TaskDesk::received(TaskId task, std::int32_t part) const {
    const auto open = open_.find(task);
    if (open == open_.end() ||
        open->second.task.parts[static_cast<std::size_t>(part)].up_bytes == 0)
        return WallClock::time_point::min();
    const auto found = results_.find({task, part});
    if (found == results_.end()) return std::nullopt;
    return found->second.received;
}

Payload TaskDesk::take(std::int64_t index) {
    const Delivery& delivery = fleet_->delivery(index);
    const Key key{delivery.task, delivery.packet};
    auto found = results_.find(key);
    while (found == results_.end()) {
        pump(kPatience);
        found = results_.find(key);
    }
    Payload payload = std::move(found->second.bytes);
    results_.erase(found);
    const auto open = open_.find(delivery.task);
    if (open != open_.end() && --open->second.results == 0) open_.erase(open);
    return payload;
}

std::map<int, WorkerReport> TaskDesk::stop() {
    for (int worker = 1; worker < channel_.size(); ++worker) channel_.send(worker, kTagStop, {});
    while (static_cast<int>(replies_.reports().size()) < channel_.size() - 1) pump(kPatience);
    channel_.flush();
    return replies_.reports();
}

}  // namespace mobi
