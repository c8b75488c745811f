// SPDX-License-Identifier: Apache-2.0
#include "server/record_rows.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "device/compute_model.hpp"
#include "device/compute_profile.hpp"
#include "schema/table.hpp"
#include "server/small_run.hpp"

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
    step.launches = 619;
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
    EXPECT_EQ(row.launches, 619);
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
    plan.backbones.emplace_back();
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

TEST(RecordRowsTest, ADeliveryIsARowOfUploads) {
    Delivery delivery;
    delivery.device = 3;
    delivery.packet = 4;
    delivery.samples = {5, 6, 7};
    delivery.tokens = 8;
    delivery.padded_tokens = 9;
    delivery.times = {Time(milliseconds(10)), Time(milliseconds(11)), Time(milliseconds(12)),
                      Time(milliseconds(13)), Time(milliseconds(14))};
    delivery.charged_bytes = 15;
    delivery.repeated_bytes = 16;
    delivery.charged_flop = 17;
    delivery.compute_energy_j = 18;
    delivery.send_energy_j = 19;
    delivery.overrun = milliseconds(20);
    record::UploadRow row = upload_row(delivery, 21);
    EXPECT_EQ(row.upload, 21);
    EXPECT_EQ(row.device, 3);
    EXPECT_EQ(row.packet, 4);
    EXPECT_EQ(row.samples, 3);
    EXPECT_EQ(row.tokens, 8);
    EXPECT_EQ(row.padded_tokens, 9);
    EXPECT_EQ(row.compute_start_ns, 10'000'000);
    EXPECT_EQ(row.compute_end_ns, 11'000'000);
    EXPECT_EQ(row.send_start_ns, 12'000'000);
    EXPECT_EQ(row.send_end_ns, 13'000'000);
    EXPECT_EQ(row.arrival_ns, 14'000'000);
    EXPECT_EQ(row.charged_bytes, 15);
    EXPECT_EQ(row.repeated_bytes, 16);
    EXPECT_EQ(row.charged_flop, 17);
    EXPECT_EQ(row.compute_energy_j, 18);
    EXPECT_EQ(row.send_energy_j, 19);
    EXPECT_EQ(row.overrun_ns, 20'000'000);
    EXPECT_EQ(row.outcome, 0);
    EXPECT_EQ(row.task, -1);  // each device has one
    EXPECT_EQ(name_of(record::Names::Contents, ContentKind{row.content}), "taps");
    delivery.task = TaskId(22);
    delivery.round = 23;
    delivery.content = ContentKind::Gradients;
    row = upload_row(delivery, 0);
    EXPECT_EQ(row.task, 22);
    EXPECT_EQ(row.round, 23);
    EXPECT_EQ(name_of(record::Names::Contents, ContentKind{row.content}), "gradients");
}

TEST(RecordRowsTest, EnergyThatIsNotKnownIsNotZero) {
    const record::UploadRow row = upload_row(Delivery(), 0);
    EXPECT_TRUE(std::isnan(row.compute_energy_j));
    EXPECT_TRUE(std::isnan(row.send_energy_j));
    const std::vector<Download> downloads(1);
    EXPECT_TRUE(std::isnan(download_rows(downloads).at(0).energy_j));
    const std::vector<DeviceCosts> costs(1);
    EXPECT_TRUE(std::isnan(cost_rows(costs).at(0).wait_energy_j));
}

TEST(RecordRowsTest, ARecalledTasksLossSaysSo) {
    std::vector<LostWork> lost(2);
    lost[1].recalled = true;
    EXPECT_EQ(loss_rows(lost)[0].recalled, 0);
    EXPECT_EQ(loss_rows(lost)[1].recalled, 1);
}

TEST(RecordRowsTest, ADownloadEndsWhenItHasArrived) {
    Download download;
    download.device = 1;
    download.start = Time(milliseconds(2));
    download.receive_end = Time(milliseconds(3));
    download.arrival = Time(milliseconds(4));
    download.charged_bytes = 5;
    download.repeated_bytes = 6;
    download.energy_j = 7;
    download.round = 8;
    download.content = ContentKind::Scalars;
    const std::vector<Download> downloads{download, download};
    const auto rows = download_rows(downloads);
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[1].device, 1);
    EXPECT_EQ(rows[1].start_ns, 2'000'000);
    EXPECT_EQ(rows[1].end_ns, 4'000'000);
    EXPECT_EQ(rows[1].charged_bytes, 5);
    EXPECT_EQ(rows[1].repeated_bytes, 6);
    EXPECT_EQ(rows[1].energy_j, 7);
    EXPECT_EQ(rows[1].task, -1);
    EXPECT_EQ(rows[1].round, 8);
    EXPECT_EQ(name_of(record::Names::Contents, ContentKind{rows[1].content}), "scalars");
}

