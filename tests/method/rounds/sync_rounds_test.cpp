// SPDX-License-Identifier: Apache-2.0
#include "method/rounds/sync_rounds.hpp"

#include <memory>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "method/watched_fleet.hpp"

namespace mobi::test {
namespace {

using std::chrono::seconds;
using Time = VirtualClock::time_point;

/// Fetches a megabyte, computes a sample, sends half a megabyte; the server takes 2 s for each
/// arrival.
RoundWork work() {
    RoundWork work;
    work.parts = [](DeviceId, std::int32_t) {
        Part part;
        part.down_bytes = 1'000'000;
        part.compute.samples = 1;
        part.up_bytes = 500'000;
        return std::vector<Part>{part};
    };
    work.aggregate_time = [](std::size_t arrivals) { return seconds(2 * arrivals); };
    return work;
}

/// Device i takes 1 + 10 (i + 1) + 0.5 s.
Star star(std::int32_t devices, const AvailabilityProfile* availability = nullptr) {
    Star star;
    for (std::int32_t i = 0; i < devices; ++i) star.add(10 * (i + 1), 1e6, 1e6, 0, availability);
    return star;
}

Time at(double s) {
    return Time(
        std::chrono::duration_cast<VirtualClock::duration>(std::chrono::duration<double>(s)));
}

SyncRounds rounds_of(const SyncRoundSettings& settings) {
    return {settings, work(), std::make_unique<UniformSelector>(1)};
}

TEST(SyncRoundsTest, ARoundWaitsForAllThatAreWanted) {
    const Star devices = star(3);
    WatchedFleet fleet(devices.devices());
    SyncRounds rounds = rounds_of({2, 3, 3, {}});
    EXPECT_EQ(rounds.steps_planned(), 2);
    const std::optional<Step> first = rounds.next(fleet);
    EXPECT_EQ(first->inputs.size(), 3U);
    EXPECT_EQ(first->start, at(31.5));
    EXPECT_EQ(first->end, at(37.5));
    const std::optional<Step> second = rounds.next(fleet);
    EXPECT_EQ(second->round, 1);
    EXPECT_EQ(second->start, at(37.5 + 31.5));
    EXPECT_FALSE(rounds.next(fleet));
    EXPECT_EQ(fleet.tasks().at(4).version, 1);
}

TEST(SyncRoundsTest, OverSelectionRecallsTheSlow) {
    const Star devices = star(5);
    WatchedFleet fleet(devices.devices());
    SyncRounds rounds = rounds_of({2, 5, 2, {}});
    EXPECT_EQ(rounds.next(fleet)->start, at(21.5));
    // They stop at once: nothing of the first round is in the way of the second.
    EXPECT_EQ(rounds.next(fleet)->start, at(25.5 + 21.5));
    EXPECT_EQ(fleet.recalled_in(TaskId(4)), "compute");
}

TEST(SyncRoundsTest, TheDeadlineClosesARoundAndAnArrivalAtItIsInTime) {
    const Star devices = star(3);
    for (const auto& [deadline_s, arrivals] :
         {std::pair(21.5, 2), std::pair(21.4, 1), std::pair(1.0, 0)}) {
        WatchedFleet fleet(devices.devices());
        SyncRounds rounds = rounds_of({1, 3, 3, at(deadline_s).time_since_epoch()});
        const std::optional<Step> step = rounds.next(fleet);
        EXPECT_EQ(step->inputs.size(), static_cast<std::size_t>(arrivals));
        EXPECT_EQ(step->start, at(deadline_s));
        EXPECT_EQ(step->end, at(deadline_s + 2 * arrivals));  // none: no work
    }
}

TEST(SyncRoundsTest, ARoundWaitsForSomebodyToComeAndTakesThoseWhoAreThere) {
    AvailabilityProfile pattern;
    pattern.kind = AvailabilityKind::Trace;
    pattern.trace = std::make_shared<AvailabilityTrace>(
        parse_availability_trace("0,100,500\n1,100,500\n2,300,500\n", "a", 1000));
    const Star devices = star(3, &pattern);
    WatchedFleet fleet(devices.devices());
    SyncRounds rounds = rounds_of({1, 3, 3, {}});
    const std::optional<Step> step = rounds.next(fleet);
    EXPECT_EQ(step->inputs.size(), 2U);  // all that were asked
    EXPECT_EQ(step->start, at(121.5));
}

TEST(SyncRoundsTest, WhoLeavesForGoodIsNotWaitedFor) {
    Star devices;
    devices.add(10, 1e6, 1e6);
    DeviceProfile& weak = devices.add(100, 1e6, 1e6);
    weak.compute_w = 1;
    weak.battery_j = 50;
    WatchedFleet fleet(devices.devices());
    SyncRounds rounds = rounds_of({2, 2, 2, {}});
    const std::optional<Step> first = rounds.next(fleet);
    EXPECT_EQ(first->inputs.size(), 1U);
    EXPECT_EQ(first->start, at(51));
    EXPECT_EQ(rounds.next(fleet)->start, at(53 + 11.5));
    EXPECT_EQ(fleet.tasks().size(), 3U);
}

TEST(UniformSelectorTest, TakesEachSetAlikeAndDependsOnTheDrawAlone) {
    std::vector<DeviceId> from;
    for (std::int32_t i = 0; i < 5; ++i) from.emplace_back(i);
    UniformSelector selector(7);
    std::vector<int> counts(5);
    for (std::int64_t draw = 0; draw < 10'000; ++draw) {
        const std::vector<DeviceId> chosen = selector.select(draw, from, 2);
        EXPECT_EQ(std::set<DeviceId>(chosen.begin(), chosen.end()).size(), 2U);
        for (const DeviceId device : chosen) ++counts[device.index()];
    }
    for (const int count : counts) EXPECT_NEAR(count, 4000, 200);  // 4 sigma
    EXPECT_EQ(UniformSelector(7).select(3, from, 2), selector.select(3, from, 2));
    EXPECT_EQ(selector.select(0, from, 9), from);
}

TEST(SyncRoundsTest, ARoundBeginsWhenTheStepBeforeItReallyEnded) {
    const Star devices = star(3);
    WatchedFleet fleet(devices.devices());
    SyncRounds rounds = rounds_of({2, 3, 3, {}});
    EXPECT_EQ(rounds.next(fleet)->end, at(37.5));
    rounds.delay_to(at(30));  // no earlier than planned
    rounds.delay_to(at(40));
    EXPECT_EQ(rounds.next(fleet)->start, at(40 + 31.5));
}

}  // namespace
}  // namespace mobi::test
