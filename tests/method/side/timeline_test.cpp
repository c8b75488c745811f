// SPDX-License-Identifier: Apache-2.0
#include "method/side/timeline.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "method/recorded_fleet.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;

VirtualClock::time_point at(int ms) {
    return VirtualClock::time_point(milliseconds(ms));
}

/// Two devices of four samples, packets of two; an update takes 10 ms.
class TimelineTest : public ::testing::Test {
  protected:
    TimelineTest() {
        plan.backbones.resize(1);
        plan.packet_samples = 2;
        plan.samples.resize(8);
        for (std::int32_t id = 0; id < 2; ++id) {
            DevicePlan device;
            device.id = id;
            device.admitted = true;
            for (std::int32_t i = 0; i < 4; ++i) device.samples.push_back(4 * id + i);
            if (id == 0) std::swap(device.samples[0], device.samples[1]);
            plan.devices.push_back(device);
        }
        deliver(0, 0, 100);
        deliver(1, 0, 105);
        deliver(0, 1, 200);
        deliver(1, 1, 1000);
        settings.server.batch = 4;
        settings.server.epochs = 3;
        settings.update_time = [](std::span<const std::int32_t>) { return milliseconds(10); };
    }

    void deliver(std::int32_t device, std::int32_t packet, int ms) {
        Delivery delivery;
        delivery.device = device;
        delivery.packet = packet;
        const auto& shard = plan.devices[static_cast<std::size_t>(device)].samples;
        delivery.samples.assign(shard.begin() + 2 * packet, shard.begin() + 2 * packet + 2);
        delivery.times.arrival = at(ms);
        deliveries.push_back(delivery);
    }

    /// A packet of a device's second pass, which has two a pass.
    void deliver_again(std::int32_t device, std::int32_t packet, int ms) {
        deliver(device, packet - 2, ms);
        deliveries.back().packet = packet;
    }

    /// A timeline that knows what will arrive.
    Timeline begun(RecordedFleet& fleet) {
        Timeline timeline(plan, settings);
        timeline.begin(Arrivals(plan, fleet, Awaited(0, 1, plan.packets_planned())));
        return timeline;
    }

    std::vector<Step> all() {
        RecordedFleet fleet(deliveries);
        Timeline timeline = begun(fleet);
        std::vector<Step> steps;
        while (std::optional<Step> step = timeline.next(fleet)) steps.push_back(std::move(*step));
        EXPECT_EQ(static_cast<std::int64_t>(steps.size()), timeline.updates_planned());
        return steps;
    }

    FleetPlan plan;
    std::vector<Delivery> deliveries;
    TimelineSettings settings;
};

TEST_F(TimelineTest, ArrivalReplayIsTheHandDerivedTimeline) {
    // R = 3 epochs x 2 batches = 6, A = 4, T = 10.  With 2 of 8 samples 1 gap update is allowed,
    // with 4 of 8 three, with 6 of 8 four, then all six.
    const std::vector<Step> steps = all();
    ASSERT_EQ(steps.size(), 10U);
    const std::vector<int> starts{100, 110, 120, 130, 140, 200, 210, 1000, 1010, 1020};
    const std::vector<char> kinds{'A', 'A', 'R', 'R', 'R', 'A', 'R', 'A', 'R', 'R'};
    const std::vector<std::int64_t> inbox{2, 4, 4, 4, 4, 6, 6, 8, 8, 8};
    for (std::size_t i = 0; i < steps.size(); ++i) {
        EXPECT_EQ(steps[i].start, at(starts[i])) << i;
        EXPECT_EQ(steps[i].end, at(starts[i] + 10)) << i;
        EXPECT_EQ(steps[i].kind, kinds[i] == 'A' ? StepKind::Update : StepKind::Replay) << i;
        EXPECT_EQ(steps[i].kept_samples, inbox[i]) << i;
        EXPECT_EQ(steps[i].number, static_cast<std::int64_t>(i));
    }
    EXPECT_EQ(steps[0].samples, (std::vector<std::int32_t>{0, 1}));
    EXPECT_EQ(steps[0].inputs, std::vector{EventId(0)});
    EXPECT_EQ(steps[1].inputs, std::vector{EventId(1)});
    EXPECT_EQ(steps[1].arrival, EventId(1));
    EXPECT_EQ(steps[1].device, DeviceId(1));
    EXPECT_TRUE(steps[2].inputs.empty());
    EXPECT_EQ(steps[2].device, DeviceId());
    EXPECT_EQ(steps[1].waiting, 0);
}

