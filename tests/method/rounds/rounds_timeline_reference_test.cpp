// SPDX-License-Identifier: Apache-2.0
// Rounds on a star of devices, to the nanosecond: synchronous with deadline and over-selection, and
// buffered asynchronous, by the rules that the reference states.
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/text_file.hpp"
#include "method/rounds/buffered_rounds.hpp"
#include "method/rounds/sync_rounds.hpp"
#include "method/watched_fleet.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

using nlohmann::json;
using Time = VirtualClock::time_point;

constexpr const char* kCase = "vectors/algorithms/rounds_timeline/case.json";

VirtualClock::duration duration(std::int64_t ns) {
    return std::chrono::nanoseconds(ns);
}
std::int64_t ns(Time time) {
    return time.time_since_epoch().count();
}

/// Who is asked in each round, as the reference lists them.
class GivenSelector final : public DeviceSelector {
  public:
    explicit GivenSelector(std::vector<std::vector<DeviceId>> rounds)
        : rounds_(std::move(rounds)) {}

    std::vector<DeviceId> select(std::int64_t draw,
                                 std::span<const DeviceId>,
                                 std::size_t) override {
        return rounds_.at(static_cast<std::size_t>(draw));
    }

  private:
    std::vector<std::vector<DeviceId>> rounds_;
};

class RoundsTimelineTest : public ::testing::Test {
  protected:
    void SetUp() override {
        MOBI_NEEDS_SHARED(kCase);
        case_ = json::parse(read_text_file(shared_path(kCase)));
        for (const json& one : case_["settings"]["fleet"])
            star_.add(one["compute_s"], one["downlink"].get<double>() / 8,
                      one["uplink"].get<double>() / 8, one["latency_ns"].get<double>() * 1e-9);
    }

    RoundWork work(const json& scenario) const {
        RoundWork work;
        work.parts = [this](DeviceId device, std::int32_t) {
            const json& one = case_["settings"]["fleet"][device.index()];
            Part part;
            part.down_bytes = one["bytes_down"];
            part.up_bytes = one["bytes_up"];
            part.compute.samples = 1;
            return std::vector<Part>{part};
        };
        work.aggregate_time = [time = duration(scenario["aggregate_ns"])](std::size_t) {
            return time;
        };
        return work;
    }

    static void expect_times(const FleetEvent& event, const json& expected) {
        EXPECT_EQ(ns(event.times.received), expected["download_end"]);
        EXPECT_EQ(ns(event.times.compute_end), expected["compute_end"]);
        EXPECT_EQ(ns(event.times.send_end), expected["upload_end"]);
        EXPECT_EQ(ns(event.times.arrival), expected["arrival"]);
    }

    json case_;
    Star star_;
};

TEST_F(RoundsTimelineTest, SynchronousRounds) {
    for (const char* name : {"sync", "sync_deadline", "sync_over_selection"}) {
        SCOPED_TRACE(name);
        const json& scenario = case_["scenarios"][name];
        SyncRoundSettings settings;
        settings.rounds = static_cast<std::int32_t>(scenario["rounds"].size());
        settings.wanted = scenario["wanted"];
        settings.selected = 6;
        if (!scenario["deadline_ns"].is_null())
            settings.deadline = duration(scenario["deadline_ns"]);
        std::vector<std::vector<DeviceId>> selected;
        for (const json& round : scenario["rounds"]) {
            selected.emplace_back();
            for (const json& task : round["tasks"])
                selected.back().emplace_back(task["device"].get<std::int32_t>());
        }
        WatchedFleet fleet(star_.devices());
        SyncRounds rounds(settings, work(scenario), std::make_unique<GivenSelector>(selected));
        std::size_t first_task = 0;
        Time end{};
        for (const json& round : scenario["rounds"]) {
            const std::optional<Step> step = rounds.next(fleet);
            ASSERT_TRUE(step);
            std::vector<std::int32_t> counted;
            for (const EventId input : step->inputs)
                counted.push_back(fleet.event(input).device.value());
            EXPECT_EQ(json(counted), round["counted"]);
            EXPECT_EQ(ns(step->start), round["aggregation_start"]);
            EXPECT_EQ(ns(step->end), round["aggregation_end"]);
            end = step->end;
            fleet.drain(step->start);  // the recalls
            for (std::size_t i = 0; i < round["tasks"].size(); ++i) {
                const json& expected = round["tasks"][i];
                const DeviceTask& task = fleet.tasks().at(first_task + i);
                EXPECT_EQ(ns(task.ready), round["dispatch"]);
                EXPECT_EQ(task.version, expected["version"]);
                if (expected["outcome"] == "recalled")
                    EXPECT_EQ(fleet.recalled_in(task.id), expected["stage"].get<std::string>());
                else
                    expect_times(*fleet.done(task.id), expected);
            }
            first_task += round["tasks"].size();
        }
        EXPECT_FALSE(rounds.next(fleet));
        EXPECT_EQ(ns(end), scenario["end"]);
    }
}

TEST_F(RoundsTimelineTest, BufferedAsynchronous) {
    for (const char* name : {"async_at_once", "async_after_step", "async_slow_server"}) {
        SCOPED_TRACE(name);
        const json& scenario = case_["scenarios"][name];
        BufferedRoundSettings settings;
        settings.concurrency = scenario["concurrency"];
        settings.buffer = scenario["buffer"];
        settings.steps = scenario["steps"];
        settings.dispatch = scenario["replacement_of_the_filling_arrival"] == "after its step"
                                ? Dispatch::AfterStep
                                : Dispatch::AtOnce;
        std::vector<DeviceId> order;
        for (const std::int32_t device : scenario["order"]) order.emplace_back(device);
        WatchedFleet fleet(star_.devices());
        BufferedRounds rounds(settings, work(scenario), std::make_unique<CyclicSelector>(order));
        Time end{};
        for (const json& expected : scenario["aggregations"]) {
            const std::optional<Step> step = rounds.next(fleet);
            ASSERT_TRUE(step);
            std::vector<std::int64_t> tasks, staleness;
            for (const EventId input : step->inputs) {
                const TaskId task = fleet.event(input).task;
                tasks.push_back(task.value());
                staleness.push_back(step->number - fleet.tasks().at(task.index()).version);
                expect_times(fleet.event(input), scenario["tasks"][task.index()]);
            }
            EXPECT_EQ(json(tasks), expected["tasks"]);
            EXPECT_EQ(json(staleness), expected["staleness"]);
            EXPECT_EQ(ns(step->start), expected["aggregation_start"]);
            EXPECT_EQ(ns(step->end), expected["aggregation_end"]);
            end = step->end;
        }
        EXPECT_EQ(ns(end), scenario["end"]);
        EXPECT_FALSE(rounds.next(fleet));
        for (const DeviceTask& task : fleet.tasks()) {
            const json& expected = scenario["tasks"][task.id.index()];
            EXPECT_EQ(task.device.value(), expected["device"]);
            EXPECT_EQ(task.version, expected["version"]);
            EXPECT_EQ(ns(task.ready), expected["dispatch"]);
        }
        EXPECT_EQ(fleet.tasks().size(), scenario["tasks"].size());
    }
}

}  // namespace
}  // namespace mobi::test
