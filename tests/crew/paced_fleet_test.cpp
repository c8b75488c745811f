// SPDX-License-Identifier: Apache-2.0
#include "crew/paced_fleet.hpp"

#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "fleet/virtual_fleet.hpp"
#include "method/watched_fleet.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

/// Two devices that take 20 and 40 ms a sample; results come when the test says so.
class PacedFleetTest : public ::testing::Test {
  protected:
    PacedFleetTest() {
        star.add(0.02, 1e9, 1e9);
        star.add(0.04, 1e9, 1e9);
        times.emplace(star.devices(), FleetClockParameters{});
        pace.emplace(1.0, WallClock::duration(0.001),
                     WallPace::Hooks{{}, [](WallClock::duration patience) {
                                         std::this_thread::sleep_for(patience);
                                     }});
        paced.emplace(*times, *pace,
                      [this](TaskId task, std::int32_t) -> std::optional<WallClock::time_point> {
                          const auto found = late.find(task);
                          if (found == late.end()) return start;  // at once
                          const WallClock::time_point due = start + found->second;
                          if (WallClock::now() < due) return std::nullopt;
                          return due;
                      });
        start = WallClock::now();
        pace->begin({});
    }

    void assign(std::int64_t id, std::int32_t device, int ready_ms = 0) {
        DeviceTask task;
        task.id = TaskId(id);
        task.device = DeviceId(device);
        task.ready = Time(milliseconds(ready_ms));
        Part part;
        part.compute.samples = 1;
        task.parts.push_back(part);
        paced->assign(std::move(task));
    }

    double since_start_s() const { return (WallClock::now() - start).count(); }

    Star star;
    std::optional<VirtualFleet> times;
    std::optional<WallPace> pace;
    std::optional<PacedFleet> paced;
    WallClock::time_point start;
    std::map<TaskId, WallClock::duration> late;  // from the start, real time
};

TEST_F(PacedFleetTest, AnEventIsToldWhenItsTimeHasCome) {
    assign(0, 0);
    const FleetEvent* const event = paced->next(Time::max());
    ASSERT_TRUE(event != nullptr);
    EXPECT_EQ(event->at, Time(milliseconds(20)));
    EXPECT_GE(since_start_s(), 0.019);
    EXPECT_EQ(paced->overruns().count, 0);
}

TEST_F(PacedFleetTest, WithoutAnEventItWaitsUntilTheEndOfTheQuestion) {
    assign(0, 0);
    EXPECT_TRUE(paced->next(Time(milliseconds(10))) == nullptr);
    EXPECT_GE(since_start_s(), 0.009);
}

TEST_F(PacedFleetTest, AnEventWhoseResultComesLateIsAsLateAndThoseBehindItKeepTheOrder) {
    late[TaskId(0)] = WallClock::duration(0.1);
    assign(0, 0);
    assign(1, 1);
    const FleetEvent first = *paced->next(Time::max());
    EXPECT_EQ(first.task, TaskId(0));
    EXPECT_GE(first.at, Time(milliseconds(95)));
    EXPECT_EQ(paced->overruns().count, 1);
    EXPECT_GT(paced->overruns().worst.count(), 0.07);
    const FleetEvent second = *paced->next(Time::max());
    EXPECT_EQ(second.task, TaskId(1));
    EXPECT_GE(second.at, first.at);
    EXPECT_EQ(paced->overruns().count, 1) << "its own result was there";
}

TEST_F(PacedFleetTest, AnEventThatIsTooLateForTheQuestionIsToldAtTheNext) {
    late[TaskId(0)] = WallClock::duration(0.12);
    assign(0, 0);
    EXPECT_TRUE(paced->next(Time(milliseconds(60))) == nullptr);
    const FleetEvent* const event = paced->next(Time::max());
    ASSERT_TRUE(event != nullptr);
    EXPECT_GE(event->at, Time(milliseconds(110)));
}

TEST_F(PacedFleetTest, WhatCameInTimeWhileTheServerWasBusyIsNotLate) {
    assign(0, 0);
    EXPECT_EQ(pace->finish(0, Time(milliseconds(60)), [] { return true; }), Time(milliseconds(60)));
    EXPECT_EQ(paced->next(Time::max())->at, Time(milliseconds(20)));
    EXPECT_EQ(paced->overruns().count, 0);
}

TEST_F(PacedFleetTest, ThePastIsToldAgainAndTheRestWaitsForThePace) {
    using Wall = WallClock::duration;
    const std::map<TaskId, Time> past{{TaskId(0), Time(milliseconds(33))},
                                      {TaskId(1), Time(milliseconds(41))}};
    WallPace later(1.0, Wall(0.001), WallPace::Hooks{{}, [](Wall patience) {
                                                         std::this_thread::sleep_for(patience);
                                                     }});
    std::optional<WallClock::time_point> received;
    PacedFleet fleet(
        *times, later, [&](TaskId, std::int32_t) { return received; },
        [&](TaskId task, std::int32_t) -> std::optional<Time> {
            const auto found = past.find(task);
            return found == past.end() ? std::nullopt : std::optional(found->second);
        });
    const auto task = [](std::int64_t id, std::int32_t device, int ready_ms = 0) {
        DeviceTask made;
        made.ready = Time(milliseconds(ready_ms));
        made.id = TaskId(id);
        made.device = DeviceId(device);
        made.parts.emplace_back().compute.samples = 1;
        return made;
    };
    fleet.assign(task(0, 0));
    fleet.assign(task(1, 1));
    EXPECT_TRUE(fleet.next(Time(milliseconds(32))) == nullptr) << "it was late, and is again";
    EXPECT_EQ(fleet.next(Time(milliseconds(40)))->at, Time(milliseconds(33)));
    EXPECT_EQ(fleet.next(Time::max())->at, Time(milliseconds(41)));
    fleet.assign(task(2, 0, 41));
    EXPECT_TRUE(fleet.next(Time(milliseconds(70))) == nullptr) << "not told before the checkpoint";
    EXPECT_EQ(fleet.overruns().count, 0);
    received = WallClock::now();
    const WallClock::time_point begin = WallClock::now();
    later.begin(Time(milliseconds(45)));
    const FleetEvent event = *fleet.next(Time::max());
    EXPECT_EQ(event.task, TaskId(2));
    EXPECT_EQ(event.at, Time(milliseconds(61))) << "20 ms of computing";
    EXPECT_GE((WallClock::now() - begin).count(), 0.015) << "the pace goes on from 45 ms";
}

TEST_F(PacedFleetTest, AStepThatIsNotDoneIsWaitedForAndCounted) {
    const WallClock::time_point end = start + WallClock::duration(0.08);
    const Time measured =
        pace->finish(0, Time(milliseconds(10)), [end] { return WallClock::now() >= end; });
    EXPECT_GE(measured, Time(milliseconds(75)));
    EXPECT_EQ(pace->overruns().count, 1);
}

}  // namespace
}  // namespace mobi::test