TEST_F(TimelineTest, WhatLostPacketsLeaveOfTheScheduleFollowsTheLastArrival) {
    deliveries.pop_back();  // samples 6 and 7
    const std::vector<Step> steps = all();
    // T = 10 as before: three updates on arrivals, the other seven are replay.
    ASSERT_EQ(steps.size(), 10U);
    EXPECT_EQ(std::count_if(steps.begin(), steps.end(),
                            [](const Step& step) { return step.kind == StepKind::Update; }),
              3);
    EXPECT_EQ(steps[6].start, at(210));
    // With 6 of 8 samples there: two permutations of them, the last one cut.
    std::vector<int> passes(8);
    for (const Step& step : std::span(steps).subspan(6))
        for (const std::int32_t id : step.samples) ++passes[static_cast<std::size_t>(id)];
    for (std::size_t id = 0; id < 6; ++id) EXPECT_GE(passes[id], 2) << id;
    EXPECT_EQ(passes[6] + passes[7], 0);
}

TEST_F(TimelineTest, TheScheduleIsThatOfThePacketsPlanned) {
    deliveries.erase(deliveries.begin());
    for (const auto& [mode, planned] :
         {std::pair(ServerMode::ArrivalReplay, 10), std::pair(ServerMode::ArrivalOnly, 4),
          std::pair(ServerMode::PerDevice, 10)}) {
        settings.server.mode = mode;
        EXPECT_EQ(Timeline(plan, settings).updates_planned(), planned);
    }
    settings.server.mode = ServerMode::ArrivalOnly;
    RecordedFleet fleet(deliveries);
    Timeline timeline = begun(fleet);
    int steps = 0;
    while (timeline.next(fleet)) ++steps;
    EXPECT_EQ(steps, 3);  // and nothing is replayed
}

TEST_F(TimelineTest, APacketThatArrivesDuringAnUpdateWaits) {
    deliveries[1].times.arrival = at(101);
    settings.update_time = [](std::span<const std::int32_t>) { return milliseconds(50); };
    deliveries[2].times.arrival = at(140);
    const std::vector<Step> steps = all();
    EXPECT_EQ(steps[1].start, at(150));
    EXPECT_EQ(steps[1].kind, StepKind::Update);
    EXPECT_EQ(steps[1].waiting, 1);  // the third packet came at 140
    EXPECT_EQ(steps[2].kind, StepKind::Update);
    EXPECT_EQ(steps[2].start, at(200));
}

TEST_F(TimelineTest, ArrivalOnlyNeverReplays) {
    settings.server.mode = ServerMode::ArrivalOnly;
    settings.server.updates_per_arrival = 2;
    const std::vector<Step> steps = all();
    ASSERT_EQ(steps.size(), 8U);
    for (const Step& step : steps) EXPECT_EQ(step.kind, StepKind::Update);
    EXPECT_EQ(steps[0].arrival, EventId(0));
    EXPECT_EQ(steps[1].arrival, EventId(0));
    EXPECT_TRUE(steps[1].inputs.empty());
}

TEST_F(TimelineTest, ReplayAfterAllBeginsWithTheLastArrivalAndDealsWholeEpochs) {
    settings.server.mode = ServerMode::ReplayAfterAll;
    settings.train_after_all = true;
    const std::vector<Step> steps = all();
    ASSERT_EQ(steps.size(), 6U);
    EXPECT_EQ(steps[0].start, at(1000));
    for (std::size_t epoch = 0; epoch < 3; ++epoch) {
        std::set<std::int32_t> dealt;
        for (std::size_t i = 0; i < 2; ++i)
            for (const std::int32_t id : steps[2 * epoch + i].samples) dealt.insert(id);
        EXPECT_EQ(dealt.size(), 8U);
    }
}