TEST(RecordRowsTest, ADevicesCostsAreARowOfCosts) {
    DeviceCosts costs;
    costs.device = 1;
    costs.tokens = 2;
    costs.flop = 3;
    costs.tap_bytes = 4;
    costs.scale_bytes = 5;
    costs.residual_bytes = 6;
    costs.label_bytes = 7;
    costs.header_bytes = 8;
    costs.update_bytes = 9;
    costs.down_bytes = 10;
    costs.repeated_bytes = 11;
    costs.vain_bytes = 12;
    costs.compute = milliseconds(13);
    costs.send = milliseconds(14);
    costs.both = milliseconds(15);
    costs.wait = milliseconds(16);
    costs.receive = milliseconds(17);
    costs.off = milliseconds(18);
    costs.done = milliseconds(19);
    costs.compute_j = 20;
    costs.send_j = 21;
    costs.receive_j = 22;
    costs.wait_j = 23;
    const std::vector<DeviceCosts> all{DeviceCosts(), costs};
    const auto rows = cost_rows(all);
    ASSERT_EQ(rows.size(), 2U);
    const record::CostRow& row = rows[1];
    EXPECT_EQ(row.device, 1);
    EXPECT_EQ(row.tokens, 2);
    EXPECT_EQ(row.charged_flop, 3);
    EXPECT_EQ(row.tap_bytes, 4);
    EXPECT_EQ(row.scale_bytes, 5);
    EXPECT_EQ(row.residual_bytes, 6);
    EXPECT_EQ(row.label_bytes, 7);
    EXPECT_EQ(row.header_bytes, 8);
    EXPECT_EQ(row.update_bytes, 9);
    EXPECT_EQ(row.down_bytes, 10);
    EXPECT_EQ(row.repeated_bytes, 11);
    EXPECT_EQ(row.vain_bytes, 12);
    EXPECT_EQ(row.compute_ns, 13'000'000);
    EXPECT_EQ(row.send_ns, 14'000'000);
    EXPECT_EQ(row.both_ns, 15'000'000);
    EXPECT_EQ(row.wait_ns, 16'000'000);
    EXPECT_EQ(row.receive_ns, 17'000'000);
    EXPECT_EQ(row.off_ns, 18'000'000);
    EXPECT_EQ(row.done_ns, 19'000'000);
    EXPECT_EQ(row.compute_energy_j, 20);
    EXPECT_EQ(row.send_energy_j, 21);
    EXPECT_EQ(row.receive_energy_j, 22);
    EXPECT_EQ(row.wait_energy_j, 23);
}

TEST(RecordRowsTest, ATasksEndIsARowOfTasks) {
    TaskRecord task;
    task.task = TaskId(1);
    task.device = DeviceId(2);
    task.round = 3;
    task.version = 4;
    task.samples = 5;
    task.ready = Time(milliseconds(6));
    task.end = Time(milliseconds(7));
    task.outcome = Outcome::Recalled;
    task.parts_done = 8;
    task.down_bytes = 9;
    task.up_bytes = 10;
    const std::vector<TaskRecord> tasks{task};
    const auto rows = task_rows(tasks);
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].task, 1);
    EXPECT_EQ(rows[0].device, 2);
    EXPECT_EQ(rows[0].round, 3);
    EXPECT_EQ(rows[0].version, 4);
    EXPECT_EQ(rows[0].samples, 5);
    EXPECT_EQ(rows[0].ready_ns, 6'000'000);
    EXPECT_EQ(rows[0].end_ns, 7'000'000);
    EXPECT_EQ(rows[0].outcome, static_cast<std::int8_t>(Outcome::Recalled));
    EXPECT_EQ(rows[0].parts_done, 8);
    EXPECT_EQ(rows[0].down_bytes, 9);
    EXPECT_EQ(rows[0].up_bytes, 10);
}

