// SPDX-License-Identifier: Apache-2.0
#include "method/task_fleet.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "fleet/virtual_fleet.hpp"
#include "method/plans.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = VirtualClock::time_point;

constexpr Time kForever = Time::max();

/// Writes down what it hears.
class Ear final : public TaskWatcher {
  public:
    void assigned(const DeviceTask& task) override {
        heard += 'a' + std::to_string(task.id.value());
    }
    void ended_early(TaskId task, std::int32_t parts) override {
        heard += 'r' + std::to_string(task.value()) + '/' + std::to_string(parts);
    }
    void dispatched() override { heard += '.'; }

    std::string heard;
};

/// Two devices that compute a sample in a second and carry a megabyte a second each way.
class TaskFleetTest : public ::testing::Test {
  protected:
    TaskFleetTest() : plan(two_devices()) {
        for (DevicePlan& device : plan.devices) {
            device.admitted = true;
            device.profile.time_per_sample_s = 1;
            device.link.uplink_bytes_per_s = device.link.downlink_bytes_per_s = 1e6;
            device.link.latency_s = 0;
        }
    }

    /// Fetches 1 MB, passes `samples` samples, sends 0.5 MB.
    static DeviceTask task(std::int64_t id, std::int32_t device, std::int32_t samples) {
        DeviceTask task;
        task.id = TaskId(id);
        task.device = DeviceId(device);
        task.round = 3;
        task.version = 2;
        Part part;
        part.down_bytes = 1'000'000;
        part.compute.samples = samples;
        part.up_bytes = 500'000;
        task.parts.push_back(part);
        for (std::int32_t i = 0; i < samples; ++i) task.samples.emplace_back(i);
        return task;
    }

    static void play(TaskFleet& fleet) {
        while (fleet.next(kForever) != nullptr) {
        }
    }

    FleetPlan plan;
};