TEST_F(TimelineTest, PerDeviceGivesEveryDeviceItsOwnScheduleAndSamples) {
    settings.server.mode = ServerMode::PerDevice;
    const std::vector<Step> steps = all();
    // Each: A = 2, R = 3 epochs x 1 batch, T = 5.
    ASSERT_EQ(steps.size(), 10U);
    std::vector<std::int64_t> next(2, 0);
    for (const Step& step : steps) {
        EXPECT_EQ(step.model_step, next[static_cast<std::size_t>(step.model)]++);
        EXPECT_EQ(step.model_steps, 5);
        for (const std::int32_t id : step.samples) EXPECT_EQ(id / 4, step.model);
    }
    EXPECT_EQ(next, (std::vector<std::int64_t>{5, 5}));
}

TEST_F(TimelineTest, NoStepUsesWhatHasNotArrived) {
    std::size_t taken = 0;
    for (const Step& step : all()) {
        for (const EventId input : step.inputs) EXPECT_EQ(input.index(), taken++);
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            if (i < taken)
                EXPECT_LE(deliveries[i].times.arrival, step.start);
            else
                for (const std::int32_t id : deliveries[i].samples)
                    EXPECT_EQ(std::count(step.samples.begin(), step.samples.end(), id), 0);
        }
    }
    EXPECT_EQ(taken, deliveries.size());
}

TEST_F(TimelineTest, ArrivalsEndAtTheDeadlineOrWithEnough) {
    const auto awaited = [&](double deadline_s, double enough_share) {
        RecordedFleet fleet(deliveries);
        Arrivals arrivals(plan, fleet, Awaited(deadline_s, enough_share, 4));
        std::int64_t count = 0;
        while (arrivals.get(fleet, count) != nullptr) ++count;
        EXPECT_EQ(arrivals.awaited()[0] + arrivals.awaited()[1], count);
        EXPECT_EQ(arrivals.count_by(fleet, at(5000)), count);
        return count;
    };
    EXPECT_EQ(awaited(0, 1), 4);
    EXPECT_EQ(awaited(0.2, 1), 3);  // an arrival at the deadline is in time
    EXPECT_EQ(awaited(0.199, 1), 2);
    EXPECT_EQ(awaited(0, 0.25), 1);
    EXPECT_EQ(awaited(0, 0.26), 2);
}

TEST_F(TimelineTest, AnArrivalIsCountedWhenItIsThere) {
    RecordedFleet fleet(deliveries);
    Arrivals arrivals(plan, fleet, Awaited(0, 1, 4));
    EXPECT_EQ(arrivals.count_by(fleet, at(99)), 0);
    EXPECT_EQ(arrivals.count_by(fleet, at(105)), 2);
    EXPECT_EQ(arrivals.count_by(fleet, at(100)), 1);
    EXPECT_EQ(arrivals.get(fleet, 3)->at, at(1000));
    EXPECT_EQ(arrivals.count_by(fleet, at(200)), 3);
}

TEST_F(TimelineTest, ARefusedDeviceHasNoPartInIt) {
    plan.devices[1].admitted = false;
    deliveries.erase(deliveries.begin() + 3);
    deliveries.erase(deliveries.begin() + 1);
    for (const Step& step : all())
        for (const std::int32_t id : step.samples) EXPECT_LT(id, 4);
}

TEST_F(TimelineTest, UpdatesOfMoreThan200YearsAreRefused) {
    settings.update_time = [](std::span<const std::int32_t>) {
        return std::chrono::hours(24 * 365 * 30);
    };
    RecordedFleet fleet(deliveries);
    Timeline timeline = begun(fleet);  // of ten updates
    for (int update = 0; update < 6; ++update)
        EXPECT_LT(timeline.next(fleet).value().end, kHorizon);
    EXPECT_THROW(timeline.next(fleet), ConfigError);
}

