// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "fleet/fleet_clock.hpp"

namespace mobi {

/// The tasks that a protocol waits for, by number; numbers count up over the run.
class TaskLedger {
  public:
    /// Gives the task the next number and assigns it.
    void assign(FleetClock& fleet, DeviceTask task) {
        task.id = TaskId(next_++);
        open_[task.id] = {static_cast<std::int32_t>(task.parts.size()), task.version};
        fleet.assign(std::move(task));
    }

    /// How a task that was waited for ended.
    struct End {
        bool returned = false;     ///< all its parts are done; else its device has left for good
        std::int64_t version = 0;  ///< of the task
    };
    /// Nothing when the event ends no task that is waited for; else that one is no longer.
    std::optional<End> take(const FleetEvent& event) {
        const auto found = open_.find(event.task);
        if (found == open_.end()) return std::nullopt;
        if (event.outcome == Outcome::Done) --found->second.parts;
        const Entry entry = found->second;
        const bool returned = entry.parts == 0;
        if (!returned && event.outcome != Outcome::Gone) return std::nullopt;
        open_.erase(found);
        return End{returned, entry.version};
    }

    bool empty() const noexcept { return open_.empty(); }

    /// Nothing is waited for any more.
    void recall_all(FleetClock& fleet, VirtualClock::time_point at) {
        for (const auto& [task, entry] : open_) fleet.recall(task, at);
        open_.clear();
    }

  private:
    struct Entry {
        std::int32_t parts = 0;  // that are not done yet
        std::int64_t version = 0;
    };

    std::map<TaskId, Entry> open_;
    std::int64_t next_ = 0;
};

}  // namespace mobi
