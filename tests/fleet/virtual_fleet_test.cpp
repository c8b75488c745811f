// SPDX-License-Identifier: Apache-2.0
#include "fleet/virtual_fleet.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "device/trace_file.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

/// 1,000 bytes take 1 ms down and 2 ms up, a sample 10 ms, latency 5 ms.
class VirtualFleetTest : public ::testing::Test {
  protected:
    VirtualFleetTest() {
        profile_.name = "d";
        profile_.time_per_sample_s = 0.010;
        link_.name = "l";
        link_.downlink_bytes_per_s = 1e6;
        link_.uplink_bytes_per_s = 5e5;
        link_.latency_s = 0.005;
        for (std::int32_t i = 0; i < 3; ++i)
            devices_.push_back({DeviceId(i), &profile_, &link_, nullptr});
    }

    static Part part(std::int64_t down, std::int32_t samples, std::int64_t up) {
        Part part;
        part.down_bytes = down;
        part.compute.samples = samples;
        part.up_bytes = up;
        return part;
    }
    static DeviceTask task(std::int64_t id,
                           std::int32_t device,
                           std::vector<Part> parts,
                           milliseconds ready = {}) {
        DeviceTask task;
        task.id = TaskId(id);
        task.device = DeviceId(device);
        task.ready = Time(ready);
        task.parts = std::move(parts);
        return task;
    }
    static milliseconds ms(Time time) {
        return std::chrono::duration_cast<milliseconds>(time.time_since_epoch());
    }

    DeviceProfile profile_;
    LinkProfile link_;
    std::vector<FleetDevice> devices_;
};

TEST_F(VirtualFleetTest, APartIsFetchedComputedAndSent) {
    VirtualFleet fleet(devices_, {});
    fleet.assign(task(1, 0, {part(3000, 2, 1000)}, milliseconds(100)));
    const FleetEvent* const event = fleet.next(Time::max());
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(event->outcome, Outcome::Done);
    EXPECT_EQ(ms(event->times.receive_end), milliseconds(103));
    EXPECT_EQ(ms(event->times.received), milliseconds(108));
    EXPECT_EQ(ms(event->times.compute_end), milliseconds(128));
    EXPECT_EQ(ms(event->times.send_end), milliseconds(130));
    EXPECT_EQ(ms(event->at), milliseconds(135));
    EXPECT_EQ(event->charges.down_bytes, 3000);
    EXPECT_EQ(event->charges.up_bytes, 1000);
    EXPECT_EQ(fleet.next(Time::max()), nullptr);
}

TEST_F(VirtualFleetTest, TheNextPartComputesWhileOneIsSentAndTheNextTaskWaits) {
    VirtualFleet fleet(devices_, {});
    fleet.assign(task(1, 0, {part(0, 1, 10'000), part(0, 1, 10'000)}));
    fleet.assign(task(2, 0, {part(1000, 1, 1000)}));
    std::vector<std::pair<std::int64_t, long>> ends;
    while (const FleetEvent* const event = fleet.next(Time::max()))
        ends.emplace_back(event->task.value(), ms(event->times.send_end).count());
    // computed at 10, 20 and 30 ms; the uplink is busy 10 to 30, 30 to 50, 50 to 52
    EXPECT_EQ(ends, (std::vector<std::pair<std::int64_t, long>>{{1, 30}, {1, 50}, {2, 52}}));
}

TEST_F(VirtualFleetTest, LegsThatAreLeftOutTakeNoTime) {
    VirtualFleet fleet(devices_, {});
    fleet.assign(task(1, 0, {part(1000, 0, 0)}));
    fleet.assign(task(2, 1, {part(0, 1, 0)}));
    fleet.assign(task(3, 2, {part(0, 0, 1000)}));
    std::map<std::int64_t, milliseconds> ends;
    while (const FleetEvent* const event = fleet.next(Time::max()))
        ends[event->task.value()] = ms(event->at);
    EXPECT_EQ(ends[1], milliseconds(6));
    EXPECT_EQ(ends[2], milliseconds(10));
    EXPECT_EQ(ends[3], milliseconds(7));
}

TEST_F(VirtualFleetTest, NextTellsNothingLaterThanItIsAsked) {
    VirtualFleet fleet(devices_, {});
    fleet.assign(task(1, 0, {part(0, 1, 0)}));
    EXPECT_EQ(fleet.next(Time(milliseconds(10)) - VirtualClock::duration(1)), nullptr);
    EXPECT_NE(fleet.next(Time(milliseconds(10))), nullptr);
}

TEST_F(VirtualFleetTest, EventsOfOneTimeComeByDevice) {
    VirtualFleet fleet(devices_, {});
    for (const std::int32_t device : {2, 0, 1})
        fleet.assign(task(3 - device, device, {part(0, 1, 1000)}));
    std::vector<std::int32_t> order;
    while (const FleetEvent* const event = fleet.next(Time::max()))
        order.push_back(event->device.value());
    EXPECT_EQ(order, (std::vector<std::int32_t>{0, 1, 2}));
}

