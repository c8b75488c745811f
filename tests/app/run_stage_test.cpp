// SPDX-License-Identifier: Apache-2.0
#include "app/run_stage.hpp"

#include "crew/fleet_source.hpp"
#include "messages/tags.hpp"
#include "prepare/round_fleet.hpp"
#include "prepare/run_record.hpp"
#include "prepare/tiny_run.hpp"
#include "server/record_rows.hpp"
#include "transport/local_channel.hpp"

namespace mobi::test {
namespace {

class RunStageTest : public TinyRun {
  protected:
    RunStageTest() : ends(LocalChannel::make_pair()) {}

    /// A run whose protocol assigns tasks, in synchronous rounds.
    PreparedRun with_tasks(const std::vector<std::string>& settings = {}) const {
        PreparedRun run = prepare(settings);
        RoundSettings rounds;
        rounds.rounds = {RoundProtocol::Sync, 4, 3, 5, 0, 5, Dispatch::AfterStep};
        run.method = std::make_unique<RoundFleet>(rounds);
        run.settled = false;
        run.deliveries.clear();
        return run;
    }

    static std::vector<std::string> wall() {
        return {"run.clock=wall", "run.compute=all", "run.time_scale=1000"};
    }

    /// Lets the protocol go on to its end; \return the ends of its steps.
    static std::vector<VirtualClock::time_point> drive(const PreparedRun& run, RunFleet& fleet) {
        std::vector<VirtualClock::time_point> times;
        const auto protocol = run.method->protocol(run.plan);
        while (const std::optional<Step> step = protocol->next(fleet)) times.push_back(step->end);
        while (fleet.next(VirtualClock::time_point::max()) != nullptr) {
        }
        return times;
    }

