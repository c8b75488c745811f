// SPDX-License-Identifier: Apache-2.0
#include "server/record_rows.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "schema/table.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

/// The name that the run file gives to a number.
template <typename Enum>
std::string name_of(record::Names names, Enum value) {
    return record::members(names, {}).at(static_cast<std::size_t>(value)).first;
}

TEST(RecordRowsTest, NumbersHaveTheNamesOfTheRunFile) {
    using record::Names;
    EXPECT_EQ(name_of(Names::LossStages, LostStage::Compute), "compute");
    EXPECT_EQ(name_of(Names::LossStages, LostStage::Upload), "upload");
    EXPECT_EQ(name_of(Names::LossStages, LostStage::Download), "download");
    EXPECT_EQ(name_of(Names::LossStages, LostStage::Late), "late");
    EXPECT_EQ(name_of(Names::UpdateKinds, StepKind::Update), "arrival");
    EXPECT_EQ(name_of(Names::UpdateKinds, StepKind::Replay), "replay");
    EXPECT_EQ(name_of(Names::UpdateKinds, StepKind::Aggregate), "aggregate");
    EXPECT_EQ(name_of(Names::UpdateKinds, StepKind::Exchange), "exchange");
}

TEST(RecordRowsTest, AStepIsARowOfUpdates) {
    Step step;
    step.number = 7;
    step.kind = StepKind::Replay;
    step.start = Time(milliseconds(2));
    step.end = Time(milliseconds(5));
    step.samples = {3, 4, 9};
    step.kept_samples = 40;
    step.waiting = 2;
    record::UpdateRow row = update_row(step, 100);
    EXPECT_EQ(row.update, 7);
    EXPECT_EQ(row.kind, 1);
    EXPECT_EQ(row.device, -1);
    EXPECT_EQ(row.upload, -1);
    EXPECT_EQ(row.start_ns, 2'000'000);
    EXPECT_EQ(row.end_ns, 5'000'000);
    EXPECT_EQ(row.inbox_samples, 40);
    EXPECT_EQ(row.waiting_packets, 2);
    EXPECT_EQ(row.first_sample, 100);
    EXPECT_EQ(row.samples, 3);
    step.kind = StepKind::Update;
    step.arrival = EventId(11);
    step.device = DeviceId(5);
    row = update_row(step, 0);
    EXPECT_EQ(row.kind, 0);
    EXPECT_EQ(row.device, 5);
    EXPECT_EQ(row.upload, 11);
}

/// Three devices of shards of 20, 20 and 3 samples in packets of 8; the second is refused.
FleetPlan plan() {
    FleetPlan plan;
    plan.packet_samples = 8;
    std::int32_t next = 0;
    for (const int samples : {20, 20, 3}) {
        DevicePlan device;
        device.id = static_cast<std::int32_t>(plan.devices.size());
        device.admitted = device.id != 1;
        device.profile.name = device.id == 2 ? "fast" : "slow";
        device.link.name = "l";
        for (int i = 0; i < samples; ++i) device.samples.push_back(next++);
        plan.devices.push_back(std::move(device));
    }
    return plan;
}

TEST(RecordRowsTest, ADeviceTellsWhatArrivedAndWhatNeverDid) {
    const FleetPlan fleet = plan();
    std::vector<Delivery> deliveries(2);  // both of device 0, which has three packets
    Leftovers leftovers;
    leftovers.emptied.emplace_back(0, Time(milliseconds(9)));
    const auto profiles = profile_names(fleet);
    EXPECT_EQ(profiles, (std::vector<std::string>{"slow", "fast"}));
    const auto rows = device_rows(fleet, deliveries, leftovers, profiles, link_names(fleet));
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0].packets, 2);
    EXPECT_EQ(rows[0].missing_packets, 1);
    EXPECT_EQ(rows[0].emptied_ns, 9'000'000);
    EXPECT_EQ(rows[1].missing_packets, 0);  // it was not to send any
    EXPECT_EQ(rows[1].admitted, 0);
    EXPECT_EQ(rows[2].profile, 1);
    EXPECT_EQ(rows[2].missing_packets, 1);
    EXPECT_EQ(rows[2].emptied_ns, -1);
}

TEST(RecordRowsTest, AMethodWithoutUploadsMissesNone) {
    const FleetPlan fleet = plan();
    for (const auto& row : device_rows(fleet, {}, {}, profile_names(fleet), link_names(fleet))) {
        EXPECT_EQ(row.packets, 0);
        EXPECT_EQ(row.missing_packets, 0);
    }
}

TEST(RecordRowsTest, LostWorkIsARowOfLosses) {
    const std::vector<LostWork> lost{
        {4, -1, LostStage::Download, Time(milliseconds(1)), Time(milliseconds(3)), 500}};
    const auto rows = loss_rows(lost);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].device, 4);
    EXPECT_EQ(rows[0].packet, -1);
    EXPECT_EQ(rows[0].stage, 2);
    EXPECT_EQ(rows[0].start_ns, 1'000'000);
    EXPECT_EQ(rows[0].end_ns, 3'000'000);
    EXPECT_EQ(rows[0].charged_bytes, 500);
}

}  // namespace
}  // namespace mobi::test