TEST_F(VirtualFleetTest, ARecalledDeviceStopsAndIsFree) {
    struct Moment {
        long at_ms;
        Leg leg;
        std::int64_t bytes;
    };
    for (const Moment moment : {Moment{2, Leg::Download, 2000}, Moment{12, Leg::Compute, 0},
                                Moment{20, Leg::Upload, 1000}}) {
        VirtualFleet fleet(devices_, {});
        fleet.assign(task(1, 0, {part(3000, 1, 10'000), part(3000, 1, 10'000)}));
        const Time at(milliseconds(moment.at_ms));
        fleet.recall(TaskId(1), at);
        fleet.assign(task(2, 0, {part(0, 1, 0)}, milliseconds(moment.at_ms)));
        bool told = false;
        while (const FleetEvent* const event = fleet.next(Time::max())) {
            if (event->task == TaskId(2)) {
                EXPECT_EQ(ms(event->at), milliseconds(moment.at_ms + 10));
                continue;
            }
            EXPECT_EQ(event->outcome, Outcome::Recalled);
            EXPECT_EQ(event->at, at);
            if (event->leg != moment.leg) continue;
            told = true;
            EXPECT_EQ(event->charges.down_bytes + event->charges.up_bytes, moment.bytes);
        }
        EXPECT_TRUE(told) << moment.at_ms;
    }
}

TEST_F(VirtualFleetTest, ARecallOfWhatHasEndedChangesNothing) {
    VirtualFleet fleet(devices_, {});
    fleet.assign(task(1, 0, {part(0, 1, 0)}));
    ASSERT_NE(fleet.next(Time::max()), nullptr);
    fleet.recall(TaskId(1), Time(milliseconds(50)));
    EXPECT_EQ(fleet.next(Time::max()), nullptr);
}

