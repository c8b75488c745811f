// SPDX-License-Identifier: Apache-2.0
#include "prepare/timeline_walk.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "fleet/virtual_fleet.hpp"
#include "method/event_record.hpp"
#include "method/plans.hpp"
#include "method/recorded_fleet.hpp"
#include "method/task_fleet.hpp"
#include "prepare/round_fleet.hpp"
#include "prepare/run_record.hpp"
#include "server/downloads.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;

double seconds(VirtualClock::duration time) {
    return std::chrono::duration<double>(time).count();
}

/// What a protocol does over a fleet, step by step.
std::vector<Step> steps_of(Protocol& protocol, FleetClock& fleet) {
    std::vector<Step> steps;
    while (const std::optional<Step> step = protocol.next(fleet)) steps.push_back(*step);
    return steps;
}

Time last_end(const std::vector<Step>& steps) {
    return steps.empty() ? Time{} : steps.back().end;
}

void expect_steps(const TimelineEnd& timeline, const std::vector<Step>& steps) {
    EXPECT_EQ(timeline.updates, static_cast<std::int64_t>(steps.size()));
    double busy = 0;
    std::int64_t samples = 0;
    for (const Step& step : steps) {
        busy += seconds(step.end - step.start);
        samples += static_cast<std::int64_t>(step.samples.size());
    }
    EXPECT_NEAR(timeline.busy_s, busy, 1e-9 * (1 + busy));
    EXPECT_EQ(timeline.update_samples, samples);
}

class TimelineWalkTest : public ::testing::Test {
  protected:
    TimelineWalkTest() {
        config.packet.samples = plan.packet_samples;
        config.server.epochs = 2;
        plan.device_epochs = 1;
        admit(plan, config.cost, config.data.max_tokens);
    }

    /// A fleet of some devices whose shards, texts and links are drawn.
    static FleetPlan drawn(std::uint64_t seed) {
        RandomStream random(seed, Purpose::Test, 21);
        FleetPlan plan = two_devices();
        plan.packet_samples = 1 + static_cast<std::int32_t>(random.below(6));
        const DevicePlan model = plan.devices[0];
        plan.devices.clear();
        plan.samples.clear();
        const std::size_t devices = 1 + random.below(8);
        for (std::size_t i = 0; i < devices; ++i) {
            DevicePlan device = model;
            device.id = static_cast<std::int32_t>(i);
            device.profile.rate_fp16_flop_per_s = 1e11 * (1 + random.uniform());
            device.link.uplink_bytes_per_s = 1e5 + 1e6 * random.uniform();
            device.samples.resize(1 + random.below(12));
            for (std::int32_t& id : device.samples) {
                id = static_cast<std::int32_t>(plan.samples.size());
                plan.samples.push_back({-1, -1, 4 + static_cast<std::int32_t>(random.below(60))});
            }
            plan.devices.push_back(device);
        }
        return plan;
    }

    RunConfig config;
    FleetPlan plan = two_devices();
};

TEST_F(TimelineWalkTest, IsTheProtocolOverWhatArrives) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        plan = drawn(seed);
        admit(plan, config.cost, config.data.max_tokens);
        config.server.mode = static_cast<ServerMode>(seed % 4);
        config.server.batch = static_cast<int>(1 + seed % 7);
        const auto method = make_method(config);
        const Deliveries all = method->settle(plan);
        const TimelineEnd walked =
            walk_timeline({config, plan, *method, all.arrived, all.leftovers});
        RecordedFleet fleet(all.arrived);
        const auto steps = steps_of(*method->protocol(plan), fleet);
        expect_steps(walked, steps);
        Time end = last_end(steps);
        for (const Delivery& delivery : all.arrived) end = std::max(end, delivery.times.arrival);
        EXPECT_EQ(walked.end, end);
        EXPECT_EQ(walked.run_end, walked.end);
        EXPECT_EQ(walked.missing_downloads, 0) << "none is looked at";
    }
}