TEST(RecordRowsTest, WhatCameOfAStepIsRows) {
    StepResult result;
    result.step = 1;
    result.loss = 2;
    result.gradient_norm = 3;
    result.learning_rate = 4;
    result.diagnostics = {5, 6};
    const record::TrainingRow row = training_row(result);
    EXPECT_EQ(row.update, 1);
    EXPECT_EQ(row.loss, 2);
    EXPECT_EQ(row.gradient_norm, 3);
    EXPECT_EQ(row.learning_rate, 4);
    const auto diagnostics = diagnostic_rows(result);
    ASSERT_EQ(diagnostics.size(), 2U);
    for (std::int32_t i = 0; i < 2; ++i) {
        EXPECT_EQ(diagnostics[static_cast<std::size_t>(i)].update, 1);
        EXPECT_EQ(diagnostics[static_cast<std::size_t>(i)].name, i);
        EXPECT_EQ(diagnostics[static_cast<std::size_t>(i)].value, 5 + i);
    }
    EXPECT_TRUE(diagnostic_rows(StepResult()).empty());
    const auto verdicts = verdict_rows({7, {8, 9, 10}});
    ASSERT_EQ(verdicts.size(), 3U);
    for (std::int32_t i = 0; i < 3; ++i) {
        EXPECT_EQ(verdicts[static_cast<std::size_t>(i)].update, 7);
        EXPECT_EQ(verdicts[static_cast<std::size_t>(i)].place, i);
        EXPECT_EQ(verdicts[static_cast<std::size_t>(i)].value, 8 + i);
    }
}

TEST(RecordRowsTest, AnEvaluationIsARowForEachScore) {
    EvaluationResult result;
    result.updates = 4;
    result.time = Time(milliseconds(5));
    result.rows = {{1, 60, 50, 0.5}, {-1, 61, 51, 0.25}};
    const auto rows = evaluation_rows(result);
    ASSERT_EQ(rows.size(), 2U);
    for (const record::EvaluationRow& row : rows) {
        EXPECT_EQ(row.update, 4);
        EXPECT_EQ(row.time_ns, 5'000'000);
    }
    EXPECT_EQ(rows[0].backbone, 1);
    EXPECT_EQ(rows[0].metric, 60);
    EXPECT_EQ(rows[0].f1, 50);
    EXPECT_EQ(rows[0].loss, 0.5);
    EXPECT_EQ(rows[1].backbone, -1);
    EXPECT_EQ(rows[1].metric, 61);
}

TEST(RecordRowsTest, AnAggregationIsARowOfRounds) {
    Step step;
    step.number = 1;
    step.round = 2;
    step.inputs = {EventId(3), EventId(4), EventId(5)};
    const record::RoundRow row = round_row(step, 6);
    EXPECT_EQ(row.update, 1);
    EXPECT_EQ(row.round, 2);
    EXPECT_EQ(row.assigned, 6);
    EXPECT_EQ(row.arrived, 3);
}

TEST(RecordRowsTest, ABackbonesNumbersHaveTheNamesOfTheRunFile) {
    const FleetPlan fleet = small_plan();
    const auto families = family_names(fleet);
    EXPECT_EQ(families, (std::vector<std::string>{"bert", "mpnet"}));
    const auto rows = backbone_rows(fleet, families);
    ASSERT_EQ(rows.size(), 2U);
    for (std::size_t k = 0; k < 2; ++k) {
        const BackbonePlan& backbone = fleet.backbones[k];
        EXPECT_EQ(rows[k].backbone, static_cast<std::int32_t>(k));
        EXPECT_EQ(rows[k].name, static_cast<std::int32_t>(k));
        EXPECT_EQ(families.at(static_cast<std::size_t>(rows[k].family)), backbone.family);
        EXPECT_EQ(rows[k].layers, backbone.size.layers);
        EXPECT_EQ(rows[k].width, backbone.size.width);
        EXPECT_EQ(rows[k].heads, backbone.size.heads);
        EXPECT_EQ(rows[k].ffn, backbone.size.ffn);
        EXPECT_EQ(rows[k].vocabulary, backbone.vocabulary);
        EXPECT_EQ(rows[k].parameters, backbone.size.parameters);
        EXPECT_EQ(rows[k].taps, backbone.layout.taps);
        EXPECT_EQ(rows[k].devices, backbone.devices);
    }
    const auto pivot = [&](std::size_t k) {
        return record::members(record::Names::Pivots, {})
            .at(static_cast<std::size_t>(rows[k].pivot))
            .first;
    };
    EXPECT_EQ(pivot(0), "last");
    EXPECT_EQ(pivot(1), "mean");
    EXPECT_EQ(name_of(record::Names::Precisions, Precision(rows[0].weight_dtype)), "fp16");
    EXPECT_EQ(name_of(record::Names::Precisions, Precision(rows[1].weight_dtype)), "fp32");
}

