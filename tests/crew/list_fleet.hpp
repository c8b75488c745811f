// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "method/run_fleet.hpp"

namespace mobi::test {

/// A fleet without a life: lists of what came of its work, which grow as the test says.
class ListFleet final : public RunFleet {
  public:
    using Time = VirtualClock::time_point;

    void add_delivery(std::int64_t task, std::int32_t part) {
        deliveries_.emplace_back().task = TaskId(task);
        deliveries_.back().packet = part;
    }
    void add_download(std::int32_t device) {
        downloads_.emplace_back().device = device;
        downloads_.back().energy_j = 0;
    }
    void add_lost(std::int32_t device) { lost_.emplace_back().device = device; }
    void add_task(std::int64_t id) { tasks_.emplace_back().task = TaskId(id); }

    // RunFleet
    const Delivery& delivery(std::int64_t index) const override {
        return deliveries_.at(static_cast<std::size_t>(index));
    }
    std::int64_t delivered() const override { return std::ssize(deliveries_); }
    std::int64_t delivered_by(EventId event) const override { return event.value() + 1; }
    std::span<const Download> downloads() const override { return downloads_; }
    std::span<const LostWork> lost() const override { return lost_; }
    std::span<const TaskRecord> tasks() const override { return tasks_; }

    // FleetClock: nothing happens
    void assign(DeviceTask) override {}
    void recall(TaskId, Time) override {}
    void promise_quiet(Time) override {}
    void forecast(const std::function<bool(const FleetEvent&)>&) override {}
    const FleetEvent* next(Time) override { return nullptr; }
    std::optional<Time> next_presence(Time) override { return std::nullopt; }
    std::vector<DeviceId> present(Time) override { return {}; }

  private:
    std::vector<Delivery> deliveries_;
    std::vector<Download> downloads_;
    std::vector<LostWork> lost_;
    std::vector<TaskRecord> tasks_;
};

}  // namespace mobi::test