TEST_F(TaskFleetTest, AFinishedTaskIsADownloadADeliveryAndARecord) {
    VirtualFleet clock(admitted_fleet(plan), {});
    TaskFleet fleet(clock, plan, {ContentKind::Gradients, ContentKind::Scalars}, nullptr);
    fleet.assign(task(0, 1, 2));
    play(fleet);
    ASSERT_EQ(fleet.delivered(), 1);
    const Delivery& delivery = fleet.delivery(0);
    EXPECT_EQ(delivery.task, TaskId(0));
    EXPECT_EQ(delivery.round, 3);
    EXPECT_EQ(delivery.content, ContentKind::Scalars);
    EXPECT_EQ(delivery.samples, (std::vector<std::int32_t>{0, 1}));
    EXPECT_EQ(delivery.tokens, 2 * 512);
    EXPECT_EQ(delivery.charged_bytes, 500'000);
    EXPECT_EQ(delivery.times.arrival, Time(milliseconds(3500)));
    EXPECT_EQ(delivery.overrun.count(), 0);
    ASSERT_EQ(fleet.downloads().size(), 1U);
    EXPECT_EQ(fleet.downloads()[0].content, ContentKind::Gradients);
    EXPECT_EQ(fleet.downloads()[0].arrival, Time(seconds(1)));
    EXPECT_EQ(fleet.downloads()[0].charged_bytes, 1'000'000);
    ASSERT_EQ(fleet.tasks().size(), 1U);
    EXPECT_EQ(fleet.tasks()[0].outcome, Outcome::Done);
    EXPECT_EQ(fleet.tasks()[0].version, 2);
    EXPECT_EQ(fleet.tasks()[0].parts_done, 1);
    EXPECT_EQ(fleet.tasks()[0].down_bytes, 1'000'000);
    EXPECT_EQ(fleet.tasks()[0].up_bytes, 500'000);
    EXPECT_TRUE(fleet.lost().empty());
}

TEST_F(TaskFleetTest, ARecalledTaskIsARecordAndWhatItDidIsLost) {
    VirtualFleet clock(admitted_fleet(plan), {});
    TaskFleet fleet(clock, plan, {}, nullptr);
    fleet.assign(task(0, 0, 1));   // done at 2.5 s
    fleet.assign(task(1, 1, 10));  // computes until 11 s
    ASSERT_TRUE(fleet.next(Time(seconds(4))) != nullptr);
    fleet.recall(TaskId(1), Time(seconds(4)));
    fleet.recall(TaskId(0), Time(seconds(4)));  // has ended: no effect
    play(fleet);
    EXPECT_EQ(fleet.delivered(), 1);
    ASSERT_EQ(fleet.tasks().size(), 2U);
    EXPECT_EQ(fleet.tasks()[1].task, TaskId(1));
    EXPECT_EQ(fleet.tasks()[1].outcome, Outcome::Recalled);
    EXPECT_EQ(fleet.tasks()[1].end, Time(seconds(4)));
    ASSERT_EQ(fleet.lost().size(), 1U);
    EXPECT_TRUE(fleet.lost()[0].recalled);
    EXPECT_EQ(fleet.lost()[0].stage, LostStage::Compute);
    EXPECT_EQ(fleet.lost()[0].start, Time(seconds(1)));
    EXPECT_EQ(fleet.lost()[0].end, Time(seconds(4)));
    ASSERT_EQ(fleet.downloads().size(), 2U);  // that of the recalled task had ended
    EXPECT_EQ(fleet.downloads()[1].task, TaskId(1));
    EXPECT_EQ(fleet.downloads()[1].charged_bytes, 1'000'000);
    EXPECT_EQ(fleet.downloads()[1].arrival, Time(seconds(1)));
    EXPECT_EQ(fleet.tasks()[1].down_bytes, 1'000'000);
}

TEST_F(TaskFleetTest, ATaskThatIsRecalledWhileItSendsHasComputedForNothing) {
    VirtualFleet clock(admitted_fleet(plan), {});
    TaskFleet fleet(clock, plan, {}, nullptr);
    fleet.assign(task(0, 0, 1));  // sends from 2 s on
    fleet.next(Time(milliseconds(2250)));
    fleet.recall(TaskId(0), Time(milliseconds(2250)));
    play(fleet);
    ASSERT_EQ(fleet.lost().size(), 2U);
    EXPECT_EQ(fleet.lost()[0].stage, LostStage::Upload);
    EXPECT_EQ(fleet.lost()[0].charged_bytes, 250'000);
    EXPECT_EQ(fleet.lost()[1].stage, LostStage::Compute);
    EXPECT_EQ(fleet.lost()[1].end - fleet.lost()[1].start, seconds(1));
    EXPECT_EQ(fleet.tasks()[0].up_bytes, 250'000);
    EXPECT_EQ(fleet.downloads().size(), 1U);
}

TEST_F(TaskFleetTest, WheneverATaskIsRecalledWhatItUsedUntilThenIsCharged) {
    // Fetches until 1 s, computes from 1.3 s to 2.3 s, sends until 2.8 s; arrives at 3.1 s.
    for (DevicePlan& device : plan.devices) device.link.latency_s = 0.3;
    for (int ms = 10; ms < 3100; ms += 30) {
        SCOPED_TRACE(ms);
        VirtualFleet clock(admitted_fleet(plan), {});
        TaskFleet fleet(clock, plan, {}, nullptr);
        fleet.assign(task(0, 0, 1));
        const Time at{milliseconds(ms)};
        ASSERT_TRUE(fleet.next(at) == nullptr);
        fleet.recall(TaskId(0), at);
        play(fleet);
        const std::int64_t down = 1000 * std::clamp(ms, 0, 1000);
        const std::int64_t up = 1000 * std::clamp(ms - 2300, 0, 500);
        std::int64_t fetched = 0, wasted = 0;
        VirtualClock::duration computed{};
        for (const Download& one : fleet.downloads()) fetched += one.charged_bytes;
        for (const LostWork& one : fleet.lost()) {
            EXPECT_TRUE(one.recalled);
            wasted += one.charged_bytes;
            if (one.stage == LostStage::Compute) computed += one.end - one.start;
        }
        EXPECT_EQ(fetched + wasted, down + up);
        EXPECT_EQ(computed, milliseconds(std::clamp(ms - 1300, 0, 1000)));
        ASSERT_EQ(fleet.tasks().size(), 1U);
        EXPECT_EQ(fleet.tasks()[0].down_bytes, down);
        EXPECT_EQ(fleet.tasks()[0].up_bytes, up);
        EXPECT_EQ(fleet.delivered(), 0);
    }
}

TEST_F(TaskFleetTest, WhatWaitsForTheProcessorHasBeenFetched) {
    VirtualFleet clock(admitted_fleet(plan), {});
    TaskFleet fleet(clock, plan, {}, nullptr);
    fleet.assign(task(0, 0, 5));
    fleet.assign(task(1, 0, 1));  // is there after 2 s, would compute from 6 s on
    ASSERT_TRUE(fleet.next(Time(seconds(3))) == nullptr);
    fleet.recall(TaskId(1), Time(seconds(3)));
    play(fleet);
    ASSERT_EQ(fleet.downloads().size(), 2U);
    EXPECT_EQ(fleet.downloads()[0].task, TaskId(1));
    EXPECT_EQ(fleet.downloads()[0].arrival, Time(seconds(2)));
    EXPECT_TRUE(fleet.lost().empty());
}

TEST_F(TaskFleetTest, ATaskOfSeveralPartsEndsOnceWhenItsDeviceLeaves) {
    plan.devices[0].profile.battery_j = 10;
    plan.devices[0].profile.compute_w = 5;
    VirtualFleet clock(admitted_fleet(plan), {});
    Ear ear;
    TaskFleet fleet(clock, plan, {}, &ear);
    DeviceTask several = task(0, 0, 1);
    for (int i = 0; i < 4; ++i) several.parts.push_back(several.parts[0]);
    fleet.assign(several);
    play(fleet);
    ASSERT_EQ(fleet.tasks().size(), 1U);
    EXPECT_EQ(fleet.tasks()[0].outcome, Outcome::Gone);
    EXPECT_NE(ear.heard.find("r0/"), std::string::npos);
}

TEST_F(TaskFleetTest, ATaskThatWaitsForItsDeviceIsRecalledWithoutALoss) {
    VirtualFleet clock(admitted_fleet(plan), {});
    TaskFleet fleet(clock, plan, {}, nullptr);
    fleet.assign(task(0, 0, 3));
    fleet.assign(task(1, 0, 3));
    EXPECT_EQ(fleet.assigned(), 2);
    fleet.recall(TaskId(1), Time(milliseconds(500)));
    play(fleet);
    EXPECT_EQ(fleet.tasks().size(), 2U);
    EXPECT_TRUE(fleet.lost().empty());
}

TEST_F(TaskFleetTest, CountsDeliveriesByEvents) {
    VirtualFleet clock(admitted_fleet(plan), {});
    TaskFleet fleet(clock, plan, {}, nullptr);
    DeviceTask only_fetches = task(0, 0, 1);
    only_fetches.parts[0].up_bytes = 0;
    fleet.assign(only_fetches);
    fleet.assign(task(1, 1, 3));
    const EventId first = fleet.next(kForever)->id;
    EXPECT_EQ(fleet.delivered_by(first), 0);
    const EventId second = fleet.next(kForever)->id;
    EXPECT_EQ(fleet.delivered_by(first), 0);
    EXPECT_EQ(fleet.delivered_by(second), 1);
}

TEST_F(TaskFleetTest, TheWatcherHearsBeforeTheClockMovesOn) {
    VirtualFleet clock(admitted_fleet(plan), {});
    Ear ear;
    TaskFleet fleet(clock, plan, {}, &ear);
    fleet.assign(task(0, 0, 1));
    fleet.assign(task(1, 1, 2));
    fleet.next(kForever);
    fleet.recall(TaskId(1), Time(seconds(3)));
    fleet.next(kForever);
    EXPECT_EQ(ear.heard, "a0a1.r1/0.");
}

}  // namespace
}  // namespace mobi::test
