// SPDX-License-Identifier: Apache-2.0
// Rounds on a star of devices, to the nanosecond: synchronous with deadline and over-selection, and
// buffered asynchronous, by the rules that the reference states.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/text_file.hpp"
#include "fleet/virtual_fleet.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

using nlohmann::json;
using Time = VirtualClock::time_point;

constexpr const char* kCase = "vectors/algorithms/rounds_timeline/case.json";

Time at(std::int64_t ns) {
    return Time(std::chrono::nanoseconds(ns));
}
std::int64_t ns(Time time) {
    return time.time_since_epoch().count();
}

class RoundsTimelineTest : public ::testing::Test {
  protected:
    void SetUp() override {
        MOBI_NEEDS_SHARED(kCase);
        case_ = json::parse(read_text_file(shared_path(kCase)));
        const json& fleet = case_["settings"]["fleet"];
        for (const json& one : fleet) {
            LinkProfile link;
            link.name = "l" + std::to_string(links_.size());
            link.uplink_bytes_per_s = one["uplink"].get<double>() / 8;
            link.downlink_bytes_per_s = one["downlink"].get<double>() / 8;
            link.latency_s = one["latency_ns"].get<double>() * 1e-9;
            links_.push_back(link);
            DeviceProfile profile;
            profile.name = "d" + std::to_string(profiles_.size());
            profile.time_per_sample_s = one["compute_s"].get<double>();
            profiles_.push_back(profile);
        }
        for (std::size_t i = 0; i < links_.size(); ++i)
            devices_.push_back({DeviceId(static_cast<std::int32_t>(i)), &profiles_[i], &links_[i]});
    }

    DeviceTask task(std::int64_t id, std::int32_t device, Time ready, std::int64_t version) const {
        const json& one = case_["settings"]["fleet"][static_cast<std::size_t>(device)];
        Part part;
        part.down_bytes = one["bytes_down"].get<std::int64_t>();
        part.up_bytes = one["bytes_up"].get<std::int64_t>();
        part.compute.samples = 1;
        DeviceTask task;
        task.id = TaskId(id);
        task.device = DeviceId(device);
        task.ready = ready;
        task.version = version;
        task.parts.push_back(part);
        return task;
    }

    static void expect_times(const FleetEvent& event, const json& expected) {
        EXPECT_EQ(ns(event.times.received), expected["download_end"]);
        EXPECT_EQ(ns(event.times.compute_end), expected["compute_end"]);
        EXPECT_EQ(ns(event.times.send_end), expected["upload_end"]);
        EXPECT_EQ(ns(event.times.arrival), expected["arrival"]);
        EXPECT_EQ(ns(event.at), expected["arrival"]);
    }

    /// The rounds of one scenario, each closed as the rules say.
    void run_rounds(const json& scenario) {
        VirtualFleet fleet(devices_, {});
        Time dispatch{};
        std::int64_t version = 0, next_task = 0;
        for (const json& round : scenario["rounds"]) {
            EXPECT_EQ(ns(dispatch), round["dispatch"]);
            std::map<std::int64_t, const json*> open;
            for (const json& one : round["tasks"]) {
                EXPECT_EQ(version, one["version"]);
                open[next_task] = &one;
                fleet.assign(task(next_task++, one["device"], dispatch, version));
            }
            const Time deadline = scenario["deadline_ns"].is_null()
                                      ? Time::max()
                                      : dispatch + at(scenario["deadline_ns"]).time_since_epoch();
            std::vector<std::int32_t> counted;
            Time close = deadline;
            while (counted.size() < scenario["wanted"].get<std::size_t>()) {
                const FleetEvent* const event = fleet.next(deadline);
                if (event == nullptr) break;
                ASSERT_EQ(event->outcome, Outcome::Done);
                expect_times(*event, *open.at(event->task.value()));
                counted.push_back(event->device.value());
                open.erase(event->task.value());
                if (counted.size() == scenario["wanted"]) close = event->at;
            }
            EXPECT_EQ(json(counted), round["counted"]);
            EXPECT_EQ(ns(close), round["aggregation_start"]);
            recall_all(fleet, open, close);
            dispatch = close + at(scenario["aggregate_ns"]).time_since_epoch();
            EXPECT_EQ(ns(dispatch), round["aggregation_end"]);
            ++version;
        }
        EXPECT_EQ(ns(dispatch), scenario["end"]);
    }

    /// Each was in the middle of what the reference says.
    static void recall_all(VirtualFleet& fleet,
                           const std::map<std::int64_t, const json*>& open,
                           Time close) {
        for (const auto& [id, expected] : open) fleet.recall(TaskId(id), close);
        std::map<std::int64_t, std::string> stage;
        while (const FleetEvent* const event = fleet.next(close)) {
            ASSERT_EQ(event->outcome, Outcome::Recalled);
            constexpr const char* kNames[] = {"download", "compute", "upload"};
            stage[event->task.value()] = kNames[static_cast<int>(event->leg)];
        }
        for (const auto& [id, expected] : open) {
            EXPECT_EQ((*expected)["outcome"], "recalled");
            const std::string name = (*expected)["stage"];
            EXPECT_EQ(stage.count(id) > 0 ? stage[id] : "latency", name);
        }
    }

