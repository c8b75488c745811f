// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "core/blocking_queue.hpp"
#include "crew/forward_requests.hpp"
#include "crew/live_source.hpp"
#include "method/task_fleet.hpp"
#include "transport/channel.hpp"

namespace mobi {

/// Has the workers compute for tasks that are assigned during a run.
///
/// A task goes out when the learner has given its brief, which is when the steps of its version
/// have been computed; what is recalled before it went out costs nothing.  Tasks that were assigned
/// together, one after another and of one backbone, are computed together, up to
/// `forward.group_devices` of them: which these are depends on nothing else.  A content crosses MPI
/// once a rank, and is forgotten when no open task and not the last brief names it.
///
/// Only the calling thread uses the channel.
class TaskDesk final : public LiveSource, public TaskWatcher {
  public:
    /// \param plan, tokens  must outlive the desk.
    TaskDesk(Channel& channel,
             const FleetPlan& plan,
             const TokenTable& tokens,
             LiveSettings settings);

    /// Whose deliveries take() is asked for; must outlive the desk.
    void serve(const RunFleet& fleet) { fleet_ = &fleet; }

    // LiveSource
    Payload take(std::int64_t index) override;
    /// Null: programs evaluate nothing.
    std::shared_ptr<const EvaluationData> evaluation() override { return nullptr; }
    void set_briefs(AskBrief ask, std::function<void()> check) override {
        ask_ = std::move(ask);
        check_ = std::move(check);
    }
    void skip(std::int64_t index) override;
    void archive(Archive& archive) override;
    void go_on() override;
    std::map<int, WorkerReport> stop() override;
    const WorkerReplies& replies() const override { return replies_; }
    /// Not known: what is assigned depends on what comes back.
    std::int64_t samples_planned() const override { return 0; }

    // TaskWatcher
    void assigned(const DeviceTask& task) override;
    void ended_early(TaskId task, std::int32_t parts) override;
    void dispatched() override;

    /// Sends what may be sent and handles a message, or waits up to `patience` for one.
    void pump(WallClock::duration patience);

    /// When the result of a part came, if it is there; time_point::min() where nobody waits for
    /// one.
    std::optional<WallClock::time_point> received(TaskId task, std::int32_t part) const;

  private:
    using Key = std::pair<TaskId, std::int32_t>;  // part

    /// A task until its last result has been taken.
    struct Open {
        DeviceTask task;
        Brief brief;
        bool briefed = false;
        std::int32_t parts = 0;    // that will be asked for
        std::int32_t results = 0;  // of these, still to be taken
        std::set<std::int32_t> taken{};
    };
    struct Result {
        Bytes bytes;
        WallClock::time_point received;
    };
    /// A content that open tasks or the last brief name.
    struct Held {
        std::int64_t holders = 0;
        std::set<int> workers;  // that have it
    };
    /// Tasks that are computed together.
    struct Group {
        std::int32_t backbone = 0;
        std::vector<TaskId> tasks;
    };

    /// What a checkpoint has of a task that has not been taken.
    struct Pending {
        bool briefed = false;
        Brief brief;
        std::map<std::int32_t, Bytes> results;  // by part

        void archive(Archive& archive) { archive(briefed, brief, results); }
    };

    void receive(WallClock::duration patience);
    /// Results of a task that have come and were not taken.
    std::int32_t results_here(TaskId task) const;
    void taken(const Delivery& delivery);
    void ask(const Group& group);
    void take_briefs();
    void send_ready();
    bool is_ready(const Group& group) const;
    WorkRequest request_of(const Group& group);
    void send_contents(int worker, const WorkRequest& request);
    void hold(const Brief& brief);
    /// Workers forget what nobody holds any more.
    void release(const std::vector<Content>& shared);
    void close(std::map<TaskId, Open>::iterator task);
    void take_result(const Message& message);

    Channel& channel_;
    const FleetPlan& plan_;
    const TokenTable& tokens_;
    LiveSettings settings_;
    WorkerReplies replies_;
    const RunFleet* fleet_ = nullptr;
    AskBrief ask_;
    std::function<void()> check_;
    BlockingQueue<std::pair<TaskId, Brief>> briefs_;  // told by the learner's thread
    std::map<TaskId, Open> open_;
    std::vector<TaskId> asked_;  // assigned, and not of a group yet
    std::deque<Group> groups_;   // that have not been sent
    std::map<Key, Result> results_;
    std::map<std::int64_t, Held> contents_;  // by id
    std::vector<Content> latest_shared_;     // of the last brief: the next may share it
    std::int32_t requests_ = 0;
    bool stopped_ = false;
    bool catching_up_ = false;           // with a checkpoint
    std::map<TaskId, Pending> pending_;  // of it
};

}  // namespace mobi
