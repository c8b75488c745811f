// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "fleet/fleet_clock.hpp"

namespace mobi {

/// The tasks that a protocol waits for, by number; numbers count up over the run.
class TaskLedger {
  public:
    struct Entry {
        DeviceId device;
        std::int32_t parts = 0;
        std::int64_t version = 0;
    };

    /// Gives the task the next number and assigns it.
    TaskId assign(FleetClock& fleet, DeviceTask task) {
        task.id = TaskId(next_++);
        open_[task.id] = {task.device, static_cast<std::int32_t>(task.parts.size()), task.version};
        const TaskId id = task.id;
        fleet.assign(std::move(task));
        return id;
    }

    /// What an event means for a task that is waited for.
    enum class News {
        None,      ///< not waited for, or not over
        Part,      ///< a part is done; others follow
        Returned,  ///< its last part is done
        Lost,      ///< its device has left for good
    };
    News news(const FleetEvent& event) const {
        const auto found = open_.find(event.task);
        if (found == open_.end()) return News::None;
        if (event.outcome == Outcome::Gone) return News::Lost;
        if (event.outcome != Outcome::Done) return News::None;
        return event.part + 1 == found->second.parts ? News::Returned : News::Part;
    }

    const Entry& at(TaskId task) const { return open_.at(task); }
    void close(TaskId task) { open_.erase(task); }
    bool empty() const noexcept { return open_.empty(); }

    /// Nothing is waited for any more.
    void recall_all(FleetClock& fleet, VirtualClock::time_point at) {
        for (const auto& [task, entry] : open_) fleet.recall(task, at);
        open_.clear();
    }

  private:
    std::map<TaskId, Entry> open_;
    std::int64_t next_ = 0;
};

}  // namespace mobi
