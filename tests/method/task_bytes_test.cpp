// SPDX-License-Identifier: Apache-2.0
// TaskFleet over random fleets: no byte and no task is lost between the clock and the records.
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/plans.hpp"
#include "method/task_fleet.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

/// Adds up what the events charge.
class CountingClock final : public FleetClock {
  public:
    CountingClock(std::span<const FleetDevice> devices, const FleetClockParameters& parameters)
        : fleet_(devices, parameters) {}

    void assign(DeviceTask task) override { fleet_.assign(std::move(task)); }
    void recall(TaskId task, Time at) override { fleet_.recall(task, at); }
    void promise_quiet(Time until) override { fleet_.promise_quiet(until); }
    void forecast(const std::function<bool(const FleetEvent&)>& look) override {
        fleet_.forecast(look);
    }
    const FleetEvent* next(Time until) override {
        const FleetEvent* const event = fleet_.next(until);
        if (event != nullptr) {
            Charges& of_task = charges[event->task];
            of_task.down_bytes += event->charges.down_bytes +
                                  event->before.down_bytes * (event->outcome == Outcome::Recalled);
            of_task.up_bytes += event->charges.up_bytes;
        }
        return event;
    }
    std::optional<Time> next_presence(Time time) override { return fleet_.next_presence(time); }
    std::vector<DeviceId> present(Time time) override { return fleet_.present(time); }

    std::map<TaskId, Charges> charges;

  private:
    VirtualFleet fleet_;
};

/// Writes down what it hears of the ends of tasks.
class Ear final : public TaskWatcher {
  public:
    void assigned(const DeviceTask& task) override { open.insert(task.id); }
    void ended_early(TaskId task, std::int32_t parts) override {
        EXPECT_EQ(open.erase(task), 1U) << "told twice, or of nobody's";
        early[task] = parts;
    }
    void dispatched() override {}

    std::set<TaskId> open;
    std::map<TaskId, std::int32_t> early;
};

struct Sums {
    std::int64_t down = 0, up = 0;
    bool operator==(const Sums&) const = default;
};

/// Random tasks for four devices that come and go, some of them recalled.
/// \param parts  of a task, at most.
/// \return  how many of them their devices left.
int run(std::uint64_t seed, std::uint64_t parts, bool batteries) {
    RandomStream random(seed, Purpose::Test);
    FleetPlan plan = two_devices();
    plan.devices.push_back(plan.devices[0]);
    plan.devices.push_back(plan.devices[1]);
    auto pattern = std::make_shared<AvailabilityProfile>();
    pattern->name = "a";
    pattern->kind = AvailabilityKind::Markov;
    pattern->mean_on_s = 0.2;
    pattern->mean_off_s = 0.05;
    for (std::size_t i = 0; i < plan.devices.size(); ++i) {
        DevicePlan& device = plan.devices[i];
        device.id = static_cast<std::int32_t>(i);
        device.admitted = true;
        device.profile.time_per_sample_s = 0.01;
        device.link.uplink_bytes_per_s = device.link.downlink_bytes_per_s = 1e6;
        device.link.latency_s = 0.002;
        device.link.loss = random.below(2) == 0 ? 0.1 : 0;
        device.link.duplex = random.below(2) == 0 ? Duplex::Half : Duplex::Full;
        if (random.below(2) == 0) device.availability = pattern;
        if (batteries && random.below(2) == 0) device.profile.battery_j = 0.3;
    }
    CountingClock clock(admitted_fleet(plan), {seed, 0});
    Ear ear;
    TaskFleet fleet(clock, plan, {ContentKind::Weights, ContentKind::Gradients}, &ear);

    std::map<TaskId, DeviceTask> tasks;
    Time now{};
    for (std::int64_t id = 0; id < 30; ++id) {
        DeviceTask task;
        task.id = TaskId(id);
        task.device = DeviceId(static_cast<std::int32_t>(random.below(4)));
        task.ready = now;
        for (auto count = 1 + random.below(parts); count > 0; --count) {
            Part part;
            part.down_bytes = random.below(2) == 0 ? 0 : 5000;
            part.compute.samples = 1;
            part.up_bytes = random.below(3) == 0 ? 0 : 8000;
            task.parts.push_back(part);
        }
        tasks[task.id] = task;
        fleet.assign(task);
        now += milliseconds(random.below(20));
        while (fleet.next(now) != nullptr) {
        }
        if (random.below(3) == 0)
            fleet.recall(
                TaskId(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(id + 1)))),
                now);
    }
    while (fleet.next(Time::max()) != nullptr) {
    }
    EXPECT_EQ(fleet.assigned(), 30);
    EXPECT_EQ(fleet.tasks().size(), 30U) << "every task ends once";

    std::map<TaskId, Sums> recorded;
    Sums all;
    std::set<TaskId> ended;
    Time last{};
    for (const TaskRecord& record : fleet.tasks()) {
        EXPECT_TRUE(ended.insert(record.task).second);
        EXPECT_GE(record.end, record.ready);
        EXPECT_GE(record.end, last) << "in the order in which they end";
        last = record.end;
        const DeviceTask& task = tasks.at(record.task);
        EXPECT_EQ(record.device, task.device);
        EXPECT_EQ(record.outcome == Outcome::Done,
                  record.parts_done == static_cast<std::int32_t>(task.parts.size()));
        EXPECT_EQ(ear.early.contains(record.task), record.outcome != Outcome::Done);
        if (ear.early.contains(record.task)) {
            EXPECT_EQ(ear.early.at(record.task), record.parts_done);
        }
        recorded[record.task] = {record.down_bytes, record.up_bytes};
        all.down += record.down_bytes;
        all.up += record.up_bytes;
    }
    for (const auto& [task, charges] : clock.charges) {
        EXPECT_EQ(recorded[task].down, charges.down_bytes) << "task " << task.value();
        EXPECT_EQ(recorded[task].up, charges.up_bytes) << "task " << task.value();
    }
    // the same bytes, by what became of them
    Sums lists;
    for (const Delivery& delivery : std::move(fleet).deliveries()) {
        EXPECT_EQ(delivery.content, ContentKind::Gradients);
        EXPECT_EQ(
            delivery.charged_bytes - delivery.repeated_bytes,
            tasks.at(delivery.task).parts[static_cast<std::size_t>(delivery.packet)].up_bytes);
        lists.up += delivery.charged_bytes;
    }
    for (const Download& download : fleet.downloads()) {
        EXPECT_EQ(download.content, ContentKind::Weights);
        EXPECT_GE(download.repeated_bytes, 0);
        lists.down += download.charged_bytes;
    }
    for (const LostWork& lost : fleet.lost()) {
        EXPECT_LE(lost.start, lost.end);
        if (lost.stage == LostStage::Download)
            lists.down += lost.charged_bytes;
        else
            lists.up += lost.charged_bytes;
    }
    EXPECT_EQ(lists.down, all.down);
    EXPECT_EQ(lists.up, all.up);
    return static_cast<int>(
        std::count_if(fleet.tasks().begin(), fleet.tasks().end(),
                      [](const TaskRecord& record) { return record.outcome == Outcome::Gone; }));
}

TEST(TaskBytesTest, EveryByteIsOfATaskAndOfWhatBecameOfIt) {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE(seed);
        run(seed, 4, false);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(TaskBytesTest, AlsoWhenBatteriesRunEmpty) {
    int gone = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE(seed);
        gone += run(seed, 1, true);
        if (::testing::Test::HasFailure()) return;
    }
    EXPECT_GT(gone, 100);
}

}  // namespace
}  // namespace mobi::test