TEST_F(TimelineTest, MoreUpdatesThanARunCanHoldAreRefused) {
    settings.server.epochs = 1'000'000;  // two updates each
    EXPECT_EQ(Timeline(plan, settings).updates_planned(), 2'000'004);
    settings.server.epochs = 2'147'483'647;
    EXPECT_THROW(Timeline(plan, settings), ConfigError);
    settings.server.epochs = 3;
    settings.server.updates_per_arrival = 2'147'483'647;
    EXPECT_THROW(Timeline(plan, settings), ConfigError);
}

/// Passes of the eight samples.
std::vector<int> passes_of(const std::vector<Step>& steps) {
    std::vector<int> passes(8);
    for (const Step& step : steps)
        for (const std::int32_t id : step.samples) ++passes[static_cast<std::size_t>(id)];
    return passes;
}

void expect_within_one(const std::vector<int>& passes) {
    const auto [least, most] = std::minmax_element(passes.begin(), passes.end());
    EXPECT_LE(*most - *least, 1) << ::testing::PrintToString(passes);
}

TEST_F(TimelineTest, BalancedPassesAreEqualInTheEndInEveryModeThatReplays) {
    settings.server.balance = Balance::Passes;
    settings.server.epochs = 5;
    for (const ServerMode mode :
         {ServerMode::ArrivalReplay, ServerMode::ReplayAfterAll, ServerMode::PerDevice})
        for (const int updates_per_arrival : {0, 1, 3}) {
            settings.server.mode = mode;
            settings.server.updates_per_arrival = updates_per_arrival;
            settings.train_after_all = mode == ServerMode::ReplayAfterAll;
            SCOPED_TRACE(updates_per_arrival);
            const std::vector<Step> steps = all();
            expect_within_one(passes_of(steps));
            const std::vector<Step> again = all();
            for (std::size_t i = 0; i < steps.size(); ++i)
                EXPECT_EQ(steps[i].samples, again[i].samples);
        }
}

TEST_F(TimelineTest, BalancedPassesForeseeTheLaterPassesOfDevices) {
    plan.device_epochs = 2;
    settings.server.balance = Balance::Passes;
    deliver_again(0, 2, 1100);
    deliver_again(0, 3, 1200);
    deliver_again(1, 2, 5000);  // long after replay has spent its updates
    deliver_again(1, 3, 5100);
    expect_within_one(passes_of(all()));
    // without them: all but the last packet's samples have had every pass
    deliveries.pop_back();
    expect_within_one(passes_of(all()));
}

TEST_F(TimelineTest, BalancedPassesAreOfWhatArrives) {
    settings.server.balance = Balance::Passes;
    deliveries.pop_back();  // samples 6 and 7
    std::vector<int> passes = passes_of(all());
    EXPECT_EQ(passes[6] + passes[7], 0);
    passes.resize(6);
    expect_within_one(passes);
}

TEST_F(TimelineTest, PatienceCountsEvaluationsAfterTheLastArrival) {
    settings.server.epochs = 40;  // R = 80, T = 84, a quarter of R after the last arrival
    settings.eval.every = 2;
    settings.eval.patience = 3;
    RecordedFleet fleet(deliveries);
    Timeline timeline = begun(fleet);
    const std::vector<double> metrics{50, 60, 60, std::nan(""), 61, 61, 60, 59, 99};
    std::size_t told = 0;
    std::int64_t updates = 0;
    while (const std::optional<Step> step = timeline.next(fleet)) {
        ++updates;
        EXPECT_EQ(step->decides, updates % 2 == 0 && step->kept_samples == 8) << updates;
        if (step->decides) timeline.tell(metrics.at(told++));
    }
    EXPECT_EQ(told, 8U) << "61 was the best, then three without a better one";
    EXPECT_LT(updates, timeline.updates_planned());
}

TEST_F(TimelineTest, WithoutVerdictsNothingStopsEarly) {
    settings.eval.every = 2;
    settings.eval.patience = 1;
    EXPECT_EQ(all().size(), 10U);  // of all(): those planned
}

}  // namespace
}  // namespace mobi::test