    LocalChannel::Pair ends;
};

TEST_F(RunStageTest, WithoutWorkersASettledRunIsRecorded) {
    const PreparedRun run = prepare();
    RunStage stage(run, nullptr, 1, [] {});
    EXPECT_EQ(stage.source(), nullptr);
    EXPECT_EQ(stage.pace(), nullptr);
    EXPECT_NE(dynamic_cast<RecordedFleet*>(&stage.fleet()), nullptr);
    EXPECT_TRUE(stage.fleet().settled());
    const auto times = drive(run, stage.fleet());
    EXPECT_EQ(static_cast<std::int64_t>(times.size()), run.timeline.updates);
    EXPECT_EQ(stage.fleet().delivered(), static_cast<std::int64_t>(run.deliveries.size()));
}

TEST_F(RunStageTest, WithoutWorkersTasksAreOfAVirtualFleet) {
    const PreparedRun run = with_tasks();
    RunStage stage(run, nullptr, 1, [] {});
    EXPECT_EQ(stage.source(), nullptr);
    EXPECT_EQ(stage.pace(), nullptr);
    EXPECT_NE(dynamic_cast<TaskFleet*>(&stage.fleet()), nullptr);
    const auto times = drive(run, stage.fleet());
    const TaskWalk walk = walk_tasks(run.config, run.plan, *run.method);
    EXPECT_EQ(static_cast<std::int64_t>(times.size()), walk.timeline.updates);
    EXPECT_EQ(stage.fleet().assigned(), walk.tasks);
    ASSERT_EQ(stage.fleet().delivered(), static_cast<std::int64_t>(walk.deliveries.arrived.size()));
    for (std::int64_t i = 0; i < stage.fleet().delivered(); ++i)
        EXPECT_EQ(stage.fleet().delivery(i).times.arrival,
                  walk.deliveries.arrived[static_cast<std::size_t>(i)].times.arrival);
}

TEST_F(RunStageTest, TheServersLinkIsThatOfTheConfiguration) {
    const PreparedRun free = with_tasks();
    const PreparedRun bound = with_tasks({"server.access_rate=8 kbit/s"});
    RunStage first(free, nullptr, 1, [] {});
    RunStage second(bound, nullptr, 1, [] {});
    EXPECT_LT(drive(free, first.fleet()).back(), drive(bound, second.fleet()).back());
}

TEST_F(RunStageTest, UnderTheVirtualClockWorkersArePumpedForPackets) {
    const PreparedRun run = prepare({"run.compute=packets"});
    RunStage stage(run, ends.first.get(), 1, [] {});
    EXPECT_NE(dynamic_cast<FleetSource*>(stage.source()), nullptr);
    EXPECT_NE(dynamic_cast<RecordedFleet*>(&stage.fleet()), nullptr);
    EXPECT_EQ(stage.pace(), nullptr);
    EXPECT_EQ(stage.source()->samples_planned(), static_cast<std::int64_t>(kTrain))
        << "no test set: nothing is computed";
}

TEST_F(RunStageTest, TheTestSetIsComputedWhereEverythingIs) {
    const PreparedRun run = prepare({"run.compute=all"});
    RunStage stage(run, ends.first.get(), 1, [] {});
    EXPECT_EQ(stage.source()->samples_planned(), static_cast<std::int64_t>(kTrain + 2 * kTest))
        << "with each of two backbones";
    ASSERT_NE(stage.source()->replies().evaluation(), nullptr);
    EXPECT_EQ(stage.source()->replies().evaluation()->truth.labels, run.test.labels);
}

TEST_F(RunStageTest, UnderTheWallClockTheSourceIsTheFleetAndHasThePace) {
    const PreparedRun run = prepare(wall());
    RunStage stage(run, ends.first.get(), 1, [] {});
    auto* const source = dynamic_cast<PacedSource*>(stage.source());
    ASSERT_NE(source, nullptr);
    EXPECT_EQ(&stage.fleet(), static_cast<RunFleet*>(source));
    EXPECT_EQ(stage.pace(), &source->pace());
    EXPECT_EQ(source->delivered(), 0);
    SummaryFacts facts;
    const auto rows = stage.pace_rows(facts);
    ASSERT_EQ(rows.size(), 1U) << "of rank 0; no worker has reported";
    EXPECT_EQ(rows[0].rank, 0);
    EXPECT_TRUE(facts.paced);
}

TEST_F(RunStageTest, TasksGoOverADesk) {
    const PreparedRun run = with_tasks({"run.compute=packets"});
    RunStage stage(run, ends.first.get(), 1, [] {});
    EXPECT_NE(dynamic_cast<TaskDesk*>(stage.source()), nullptr);
    EXPECT_NE(dynamic_cast<TaskFleet*>(&stage.fleet()), nullptr);
    EXPECT_EQ(stage.pace(), nullptr);
    EXPECT_EQ(stage.source()->evaluation(), nullptr);
    SummaryFacts facts;
    EXPECT_TRUE(stage.pace_rows(facts).empty());
}

TEST_F(RunStageTest, TasksArePacedUnderTheWallClock) {
    const PreparedRun run = with_tasks(wall());
    RunStage stage(run, ends.first.get(), 1, [] {});
    EXPECT_NE(dynamic_cast<TaskDesk*>(stage.source()), nullptr);
    auto* const pace = dynamic_cast<WallPace*>(stage.pace());
    ASSERT_NE(pace, nullptr);
    pace->begin({});
    DeviceTask task;
    task.id = TaskId(0);
    task.device = DeviceId(0);
    Part part;
    part.down_bytes = 1000;
    task.parts = {part};
    stage.fleet().assign(task);
    const FleetEvent* const event = stage.fleet().next(VirtualClock::time_point::max());
    ASSERT_NE(event, nullptr);
    EXPECT_GE(pace->clock().now(), event->at) << "no event is ahead of its time";
    SummaryFacts facts;
    EXPECT_EQ(stage.pace_rows(facts).size(), 1U);
    EXPECT_TRUE(facts.paced);
}

TEST_F(RunStageTest, WhoWaitsMayGiveUp) {
    const PreparedRun run = prepare({"run.compute=packets"});
    struct GivenUp {};
    RunStage stage(run, ends.first.get(), 1, [] { throw GivenUp(); });
    EXPECT_THROW(stage.source()->take(0), GivenUp) << "no worker answers";
}

TEST_F(RunStageTest, ThreadsBoundTheRequestsThatAWorkerHas) {
    for (const std::int32_t threads : {1, 3}) {
        auto channel = LocalChannel::make_pair();
        const PreparedRun run = prepare({"run.compute=packets", "forward.group_devices=1"});
        int waits = 0;
        RunStage stage(run, channel.first.get(), threads, [&] {
            if (++waits > 2) throw DataError("enough");
        });
        EXPECT_THROW(stage.source()->take(0), DataError);
        int requests = 0;
        while (const auto message = channel.second->receive(WallClock::duration(0)))
            requests += message->tag == kTagRequest ? 1 : 0;
        EXPECT_EQ(requests, 2 * threads) << "of seven: one computed, one waiting";
    }
}

TEST_F(RunStageTest, CostsAreThoseOfWhatHasArrived) {
    const PreparedRun run = prepare({"packet.dtype=int8"});
    RunStage stage(run, nullptr, 1, [] {});
    EXPECT_TRUE(stage.cost_rows().empty()) << "nothing has";
    drive(run, stage.fleet());
    const auto rows = stage.cost_rows();
    ASSERT_EQ(rows.size(), run.plan.devices.size());
    for (const record::CostRow& row : rows) {
        std::int64_t tokens = 0;
        std::int64_t bytes = 0;
        double flop = 0;
        for (const Delivery& delivery : run.deliveries)
            if (delivery.device == row.device) {
                tokens += delivery.tokens;
                bytes += delivery.charged_bytes;
                flop += delivery.charged_flop;
            }
        EXPECT_EQ(row.tokens, tokens);
        EXPECT_DOUBLE_EQ(row.charged_flop, flop);
        EXPECT_EQ(row.tap_bytes + row.scale_bytes + row.residual_bytes + row.label_bytes +
                      row.header_bytes + row.repeated_bytes,
                  bytes);
        EXPECT_EQ(row.compute_ns + row.send_ns - row.both_ns + row.wait_ns + row.off_ns,
                  row.done_ns);
    }
}

TEST_F(RunStageTest, CostsOfTasksAreWhatDevicesFetchedToo) {
    const PreparedRun run = with_tasks();
    RunStage stage(run, nullptr, 1, [] {});
    drive(run, stage.fleet());
    std::int64_t down = 0;
    for (const record::CostRow& row : stage.cost_rows()) down += row.down_bytes;
    std::int64_t fetched = 0;
    std::vector<bool> arrived(run.plan.devices.size());
    for (std::int64_t i = 0; i < stage.fleet().delivered(); ++i)
        arrived[static_cast<std::size_t>(stage.fleet().delivery(i).device)] = true;
    for (const Download& download : stage.fleet().downloads())
        if (arrived[static_cast<std::size_t>(download.device)]) fetched += download.charged_bytes;
    EXPECT_GT(down, 0);
    EXPECT_EQ(down, fetched);
}

TEST_F(RunStageTest, WhereNothingIsUploadedThereAreNoCosts) {
    const PreparedRun run = prepare({"method.name=central_side"});
    RunStage stage(run, nullptr, 1, [] {});
    drive(run, stage.fleet());
    EXPECT_GT(stage.fleet().delivered(), 0);
    EXPECT_TRUE(stage.cost_rows().empty());
}

}  // namespace
}  // namespace mobi::test