TEST_F(TimelineWalkTest, LastsUntilTheLastArrivalEvenWhereNothingIsDoneOnIt) {
    config.server.mode = ServerMode::ReplayAfterAll;
    config.server.epochs = 0;
    const auto method = make_method(config);
    const Deliveries all = method->settle(plan);
    const TimelineEnd walked = walk_timeline({config, plan, *method, all.arrived, all.leftovers});
    EXPECT_EQ(walked.updates, 0);
    EXPECT_EQ(walked.busy_s, 0);
    EXPECT_GT(walked.end, Time{});
    EXPECT_EQ(walked.end, all.arrived.back().times.arrival);
    EXPECT_EQ(walked.run_end, walked.end);
}

TEST_F(TimelineWalkTest, TheRunEndsWithTheLastDownload) {
    const auto method = make_method(config);
    const Deliveries all = method->settle(plan);
    const TimelineInput input{config, plan, *method, all.arrived, all.leftovers};
    const TimelineEnd walked = walk_timeline(input);
    const TimelineEnd foreseen = foresee_run(input);
    expect_steps(foreseen, [&] {
        RecordedFleet fleet(all.arrived);
        return steps_of(*method->protocol(plan), fleet);
    }());
    EXPECT_EQ(foreseen.end, walked.end);
    Time last = walked.end;
    for (const std::size_t device : {0U, 1U}) {
        // alone on its link: bytes / rate, then the latency
        const LinkProfile& link = plan.devices[device].link;
        const auto bytes = static_cast<double>(method->download_bytes(plan)[device]);
        last = std::max(last, walked.end +
                                  std::chrono::nanoseconds(
                                      std::llround(1e9 * bytes / link.downlink_bytes_per_s)) +
                                  std::chrono::nanoseconds(std::llround(1e9 * link.latency_s)));
    }
    EXPECT_EQ(foreseen.run_end, last);
    EXPECT_EQ(foreseen.missing_downloads, 0);
}

TEST_F(TimelineWalkTest, ADeviceThatNeverComesBackMissesItsDownload) {
    const auto method = make_method(config);
    Deliveries all = method->settle(plan);
    all.leftovers.emptied = {{1, Time(std::chrono::seconds(1))}};
    const TimelineInput input{config, plan, *method, all.arrived, all.leftovers};
    const TimelineEnd foreseen = foresee_run(input);
    EXPECT_EQ(foreseen.missing_downloads, 1);
    all.leftovers.emptied.insert(all.leftovers.emptied.begin(), {0, Time{}});
    const TimelineEnd nobody = foresee_run(input);
    EXPECT_EQ(nobody.missing_downloads, 2);
    EXPECT_EQ(nobody.run_end, nobody.end) << "nothing is fetched";
}

TEST_F(TimelineWalkTest, WithoutDownloadsARunEndsWithItsLastUpdate) {
    config.method.name = "central_side";
    const auto method = make_method(config);
    ASSERT_TRUE(method->download_bytes(plan).empty());
    const Deliveries all = method->settle(plan);
    const TimelineInput input{config, plan, *method, all.arrived, all.leftovers};
    const TimelineEnd foreseen = foresee_run(input);
    EXPECT_EQ(foreseen.run_end, foreseen.end);
    EXPECT_EQ(foreseen.end, walk_timeline(input).end);
}

TEST_F(TimelineWalkTest, DownloadsAreBoundByTheServersLink) {
    const auto method = make_method(config);
    const Deliveries all = method->settle(plan);
    config.server.access_bytes_per_s = 1000;
    const TimelineInput input{config, plan, *method, all.arrived, all.leftovers};
    const TimelineEnd foreseen = foresee_run(input);
    const auto bytes = method->download_bytes(plan);
    EXPECT_GE(seconds(foreseen.run_end - foreseen.end),
              std::accumulate(bytes.begin(), bytes.end(), 0.0) / 1000)
        << "both are carried by it";
}

TEST_F(TimelineWalkTest, AnEndlessTimelineIsRefused) {
    config.server.rate_flop_per_s = 1e-9;
    const auto method = make_method(config);
    const Deliveries all = method->settle(plan);
    EXPECT_THROW(walk_timeline({config, plan, *method, all.arrived, all.leftovers}), ConfigError);
}

