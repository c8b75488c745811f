// SPDX-License-Identifier: Apache-2.0
#include "method/task_ledger.hpp"

#include <set>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;

/// Remembers what it is told.
class Silent final : public FleetClock {
  public:
    void assign(DeviceTask task) override { assigned.push_back(std::move(task)); }
    void recall(TaskId task, Time at) override { recalled.emplace_back(task, at); }
    void promise_quiet(Time) override {}
    void forecast(const std::function<bool(const FleetEvent&)>&) override {}
    const FleetEvent* next(Time) override { return nullptr; }
    std::optional<Time> next_presence(Time) override { return std::nullopt; }
    std::vector<DeviceId> present(Time) override { return {}; }

    std::vector<DeviceTask> assigned;
    std::vector<std::pair<TaskId, Time>> recalled;
};

DeviceTask task_of(std::int64_t version, std::size_t parts) {
    DeviceTask task;
    task.id = TaskId(777);  // which the ledger replaces
    task.version = version;
    task.parts.resize(parts);
    return task;
}

FleetEvent event_of(std::int64_t task, std::int32_t part, Outcome outcome) {
    FleetEvent event;
    event.task = TaskId(task);
    event.part = part;
    event.outcome = outcome;
    return event;
}

TEST(TaskLedgerTest, NumbersCountUpOverTheRun) {
    Silent fleet;
    TaskLedger ledger;
    for (std::int64_t i = 0; i < 5; ++i) {
        ledger.assign(fleet, task_of(10 + i, 1));
        if (i == 2) ledger.recall_all(fleet, Time());
    }
    for (std::int64_t i = 0; i < 5; ++i) {
        EXPECT_EQ(fleet.assigned[static_cast<std::size_t>(i)].id, TaskId(i));
        EXPECT_EQ(fleet.assigned[static_cast<std::size_t>(i)].version, 10 + i);
    }
}

TEST(TaskLedgerTest, ATaskEndsWithTheLastOfItsPartsOrItsDevice) {
    Silent fleet;
    TaskLedger ledger;
    ledger.assign(fleet, task_of(4, 3));
    ledger.assign(fleet, task_of(5, 2));
    EXPECT_FALSE(ledger.take(event_of(0, 0, Outcome::Done)));
    EXPECT_FALSE(ledger.take(event_of(0, 2, Outcome::Done))) << "which sends nothing, and 1 does";
    EXPECT_FALSE(ledger.take(event_of(0, 1, Outcome::CutOff))) << "it begins anew";
    EXPECT_FALSE(ledger.take(event_of(9, 0, Outcome::Done))) << "of nobody's";
    const auto done = ledger.take(event_of(0, 1, Outcome::Done));
    ASSERT_TRUE(done);
    EXPECT_TRUE(done->returned);
    EXPECT_EQ(done->version, 4);
    EXPECT_FALSE(ledger.empty());
    const auto gone = ledger.take(event_of(1, 0, Outcome::Gone));
    ASSERT_TRUE(gone);
    EXPECT_FALSE(gone->returned);
    EXPECT_EQ(gone->version, 5);
    EXPECT_FALSE(ledger.take(event_of(1, 1, Outcome::Gone))) << "it is no longer waited for";
    EXPECT_TRUE(ledger.empty());
}

TEST(TaskLedgerTest, WhatIsOpenIsRecalledOnce) {
    RandomStream random(1, Purpose::Test);
    Silent fleet;
    TaskLedger ledger;
    std::set<std::int64_t> open;
    std::int64_t next = 0;
    for (int step = 0; step < 400; ++step) {
        const auto chosen = static_cast<std::int64_t>(random.below(20)) + next - 15;
        switch (random.below(4)) {
            case 0:
            case 1:
                ledger.assign(fleet, task_of(next, 1));
                open.insert(next++);
                break;
            case 2: {
                const bool gone = random.below(2) == 0;
                const auto end =
                    ledger.take(event_of(chosen, 0, gone ? Outcome::Gone : Outcome::Done));
                ASSERT_EQ(end.has_value(), open.erase(chosen) == 1);
                ASSERT_EQ(end.value_or(TaskLedger::End{!gone}).returned, !gone);
                break;
            }
            default: {
                if (random.below(5) != 0) break;
                const Time at{VirtualClock::duration(step)};
                fleet.recalled.clear();
                ledger.recall_all(fleet, at);
                std::vector<std::pair<TaskId, Time>> expected;
                for (const std::int64_t task : open) expected.emplace_back(TaskId(task), at);
                EXPECT_EQ(fleet.recalled, expected);
                open.clear();
            }
        }
        ASSERT_EQ(ledger.empty(), open.empty());
    }
}

}  // namespace
}  // namespace mobi::test