TEST(RecordRowsTest, APivotMustHaveBeenResolved) {
    FleetPlan fleet = small_plan();
    fleet.backbones[1].pivot = Pivot::Auto;
    EXPECT_THROW(backbone_rows(fleet, family_names(fleet)), Bug);
    fleet.backbones[1].pivot = Pivot::First;
    EXPECT_EQ(backbone_rows(fleet, family_names(fleet))[1].pivot, 0);
}

TEST(RecordRowsTest, ANameWithoutANumberIsABug) {
    const FleetPlan fleet = small_plan();
    const std::vector<std::string> few{"phone"};
    EXPECT_THROW(device_rows(fleet, {}, {}, few, link_names(fleet)), Bug);
    EXPECT_THROW(device_rows(fleet, {}, {}, profile_names(fleet), few), Bug);
    EXPECT_THROW(backbone_rows(fleet, few), Bug);
}

TEST(RecordRowsTest, NamesAreInTheOrderOfFirstAppearance) {
    FleetPlan fleet = small_plan();
    EXPECT_EQ(profile_names(fleet), (std::vector<std::string>{"phone", "board"}));
    EXPECT_EQ(link_names(fleet), (std::vector<std::string>{"wifi", "cable"}));
    std::reverse(fleet.devices.begin(), fleet.devices.end());
    EXPECT_EQ(profile_names(fleet), (std::vector<std::string>{"board", "phone"}));
    EXPECT_EQ(link_names(fleet), (std::vector<std::string>{"cable", "wifi"}));
    fleet.backbones.push_back(fleet.backbones[0]);
    EXPECT_EQ(family_names(fleet), (std::vector<std::string>{"bert", "mpnet"}));
}

TEST(RecordRowsTest, ADevicesFiguresAreItsOwn) {
    FleetPlan fleet = small_plan();
    LinkProfile& link = fleet.devices[3].link;
    link.uplink_bytes_per_s = 1;
    link.downlink_bytes_per_s = 2;
    link.downlink_deviation_bytes_per_s = 3;
    link.latency_s = 4;
    link.jitter_s = 5;
    link.loss = 0.5;
    const auto rows = device_rows(fleet, {}, {}, profile_names(fleet), link_names(fleet));
    const record::DeviceRow& row = rows.at(3);
    EXPECT_EQ(row.device, 3);
    EXPECT_EQ(row.profile, 0);
    EXPECT_EQ(row.link, 1);
    EXPECT_EQ(row.backbone, 0);
    EXPECT_EQ(row.samples, 2);
    EXPECT_EQ(row.memory_need_bytes, 1e6);
    EXPECT_EQ(row.memory_bytes, 1e9);
    EXPECT_EQ(row.admitted, 1);
    EXPECT_EQ(row.uplink_bytes_per_s, 1);
    EXPECT_EQ(row.downlink_bytes_per_s, 2);
    EXPECT_EQ(row.downlink_deviation_bytes_per_s, 3);
    EXPECT_EQ(row.latency_s, 4);
    EXPECT_EQ(row.jitter_s, 5);
    EXPECT_EQ(row.loss, 0.5);
    EXPECT_EQ(rows.at(5).admitted, 0);
    EXPECT_EQ(rows.at(4).backbone, 1);
}

