// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/buffered_rounds.hpp"

#include <memory>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "method/watched_fleet.hpp"

namespace mobi::test {
namespace {

using std::chrono::seconds;
using Time = VirtualClock::time_point;

RoundWork work(int aggregate_s) {
    RoundWork work;
    work.parts = [](DeviceId, std::int32_t) {
        Part part;
        part.compute.samples = 1;
        part.up_bytes = 1'000'000;
        return std::vector<Part>{part};
    };
    work.aggregate_time = [aggregate_s](std::size_t) { return seconds(aggregate_s); };
    return work;
}

BufferedRounds rounds_of(const BufferedRoundSettings& settings, int aggregate_s = 1) {
    return {settings, work(aggregate_s), std::make_unique<UniformSelector>(1)};
}

// Two devices of 1 + 1 s and 4 + 1 s, both at work, a step for every arrival.
TEST(BufferedRoundsTest, AFastDeviceIsNotHeldUpByASlowOne) {
    Star devices;
    devices.add(1, 1e6, 1e6);
    devices.add(4, 1e6, 1e6);
    WatchedFleet fleet(devices.devices());
    BufferedRounds rounds = rounds_of({2, 1, 4, Dispatch::AtOnce}, 0);
    std::vector<Time> starts;
    std::vector<std::int32_t> who;
    while (const std::optional<Step> step = rounds.next(fleet)) {
        starts.push_back(step->start);
        who.push_back(fleet.event(step->inputs.front()).device.value());
    }
    EXPECT_EQ(starts, (std::vector<Time>{Time(seconds(2)), Time(seconds(4)), Time(seconds(5)),
                                         Time(seconds(6))}));
    EXPECT_EQ(who, (std::vector<std::int32_t>{0, 0, 1, 0}));
    EXPECT_EQ(rounds.steps_planned(), 4);
}

TEST(BufferedRoundsTest, AReplacementHasTheWeightsOfTheStepThatItsArrivalCaused) {
    Star devices;
    devices.add(1, 1e6, 1e6);
    for (const auto& [dispatch, ready_s, version] :
         {std::tuple(Dispatch::AfterStep, 5, 1), std::tuple(Dispatch::AtOnce, 2, 0)}) {
        WatchedFleet fleet(devices.devices());
        BufferedRounds rounds = rounds_of({1, 1, 2, dispatch}, 3);
        rounds.next(fleet);
        rounds.next(fleet);
        EXPECT_EQ(fleet.tasks().at(1).ready, Time(seconds(ready_s)));
        EXPECT_EQ(fleet.tasks().at(1).version, version);
    }
}

TEST(BufferedRoundsTest, NoDeviceHasTwoTasksAtOnce) {
    Star devices;
    for (int i = 0; i < 10; ++i) devices.add(1 + i, 1e6, 1e6);
    WatchedFleet fleet(devices.devices());
    BufferedRounds rounds = rounds_of({4, 3, 50, Dispatch::AfterStep});
    while (rounds.next(fleet)) {
    }
    std::set<std::int32_t> asked;
    for (const DeviceTask& task : fleet.tasks()) {
        asked.insert(task.device.value());
        for (const DeviceTask& other : fleet.tasks()) {
            if (other.id >= task.id || other.device != task.device) continue;
            const FleetEvent* const done = fleet.done(other.id);
            ASSERT_NE(done, nullptr);
            EXPECT_LE(done->at, task.ready);
        }
    }
    EXPECT_EQ(asked.size(), 10U);
}

TEST(BufferedRoundsTest, WhoLeavesForGoodMakesRoom) {
    Star devices;
    DeviceProfile& weak = devices.add(100, 1e6, 1e6);
    weak.compute_w = 1;
    weak.battery_j = 50;
    devices.add(10, 1e6, 1e6);
    WatchedFleet fleet(devices.devices());
    BufferedRounds rounds(
        {1, 1, 1, Dispatch::AtOnce}, work(1),
        std::make_unique<CyclicSelector>(std::vector<DeviceId>{DeviceId(0), DeviceId(1)}));
    const std::optional<Step> step = rounds.next(fleet);
    ASSERT_TRUE(step);
    EXPECT_EQ(step->start, Time(seconds(50 + 11)));
}

TEST(BufferedRoundsTest, ItEndsWhenNobodyIsLeft) {
    Star devices;
    DeviceProfile& weak = devices.add(100, 1e6, 1e6);
    weak.compute_w = 1;
    weak.battery_j = 50;
    WatchedFleet fleet(devices.devices());
    BufferedRounds rounds = rounds_of({1, 1, 1, Dispatch::AtOnce});
    EXPECT_FALSE(rounds.next(fleet));
}

TEST(BufferedRoundsTest, AReplacementWaitsForTheRealEndOfItsStep) {
    Star devices;
    devices.add(1, 1e6, 1e6);
    WatchedFleet fleet(devices.devices());
    BufferedRounds rounds = rounds_of({1, 1, 2, Dispatch::AfterStep}, 3);
    EXPECT_EQ(rounds.next(fleet)->end, Time(seconds(5)));
    rounds.delay_to(Time(seconds(9)));
    EXPECT_EQ(rounds.next(fleet)->start, Time(seconds(11)));
    EXPECT_EQ(fleet.tasks().at(1).ready, Time(seconds(9)));
    EXPECT_EQ(fleet.tasks().at(1).version, 1);
}

}  // namespace
}  // namespace mobi::test