    json case_;
    std::deque<LinkProfile> links_;
    std::deque<DeviceProfile> profiles_;
    std::vector<FleetDevice> devices_;
};

TEST_F(RoundsTimelineTest, SynchronousRounds) {
    for (const char* name : {"sync", "sync_deadline", "sync_over_selection"}) {
        SCOPED_TRACE(name);
        run_rounds(case_["scenarios"][name]);
    }
}

/// Buffered asynchronous training by the reference's rules.
class BufferedRun {
  public:
    BufferedRun(VirtualFleet& fleet, const json& scenario) : fleet_(fleet), scenario_(scenario) {}

    template <typename MakeTask, typename Check>
    void run(MakeTask&& make_task, Check&& check) {
        const auto dispatch = [&](Time now) { send_next(now, make_task); };
        for (int i = 0; i < scenario_["concurrency"].get<int>(); ++i) dispatch(Time{});
        const bool after_step = scenario_["replacement_of_the_filling_arrival"] == "after its step";
        while (aggregations_.size() < scenario_["steps"]) {
            // ends of aggregations come before arrivals of the same time
            const Time step_end = waiting_.empty() ? Time::max() : waiting_.front();
            const FleetEvent* const event = fleet_.next(
                step_end == Time::max() ? step_end : step_end - VirtualClock::duration(1));
            if (event == nullptr) {
                waiting_.pop_front();
                dispatch(step_end);
                continue;
            }
            check(*event);
            idle_.insert(event->device.value());
            buffer_.push_back(event->task.value());
            const bool fills = buffer_.size() == scenario_["buffer"];
            if (fills) aggregate(event->at);
            if (fills && after_step)
                waiting_.push_back(free_);
            else
                dispatch(event->at);
        }
    }

    const std::vector<json>& aggregations() const { return aggregations_; }
    const std::map<std::int64_t, json>& tasks() const { return tasks_; }

  private:
    void aggregate(Time now) {
        const Time start = std::max(now, free_);
        std::vector<std::int64_t> staleness;
        std::vector<std::int32_t> devices;
        for (const std::int64_t id : buffer_) {
            staleness.push_back(static_cast<std::int64_t>(aggregations_.size()) -
                                tasks_.at(id)["version"].get<std::int64_t>());
            devices.push_back(tasks_.at(id)["device"]);
        }
        free_ = start + at(scenario_["aggregate_ns"]).time_since_epoch();
        ends_.push_back(free_);
        aggregations_.push_back({{"aggregation", aggregations_.size() + 1},
                                 {"tasks", buffer_},
                                 {"devices", devices},
                                 {"staleness", staleness},
                                 {"aggregation_start", ns(start)},
                                 {"aggregation_end", ns(free_)}});
        buffer_.clear();
    }

    /// The first idle device in the cyclic order, from behind the one sent last.
    template <typename MakeTask>
    void send_next(Time now, MakeTask&& make_task) {
        const auto order = scenario_["order"].get<std::vector<std::int32_t>>();
        if (tasks_.empty()) idle_.insert(order.begin(), order.end());
        for (std::size_t i = 0; i < order.size(); ++i) {
            const std::int32_t device = order[(place_ + i) % order.size()];
            if (idle_.erase(device) == 0) continue;
            place_ = (place_ + i + 1) % order.size();
            const auto version =
                std::count_if(ends_.begin(), ends_.end(), [&](Time end) { return end <= now; });
            const auto id = static_cast<std::int64_t>(tasks_.size());
            tasks_[id] = {
                {"task", id}, {"device", device}, {"version", version}, {"dispatch", ns(now)}};
            fleet_.assign(make_task(id, device, now, version));
            return;
        }
        FAIL() << "nobody is idle";
    }

    VirtualFleet& fleet_;
    const json& scenario_;
    std::size_t place_ = 0;
    std::set<std::int32_t> idle_;
    std::vector<std::int64_t> buffer_;
    std::deque<Time> waiting_;  // ends of steps after which a replacement goes out
    std::vector<Time> ends_;    // of aggregations
    Time free_{};               // the server
    std::map<std::int64_t, json> tasks_;
    std::vector<json> aggregations_;
};

TEST_F(RoundsTimelineTest, BufferedAsynchronous) {
    for (const char* name : {"async_at_once", "async_after_step", "async_slow_server"}) {
        SCOPED_TRACE(name);
        const json& scenario = case_["scenarios"][name];
        VirtualFleet fleet(devices_, {});
        BufferedRun run(fleet, scenario);
        run.run([&](auto... words) { return task(words...); },
                [&](const FleetEvent& event) {
                    ASSERT_EQ(event.outcome, Outcome::Done);
                    expect_times(event,
                                 scenario["tasks"][static_cast<std::size_t>(event.task.value())]);
                });
        EXPECT_EQ(json(run.aggregations()), scenario["aggregations"]);
        for (const auto& [id, task] : run.tasks()) {
            const json& expected = scenario["tasks"][static_cast<std::size_t>(id)];
            for (const char* key : {"device", "version", "dispatch"})
                EXPECT_EQ(task[key], expected[key]) << "task " << id << " " << key;
        }
    }
}

}  // namespace
}  // namespace mobi::test