TEST(RecordRowsTest, ADeviceSaysWhatItIsTimedWith) {
    FleetPlan fleet = small_plan();
    DeviceProfile& rated = fleet.devices[1].profile;
    rated.time_per_sample_s = kUnknown;
    rated.rate_fp32_flop_per_s = 3e9;
    rated.memory_bandwidth_bytes_per_s = 2e9;
    rated.t0_s = 0.5;
    fleet.devices[2].profile = rated;
    DeviceProfile& measured = fleet.devices[2].profile;
    measured.t0_s = 0;
    measured.speed = 2;
    measured.measured = std::make_shared<const ComputeProfile>(
        ComputeProfile::parse("precision,flop [GFLOP],launches,time [s],source\n"
                              "fp16,1,10,2,x\nfp16,2,10,3,x\nfp16,4,10,5,x\nfp16,4,10,5.5,x\n",
                              "t", "phone"));
    const auto rows = device_rows(fleet, {}, {}, profile_names(fleet), link_names(fleet));
    EXPECT_TRUE(std::isnan(rows.at(0).rate_flop_per_s)) << "time_per_sample takes its place";
    EXPECT_TRUE(std::isnan(rows.at(0).memory_bandwidth_bytes_per_s));
    EXPECT_TRUE(std::isnan(rows.at(0).law_error));
    EXPECT_EQ(rows.at(1).rate_flop_per_s, 3e9);
    EXPECT_EQ(rows.at(1).memory_bandwidth_bytes_per_s, 2e9);
    EXPECT_EQ(rows.at(1).start_up_s, 0.5);
    EXPECT_EQ(rows.at(1).launch_s, 0);
    EXPECT_TRUE(std::isnan(rows.at(1).law_error));
    const LawFit& fit = *measured.measured->law(Precision::Fp16);
    EXPECT_GT(fit.law.launch_s, 0);
    EXPECT_EQ(rows.at(2).launch_s, fit.law.launch_s / 2);
    EXPECT_EQ(rows.at(2).rate_flop_per_s, fit.law.flop_per_s * 2);
    EXPECT_EQ(rows.at(2).launches, forward_launches(fleet.backbones[0].size));
    double most = 0;
    for (const double residual : fit.residuals) most = std::max(most, std::abs(residual));
    EXPECT_GT(most, 0);
    EXPECT_EQ(std::abs(rows.at(2).law_error), most);
}

TEST(RecordRowsTest, WhatDevicesMissAddsUpToWhatWasPlanned) {
    FleetPlan fleet = small_plan();
    fleet.device_epochs = 2;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<Delivery> deliveries = small_deliveries(fleet, seed);
        std::erase_if(deliveries, [&](const Delivery&) { return random.uniform() < 0.5; });
        if (deliveries.empty()) continue;
        std::int64_t arrived = 0, missing = 0;
        for (const auto& row :
             device_rows(fleet, deliveries, {}, profile_names(fleet), link_names(fleet))) {
            EXPECT_GE(row.missing_packets, 0);
            arrived += row.packets;
            missing += row.missing_packets;
        }
        EXPECT_EQ(arrived, std::ssize(deliveries));
        EXPECT_EQ(arrived + missing, fleet.packets_planned());
    }
}

TEST(RecordRowsTest, WhereTasksAreAssignedNothingElseWasToArrive) {
    const FleetPlan fleet = small_plan();
    std::vector<Delivery> deliveries(1);
    deliveries[0].task = TaskId(0);
    for (const auto& row :
         device_rows(fleet, deliveries, {}, profile_names(fleet), link_names(fleet)))
        EXPECT_EQ(row.missing_packets, 0);
}

TEST(RecordRowsTest, SamplesAreRowsByTheirIds) {
    const FleetPlan fleet = small_plan();
    const auto rows = sample_rows(fleet, small_truth(25));
    ASSERT_EQ(rows.size(), 25U);
    for (std::size_t id = 0; id < rows.size(); ++id) {
        EXPECT_EQ(rows[id].sample, static_cast<std::int32_t>(id));
        EXPECT_EQ(rows[id].device, fleet.samples[id].device);
        EXPECT_EQ(rows[id].packet, fleet.samples[id].packet);
        EXPECT_EQ(rows[id].tokens, fleet.samples[id].tokens);
        EXPECT_EQ(rows[id].label, static_cast<std::int32_t>(id % kClasses));
        EXPECT_EQ(rows[id].target, static_cast<float>(id % kClasses));
    }
    EXPECT_EQ(rows[7].device, -1);
}

TEST(RecordRowsTest, TargetsOfRegressionAreTheirOwn) {
    const FleetPlan fleet = small_plan();
    Truth truth;
    truth.classes = 1;
    truth.labels.assign(25, 0);
    for (int id = 0; id < 25; ++id) truth.targets.push_back(0.5F * static_cast<float>(id));
    const auto rows = sample_rows(fleet, truth);
    EXPECT_EQ(rows[9].label, 0);
    EXPECT_EQ(rows[9].target, 4.5F);
    for (const auto& row : sample_rows(fleet, {})) {  // nothing was read
        EXPECT_EQ(row.label, 0);
        EXPECT_EQ(row.target, 0);
    }
}

}  // namespace
}  // namespace mobi::test
