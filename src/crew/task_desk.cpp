// SPDX-License-Identifier: Apache-2.0
#include "crew/task_desk.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/error.hpp"
#include "messages/tags.hpp"
#include "transport/silent_rank.hpp"

namespace mobi {
namespace {

constexpr WallClock::duration kPatience(0.02);

/// How many of the first parts bring something.
std::int32_t results_of(const DeviceTask& task, std::int32_t parts) {
    return static_cast<std::int32_t>(
        std::count_if(task.parts.begin(), task.parts.begin() + parts,
                      [](const Part& part) { return part.up_bytes > 0; }));
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
      replies_(plan, tokens, Truth{}),
      catching_up_(settings_.resumes) {
    MOBI_CHECK(channel.size() > 1, "no worker to compute for the fleet");
}

void TaskDesk::assigned(const DeviceTask& task) {
    const auto parts = static_cast<std::int32_t>(task.parts.size());
    const std::int32_t results = results_of(task, parts);
    if (results == 0) return;  // it brings nothing
    open_[task.id] = {task, {}, !ask_, parts, results};
    asked_.push_back(task.id);
}

void TaskDesk::ended_early(TaskId task, std::int32_t parts) {
    const auto found = open_.find(task);
    if (found == open_.end()) return;
    Open& open = found->second;
    open.results -= results_of(open.task, open.parts) - results_of(open.task, parts);
    open.parts = parts;
    results_.erase(results_.lower_bound({task, parts}), results_.upper_bound({task, INT32_MAX}));
    if (open.results > 0) return;
    if (!asked_.empty()) std::erase(asked_, task);
    close(found);
}

void TaskDesk::dispatched() {
    Group group;
    const auto close = [&] {
        if (group.tasks.empty()) return;
        if (!catching_up_) ask(group);
        groups_.push_back(std::exchange(group, {}));
    };
    for (const TaskId id : asked_) {
        const Open& open = open_.at(id);
        const std::int32_t backbone = plan_.devices[open.task.device.index()].backbone;
        if (group.tasks.empty() || backbone != group.backbone) close();
        group.backbone = backbone;
        group.tasks.push_back(id);
        if (static_cast<std::int32_t>(group.tasks.size()) == settings_.forward.group_devices)
            close();
    }
    close();
    asked_.clear();
}

void TaskDesk::ask(const Group& group) {
    if (!ask_) return;
    for (const TaskId id : group.tasks)
        ask_(open_.at(id).task, [this, id](Brief brief) { briefs_.push({id, std::move(brief)}); });
}

void TaskDesk::take_briefs() {
    while (std::optional<std::pair<TaskId, Brief>> told = briefs_.try_pop()) {
        auto& [task, brief] = *told;
        hold(brief);
        release(std::exchange(latest_shared_, brief.shared));
        const auto found = open_.find(task);
        if (found == open_.end()) continue;  // recalled
        hold(brief);
        found->second.brief = std::move(brief);
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
        if (replies_.open_requests(worker) >= settings_.most_open_requests()) break;
        const WorkRequest request = request_of(*group);
        group = groups_.erase(group);
        if (request.work.items.empty()) continue;  // all were recalled
        send_contents(worker, request);
        replies_.expect(worker);
        channel_.send(worker, kTagRequest, encode_request(request));
    }
}

WorkRequest TaskDesk::request_of(const Group& group) {
    WorkRequest request;
    request.request = requests_++;
    request.work.backbone = group.backbone;
    for (const TaskId id : group.tasks) {
        const auto found = open_.find(id);
        if (found == open_.end()) continue;
        const DeviceTask& task = found->second.task;
        for (std::int32_t part = 0; part < found->second.parts; ++part) {
            const std::int64_t up_bytes = task.parts[static_cast<std::size_t>(part)].up_bytes;
            if (up_bytes == 0) continue;
            WorkItem item;
            item.task = id;
            item.device = task.device.value();
            item.part = part;
            item.up_bytes = up_bytes;
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
            if (contents_.at(content.id).workers.insert(worker).second)
                channel_.send(worker, kTagContent, encode_content(content));
}

void TaskDesk::hold(const Brief& brief) {
    for (const Content& content : brief.shared) ++contents_[content.id].holders;
}

void TaskDesk::release(const std::vector<Content>& shared) {
    for (const Content& content : shared) {
        const auto found = contents_.find(content.id);
        if (--found->second.holders > 0) continue;
        ByteWriter writer;
        writer.put(content.id);
        const Bytes bytes = writer.take();
        for (const int worker : found->second.workers) channel_.send(worker, kTagForget, bytes);
        contents_.erase(found);
    }
}

void TaskDesk::close(std::map<TaskId, Open>::iterator task) {
    release(task->second.brief.shared);
    open_.erase(task);
}

void TaskDesk::take_result(const Message& message) {
    ItemResult result = decode_result(message.bytes);
    const auto found = open_.find(result.task);
    if (found == open_.end()) return;  // recalled meanwhile
    if (result.part < 0 || static_cast<std::size_t>(result.part) >= found->second.task.parts.size())
        throw ProtocolError(message.source, message.tag, "a part of the task",
                            fmt::format("part {} of task {}", result.part, result.task.value()));
    const Open& open = found->second;
    if (result.part >= open.parts || open.taken.contains(result.part)) return;
    results_[{result.task, result.part}] = {std::move(result.bytes), WallClock::now()};
}

void TaskDesk::pump(WallClock::duration patience) {
    if (!stopped_) {
        take_briefs();
        send_ready();
    }
    if (check_) check_();
    if (settings_.on_wait) settings_.on_wait();
    receive(patience);
}

/// Handles a message, or waits for one.
void TaskDesk::receive(WallClock::duration patience) {
    const std::optional<Message> message = channel_.receive(patience);
    if (!message) return;
    if (message->tag == kTagResult) return take_result(*message);
    replies_.handle(*message, [&](const Packet&) {
        throw ProtocolError(message->source, message->tag, "a task's result", "a packet");
    });
}

std::optional<WallClock::time_point> TaskDesk::received(TaskId task, std::int32_t part) const {
    const auto open = open_.find(task);
    if (open == open_.end() || part >= open->second.parts ||
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
    taken(delivery);
    return payload;
}

void TaskDesk::taken(const Delivery& delivery) {
    const auto open = open_.find(delivery.task);
    if (open == open_.end()) return;
    open->second.taken.insert(delivery.packet);
    if (--open->second.results == 0) close(open);
}

void TaskDesk::skip(std::int64_t index) {
    taken(fleet_->delivery(index));
}

void TaskDesk::archive(Archive& archive) {
    if (!archive.reads()) {
        take_briefs();
        // What workers are at is kept, not computed again.  Nobody may give up now.
        bool all_answer = !settings_.paced;
        try {
            while (all_answer && replies_.open_requests() > 0) receive(kPatience);
        } catch (const SilentRank&) {
            all_answer = false;
        }
        pending_.clear();
        for (const auto& [id, open] : open_) {
            Pending& one = pending_[id];
            one.briefed = open.briefed;
            one.brief = open.brief;
            // Of a rank that does not answer any more: the whole task is computed again.
            if (!all_answer && results_here(id) < open.results) continue;
            for (auto result = results_.lower_bound({id, 0});
                 result != results_.end() && result->first.first == id; ++result)
                one.results[result->first.second] = result->second.bytes;
        }
    }
    archive(pending_);
    if (!archive.reads()) pending_.clear();
}

std::int32_t TaskDesk::results_here(TaskId task) const {
    return static_cast<std::int32_t>(
        std::distance(results_.lower_bound({task, 0}), results_.upper_bound({task, INT32_MAX})));
}

void TaskDesk::go_on() {
    catching_up_ = false;
    std::map<std::int64_t, std::shared_ptr<const Bytes>> contents;  // tasks share them
    for (auto& [id, one] : pending_) {
        const auto found = open_.find(id);
        MOBI_CHECK(found != open_.end(), "a checkpoint with task {}, which has ended", id.value());
        for (Content& content : one.brief.shared)
            content.bytes = contents.try_emplace(content.id, content.bytes).first->second;
        hold(one.brief);
        found->second.briefed = one.briefed;
        found->second.brief = std::move(one.brief);
        for (auto& [part, bytes] : one.results)
            results_[{id, part}] = {std::move(bytes), WallClock::now()};
    }
    for (auto group = groups_.begin(); group != groups_.end();) {
        std::erase_if(group->tasks, [&](TaskId id) {
            return !open_.contains(id) || (pending_.contains(id) && !pending_[id].results.empty());
        });
        Group unasked;
        for (const TaskId id : group->tasks)
            if (!open_.at(id).briefed) unasked.tasks.push_back(id);
        ask(unasked);
        group = group->tasks.empty() ? groups_.erase(group) : std::next(group);
    }
    pending_.clear();
}

std::map<int, WorkerReport> TaskDesk::stop() {
    stopped_ = true;  // workers take nothing after this
    return stop_workers(channel_, replies_, [this] { pump(kPatience); });
}

}  // namespace mobi