TEST_F(VirtualFleetTest, OverHalfDuplexTheTwoWaysAreOneQueue) {
    link_.duplex = Duplex::Half;
    VirtualFleet fleet(devices_, {});
    fleet.assign(task(1, 0, {part(0, 1, 10'000)}));  // sends from 10 to 30 ms
    fleet.assign(task(2, 0, {part(1000, 0, 0)}, milliseconds(12)));
    std::map<std::int64_t, long> received;
    while (const FleetEvent* const event = fleet.next(Time::max()))
        received[event->task.value()] = ms(event->times.receive_end).count();
    EXPECT_EQ(received[2], 31);
}

TEST_F(VirtualFleetTest, HeatAndDrawsGoOnFromTaskToTask) {
    profile_.compute_spread = 0.5;
    VirtualFleet fleet(devices_, {});
    std::set<VirtualClock::duration> lengths;
    for (int round = 0; round < 4; ++round) {
        fleet.assign(task(round, 0, {part(0, 1, 0)}, milliseconds(1000 * round)));
        const FleetEvent* const event = fleet.next(Time::max());
        ASSERT_NE(event, nullptr);
        lengths.insert(event->times.compute_end - event->times.compute_start);
    }
    EXPECT_EQ(lengths.size(), 4u);
}

TEST_F(VirtualFleetTest, AnEmptyBatteryEndsAllThatIsNotYetComputed) {
    profile_.battery_j = 1;
    profile_.compute_w = 40;  // 25 ms
    VirtualFleet fleet(devices_, {});
    fleet.assign(
        task(1, 0, {part(0, 1, 1000), part(0, 1, 1000), part(0, 1, 1000), part(0, 1, 1000)}));
    std::vector<Outcome> outcomes;
    while (const FleetEvent* const event = fleet.next(Time::max()))
        outcomes.push_back(event->outcome);
    using enum Outcome;
    EXPECT_EQ(outcomes, (std::vector<Outcome>{Done, CutOff, Gone, Gone, Done}));
    const Time empty = fleet.emptied(DeviceId(0)).value_or(Time{});
    EXPECT_NEAR(static_cast<double>(empty.time_since_epoch().count()), 25e6, 1);
    EXPECT_EQ(fleet.present(Time(milliseconds(30))).size(), 2u);
}

/// Random fleets: every part of every task ends once, in order of time, whatever happens.
TEST(VirtualFleetPropertyTest, EveryPartEndsOnceAndEventsAreInOrder) {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        RandomStream random(seed, Purpose::Test);
        const auto chance = [&](double share) { return random.uniform() < share; };
        DeviceProfile profile;
        profile.name = "d";
        profile.time_per_sample_s = 0.004;
        if (chance(0.3)) profile.compute_spread = 0.4;
        if (chance(0.3)) profile.battery_j = 2, profile.compute_w = 10;
        LinkProfile link;
        link.name = "l";
        link.uplink_bytes_per_s = 4e5;
        link.downlink_bytes_per_s = 9e5;
        link.latency_s = 0.002;
        if (chance(0.3)) link.duplex = Duplex::Half;
        if (chance(0.4)) link.cell_devices = 3, link.cell_uplink_bytes_per_s = 6e5;
        if (chance(0.3)) link.loss = 0.2;
        if (chance(0.3)) link.wake_up_s = 0.003, link.wake_after_s = 0.01;
        AvailabilityProfile comes_and_goes;
        comes_and_goes.name = "a";
        comes_and_goes.kind = AvailabilityKind::Markov;
        comes_and_goes.mean_on_s = 0.08;
        comes_and_goes.mean_off_s = 0.05;
        const bool always = chance(0.5);
        std::vector<FleetDevice> devices;
        for (std::int32_t i = 0; i < 7; ++i)
            devices.push_back({DeviceId(i), &profile, &link, always ? nullptr : &comes_and_goes});
        VirtualFleet fleet(devices, {seed, chance(0.4) ? 1e6 : 0});

        std::map<std::pair<std::int64_t, std::int32_t>, int> open;
        std::set<std::int64_t> recalled;
        std::int64_t next_task = 0;
        const auto assign = [&](Time now) {
            DeviceTask task;
            task.id = TaskId(next_task);
            task.device = DeviceId(static_cast<std::int32_t>(random.below(7)));
            task.ready = now + milliseconds(random.below(20));
            const auto parts = 1 + random.below(3);
            for (std::uint64_t j = 0; j < parts; ++j) {
                Part part;
                part.down_bytes = chance(0.5) ? 1500 : 0;
                part.compute.samples = chance(0.7) ? 2 : 0;
                part.up_bytes = chance(0.7) || part.compute.samples == 0 ? 2500 : 0;
                task.parts.push_back(part);
                open[{next_task, static_cast<std::int32_t>(j)}] = 1;
            }
            ++next_task;
            fleet.assign(std::move(task));
        };
        for (int i = 0; i < 5; ++i) assign(Time{});
        FleetEvent last;
        while (const FleetEvent* const event = fleet.next(Time::max())) {
            ASSERT_LE(std::tie(last.at, last.device), std::tie(event->at, event->device))
                << seed << ": " << last.at.time_since_epoch().count();
            last = *event;
            ASSERT_LE(event->start, event->at);
            if (event->outcome == Outcome::Done || event->outcome == Outcome::Gone) {
                ASSERT_FALSE(recalled.contains(event->task.value())) << seed;
                ASSERT_EQ((open[{event->task.value(), event->part}]--), 1) << seed;
            }
            const Time now = event->at;
            if (next_task < 40 && chance(0.7)) assign(now);
            if (next_task > 0 && chance(0.1)) {
                const auto id =
                    static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(next_task)));
                fleet.recall(TaskId(id), now);
                recalled.insert(id);
                last = {};  // what the recall tells is of this time, of any device
                last.at = now;
            } else {
                last.device = DeviceId();  // and a new task may end at once
            }
        }
        for (const auto& [key, count] : open)
            EXPECT_TRUE(count == 0 || recalled.contains(key.first))
                << seed << ": part " << key.second << " of task " << key.first;
        if (HasFailure()) return;
    }
}

TEST_F(VirtualFleetTest, TheForecastIsWhatNextThenTells) {
    const auto begin = [&](VirtualFleet& fleet) {
        for (std::int32_t i = 0; i < 3; ++i)
            fleet.assign(task(i, i, {part(1000, 1, 2000), part(0, 2 + i, 1000)}, milliseconds(i)));
        fleet.promise_quiet(Time::max());
    };
    VirtualFleet told(devices_, {});
    begin(told);
    VirtualFleet asked(devices_, {});
    begin(asked);
    const EventId first = asked.next(Time::max())->id;  // before it is asked
    EXPECT_EQ(told.next(Time::max())->id, first);
    const auto forecast_of_asked = [&] {
        std::vector<FleetEvent> events;
        asked.forecast([&](const FleetEvent& event) {
            events.push_back(event);
            return true;
        });
        return events;
    };
    const std::vector<FleetEvent> forecast = forecast_of_asked();
    EXPECT_EQ(forecast_of_asked().size(), 5U);  // nothing of it has been told yet
    int seen = 0;
    asked.forecast([&](const FleetEvent&) { return ++seen < 2; });
    EXPECT_EQ(seen, 2);
    for (const FleetEvent& foreseen : forecast) {
        EXPECT_EQ(asked.next(foreseen.at - milliseconds(1)), nullptr);
        const FleetEvent* const event = asked.next(foreseen.at);
        ASSERT_NE(event, nullptr);
        const FleetEvent* const expected = told.next(Time::max());
        EXPECT_EQ(event->id, expected->id);
        EXPECT_EQ(event->at, expected->at);
        EXPECT_EQ(event->task, expected->task);
        EXPECT_EQ(event->part, expected->part);
    }
    EXPECT_EQ(asked.next(Time::max()), nullptr);
    EXPECT_TRUE(forecast_of_asked().empty());
}

}  // namespace
}  // namespace mobi::test
