// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "fleet/device_task.hpp"
#include "fleet/fleet_event.hpp"
#include "fleet/link_way.hpp"

namespace mobi {

/// In place of a task: all of a device.
inline constexpr std::int32_t kAllTasks = -1;

/// A part on its way through a device.
struct Job {
    std::int32_t slot = -1;  ///< of its task
    std::int32_t part = 0;
    PartTimes times;
    LinkWay::Draw draw;                ///< of the transfer it waits for or is in
    VirtualClock::time_point ready{};  ///< for the leg that it waits for or is in
    Charges charges;
    std::int32_t next = -1;     ///< behind it in a line
    std::uint32_t version = 0;  ///< raised when it leaves: what waits for it is stale
};

/// Jobs in a line, first in first out.
struct Line {
    std::int32_t first = -1;
    std::int32_t last = -1;
};

/// A task that a device has.
struct TaskSlot {
    DeviceTask task;
    std::int32_t fetched = 0;   ///< parts that the downlink has begun, or that need none of it
    std::int32_t computed = 0;  ///< parts that the processor has begun or passed on
    std::int32_t open = 0;      ///< parts whose end is not known
    std::int32_t untold = 0;    ///< events of its parts' ends that are to come
    std::int32_t next = -1;     ///< the device's task behind it
    bool recalled = false;
};

/// The tasks that have not ended and the jobs under way, in memory that is used again.
class TaskBook {
  public:
    TaskSlot& task(std::int32_t slot) { return tasks_[static_cast<std::size_t>(slot)]; }
    const TaskSlot& task(std::int32_t slot) const { return tasks_[static_cast<std::size_t>(slot)]; }
    Job& job(std::int32_t number) { return jobs_[static_cast<std::size_t>(number)]; }
    const Job& job(std::int32_t number) const { return jobs_[static_cast<std::size_t>(number)]; }

    std::int32_t add(DeviceTask task) {
        const std::int32_t slot = take(tasks_, unused_tasks_);
        const bool is_new = slots_.emplace(task.id, slot).second;
        MOBI_CHECK(is_new, "task {} is assigned twice", task.id.value());
        const auto parts = static_cast<std::int32_t>(task.parts.size());
        this->task(slot) = {std::move(task), 0, 0, parts, 0, -1, false};
        return slot;
    }

    /// -1: it has ended, or never was.
    std::int32_t find(TaskId id) const {
        const auto found = slots_.find(id);
        return found == slots_.end() ? -1 : found->second;
    }

    void retire(std::int32_t slot) {
        slots_.erase(task(slot).task.id);
        task(slot).task = {};
        unused_tasks_.push_back(slot);
    }

    std::int32_t begin_job(std::int32_t slot, std::int32_t part) {
        const std::int32_t number = take(jobs_, unused_jobs_);
        const std::uint32_t version = job(number).version;
        job(number) = {};
        job(number).slot = slot;
        job(number).part = part;
        job(number).version = version;
        return number;
    }

    void end_job(std::int32_t number) {
        ++job(number).version;
        job(number).slot = -1;
        unused_jobs_.push_back(number);
    }

    void push(Line& line, std::int32_t number) {
        job(number).next = -1;
        if (line.last >= 0)
            job(line.last).next = number;
        else
            line.first = number;
        line.last = number;
    }

    std::int32_t pop(Line& line) {
        const std::int32_t number = line.first;
        line.first = job(number).next;
        if (line.first < 0) line.last = -1;
        return number;
    }

    /// Takes the jobs of a task, or of all (kAllTasks), out of the line, in their order.
    std::vector<std::int32_t> take(Line& line, std::int32_t slot) {
        std::vector<std::int32_t> taken;
        Line kept;
        while (line.first >= 0) {
            const std::int32_t number = pop(line);
            if (slot == kAllTasks || job(number).slot == slot)
                taken.push_back(number);
            else
                push(kept, number);
        }
        line = kept;
        return taken;
    }

  private:
    struct Hash {
        std::size_t operator()(TaskId id) const noexcept {
            return std::hash<std::int64_t>{}(id.value());
        }
    };

    template <typename Item>
    static std::int32_t take(std::vector<Item>& items, std::vector<std::int32_t>& unused) {
        if (unused.empty()) {
            items.emplace_back();
            return static_cast<std::int32_t>(items.size() - 1);
        }
        const std::int32_t number = unused.back();
        unused.pop_back();
        return number;
    }

    std::vector<TaskSlot> tasks_;
    std::vector<Job> jobs_;
    std::vector<std::int32_t> unused_tasks_, unused_jobs_;
    std::unordered_map<TaskId, std::int32_t, Hash> slots_;
};

}  // namespace mobi