TEST_F(TimelineWalkTest, TasksAreThoseOfAFleetDrivenByHand) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        plan = drawn(seed);
        admit(plan, config.cost, config.data.max_tokens);
        RoundSettings settings;
        settings.seed = seed;
        settings.rounds.protocol = seed % 2 == 0 ? RoundProtocol::Sync : RoundProtocol::Buffered;
        settings.rounds.count = 5;
        settings.rounds.wanted = 1;
        settings.rounds.selected =
            std::min(2, static_cast<std::int32_t>(plan.devices.size()));  // one is recalled
        settings.rounds.concurrency = settings.rounds.selected;
        const RoundFleet method(settings);
        const TaskWalk walk = walk_tasks(config, plan, method);

        VirtualFleet clock(admitted_fleet(plan), method_settings(config).fleet);
        TaskFleet fleet(clock, plan, method.contents(), nullptr);
        const auto protocol = method.protocol(plan);
        const auto steps = steps_of(*protocol, fleet);
        while (fleet.next(Time::max()) != nullptr) {
        }
        expect_steps(walk.timeline, steps);
        EXPECT_EQ(walk.tasks, fleet.assigned());
        EXPECT_GE(walk.tasks, settings.rounds.count);
        std::int64_t down = 0;
        for (const Download& download : fleet.downloads()) down += download.charged_bytes;
        EXPECT_EQ(walk.down_bytes, down);
        ASSERT_EQ(static_cast<std::int64_t>(walk.deliveries.arrived.size()), fleet.delivered());
        Time end = last_end(steps);
        for (std::size_t i = 0; i < walk.deliveries.arrived.size(); ++i) {
            const Delivery& mine = walk.deliveries.arrived[i];
            const Delivery& other = fleet.delivery(static_cast<std::int64_t>(i));
            EXPECT_EQ(mine.task, other.task);
            EXPECT_EQ(mine.device, other.device);
            EXPECT_EQ(mine.times.arrival, other.times.arrival);
            EXPECT_EQ(mine.charged_bytes, RoundFleet::kUpBytes);
            end = std::max(end, mine.times.arrival);
        }
        EXPECT_EQ(walk.timeline.end, end);
        EXPECT_EQ(walk.timeline.run_end, end);
        ASSERT_EQ(walk.deliveries.lost.size(), fleet.lost().size());
        for (std::size_t i = 0; i < fleet.lost().size(); ++i) {
            EXPECT_EQ(walk.deliveries.lost[i].device, fleet.lost()[i].device);
            EXPECT_EQ(walk.deliveries.lost[i].end, fleet.lost()[i].end);
        }
        EXPECT_EQ(walk.deliveries.leftovers.emptied, emptied_devices(clock, plan));
    }
}

TEST_F(TimelineWalkTest, DevicesThatRunEmptyAmongTheirTasksAreLeftOver) {
    plan.devices[1].profile.battery_j = 1e-3;
    RoundSettings settings;
    settings.rounds = {RoundProtocol::Sync, 3, 2, 2, 0, 2, Dispatch::AfterStep};
    const TaskWalk walk = walk_tasks(config, plan, RoundFleet(settings));
    ASSERT_EQ(walk.deliveries.leftovers.emptied.size(), 1U);
    EXPECT_EQ(walk.deliveries.leftovers.emptied[0].first, 1);
}

TEST_F(TimelineWalkTest, TasksShareTheServersLinkOfTheConfiguration) {
    RoundSettings settings;
    settings.rounds = {RoundProtocol::Sync, 1, 2, 2, 0, 2, Dispatch::AfterStep};
    const Time free = walk_tasks(config, plan, RoundFleet(settings)).timeline.end;
    config.server.access_bytes_per_s = 1000;
    const Time bound = walk_tasks(config, plan, RoundFleet(settings)).timeline.end;
    EXPECT_GT(bound, free);
    EXPECT_GE(seconds(bound.time_since_epoch()),
              2 * static_cast<double>(RoundFleet::kDownBytes + RoundFleet::kUpBytes) / 1000);
}

}  // namespace
}  // namespace mobi::test
