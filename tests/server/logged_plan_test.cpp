// SPDX-License-Identifier: Apache-2.0
#include "server/logged_plan.hpp"

#include <functional>
#include <optional>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "server/small_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

class LoggedPlanTest : public ::testing::Test {
  protected:
    LoggedPlanTest() {
        plan.devices[1].link.downlink_deviation_bytes_per_s = 7;
        plan.devices[2].link.uplink_bytes_per_s = 123;
        plan.devices[2].link.downlink_bytes_per_s = 456;
        plan.devices[3].link.latency_s = 0.25;
        plan.devices[3].link.jitter_s = 0.125;
        plan.devices[4].link.loss = 0.5;
        leftovers.emptied = {{1, Time(milliseconds(9))}, {4, Time(milliseconds(0))}};
        profiles["phone"].name = "phone";
        profiles["phone"].compute_w = 5;
        profiles["board"].name = "board";
        profiles["board"].idle_w = 2;
        links["wifi"].name = "wifi";
        links["wifi"].duplex = Duplex::Half;
        links["cable"].name = "cable";
        availability["night"].name = "night";
        availability["night"].kind = AvailabilityKind::Daily;
        fleet.availability["board"] = "night";
    }

    /// Logs the plan; `change` may spoil it before it is written.
    const record::RunReader& log() {
        run.emplace(small_layout(plan));
        record::Writer& writer = run->writer();
        writer.submit(backbones ? *backbones : backbone_rows(plan, family_names(plan)));
        auto devices =
            device_rows(plan, deliveries, leftovers, profile_names(plan), link_names(plan));
        if (spoil_device) spoil_device(devices[2]);
        writer.submit(devices);
        auto samples = sample_rows(plan, Truth{});
        if (spoil_sample) spoil_sample(samples[4]);
        writer.submit(samples);
        for (std::size_t i = 0; i < deliveries.size(); ++i)
            writer.submit(upload_row(deliveries[i], static_cast<std::int64_t>(i)));
        writer.submit(loss_rows(losses));
        for (std::size_t i = 0; i < overruns.size(); ++i) {
            record::UpdateRow row{};
            row.update = static_cast<std::int32_t>(i);
            row.overrun_ns = overruns[i];
            writer.submit(row);
        }
        reader.emplace(run->read());
        return *reader;
    }
    FleetPlan logged(bool labels = true) {
        return plan_from_log(log(), {fleet, profiles, links, availability, 1}, plan.packet_samples,
                             3, labels);
    }
    std::string refusal(const std::function<void()>& call) {
        try {
            call();
        } catch (const DataError& error) {
            return error.what();
        }
        return "accepted";
    }

    FleetPlan plan = small_plan();
    std::vector<Delivery> deliveries = small_deliveries(plan);
    Leftovers leftovers;
    std::vector<LostWork> losses;
    std::vector<std::int64_t> overruns;
    std::optional<std::vector<record::BackboneRow>> backbones;
    std::function<void(record::DeviceRow&)> spoil_device;
    std::function<void(record::SampleRow&)> spoil_sample;
    FleetParameters fleet;
    std::map<std::string, DeviceProfile> profiles;
    std::map<std::string, LinkProfile> links;
    std::map<std::string, AvailabilityProfile> availability;
    std::optional<SmallRun> run;
    std::optional<record::RunReader> reader;
};

TEST_F(LoggedPlanTest, BackbonesAreThoseOfTheRun) {
    const FleetPlan found = logged();
    ASSERT_EQ(found.backbones.size(), plan.backbones.size());
    for (std::size_t k = 0; k < plan.backbones.size(); ++k) {
        const BackbonePlan& a = found.backbones[k];
        const BackbonePlan& b = plan.backbones[k];
        EXPECT_EQ(a.name, b.name);
        EXPECT_EQ(a.family, b.family);
        EXPECT_EQ(a.size.layers, b.size.layers);
        EXPECT_EQ(a.size.width, b.size.width);
        EXPECT_EQ(a.size.ffn, b.size.ffn);
        EXPECT_EQ(a.size.heads, b.size.heads);
        EXPECT_EQ(a.size.kv_heads, b.size.kv_heads);
        EXPECT_EQ(a.size.head_dim, b.size.head_dim);
        EXPECT_EQ(a.size.parameters, b.size.parameters);
        EXPECT_EQ(a.vocabulary, b.vocabulary);
        EXPECT_EQ(a.weight_dtype, b.weight_dtype);
        EXPECT_EQ(a.pivot, b.pivot);
        EXPECT_EQ(a.tap_layers, b.tap_layers);
        EXPECT_EQ(a.layout, b.layout);
        EXPECT_EQ(a.devices, b.devices);
    }
    EXPECT_FALSE(logged(false).backbones[0].layout.labels);
}

TEST_F(LoggedPlanTest, DevicesHaveTheirProfilesAndTheirOwnFigures) {
    const FleetPlan found = logged();
    EXPECT_EQ(found.packet_samples, plan.packet_samples);
    EXPECT_EQ(found.device_epochs, 3);
    ASSERT_EQ(found.devices.size(), plan.devices.size());
    for (std::size_t i = 0; i < plan.devices.size(); ++i) {
        const DevicePlan& a = found.devices[i];
        const DevicePlan& b = plan.devices[i];
        EXPECT_EQ(a.id, b.id);
        EXPECT_EQ(a.backbone, b.backbone);
        EXPECT_EQ(a.admitted, b.admitted);
        EXPECT_EQ(a.memory_need_bytes, b.memory_need_bytes);
        EXPECT_EQ(a.profile.name, b.profile.name);
        EXPECT_EQ(a.link.name, b.link.name);
        EXPECT_EQ(a.link.uplink_bytes_per_s, b.link.uplink_bytes_per_s);
        EXPECT_EQ(a.link.downlink_bytes_per_s, b.link.downlink_bytes_per_s);
        EXPECT_EQ(a.link.downlink_deviation_bytes_per_s, b.link.downlink_deviation_bytes_per_s);
        EXPECT_EQ(a.link.latency_s, b.link.latency_s);
        EXPECT_EQ(a.link.jitter_s, b.link.jitter_s);
        EXPECT_EQ(a.link.loss, b.link.loss);
        // what the log does not have is the configuration's
        EXPECT_EQ(a.link.duplex, links.at(b.link.name).duplex);
        if (b.profile.name == "phone") {
            EXPECT_EQ(a.profile.compute_w, 5);
            EXPECT_TRUE(a.availability == nullptr);
        } else {
            EXPECT_EQ(a.profile.idle_w, 2);
            ASSERT_TRUE(a.availability != nullptr);
            EXPECT_EQ(a.availability->kind, AvailabilityKind::Daily);
        }
    }
}

TEST_F(LoggedPlanTest, ShardsAreThoseOfTheRun) {
    const FleetPlan found = logged();
    ASSERT_EQ(found.samples.size(), plan.samples.size());
    for (std::size_t id = 0; id < plan.samples.size(); ++id) {
        EXPECT_EQ(found.samples[id].device, plan.samples[id].device);
        EXPECT_EQ(found.samples[id].packet, plan.samples[id].packet);
        EXPECT_EQ(found.samples[id].tokens, plan.samples[id].tokens);
    }
    for (std::size_t i = 0; i < plan.devices.size(); ++i)
        EXPECT_EQ(found.devices[i].samples, plan.devices[i].samples);
}

TEST_F(LoggedPlanTest, AShardThatIsNotSortedIsCutIntoTheSamePackets) {
    for (DevicePlan& device : plan.devices) {
        RandomStream random(4, Purpose::Test, static_cast<std::uint64_t>(device.id));
        random.shuffle(std::span(device.samples));
        for (std::size_t i = 0; i < device.samples.size(); ++i)
            plan.samples[static_cast<std::size_t>(device.samples[i])].packet =
                static_cast<std::int32_t>(i) / plan.packet_samples;
    }
    deliveries = small_deliveries(plan);
    const FleetPlan found = logged();
    const std::vector<Delivery> cut = small_deliveries(found);
    for (const Delivery& one : deliveries) {
        const auto same = std::find_if(cut.begin(), cut.end(), [&](const Delivery& other) {
            return other.device == one.device && other.packet == one.packet;
        });
        ASSERT_TRUE(same != cut.end());
        EXPECT_EQ(std::set(same->samples.begin(), same->samples.end()),
                  std::set(one.samples.begin(), one.samples.end()));
    }
}

TEST_F(LoggedPlanTest, WhatTheConfigurationDoesNotDefineIsNamed) {
    profiles.erase("board");
    EXPECT_EQ(refusal([&] { logged(); }), "run file: its configuration does not define 'board'");
    profiles["board"];
    links.erase("wifi");
    EXPECT_TRUE(contains(refusal([&] { logged(); }), "'wifi'"));
    links["wifi"];
    availability.clear();
    EXPECT_TRUE(contains(refusal([&] { logged(); }), "'night'"));
}

TEST_F(LoggedPlanTest, APivotThatThereIsNotIsRefused) {
    backbones = backbone_rows(plan, family_names(plan));
    (*backbones)[1].pivot = 3;
    EXPECT_TRUE(contains(refusal([&] { logged(); }), "pivot 3 in /backbones"));
}

TEST_F(LoggedPlanTest, TablesThatContradictEachOtherAreRefused) {
    const auto device = [&](auto member, std::int32_t value) {
        spoil_device = [=](record::DeviceRow& row) { row.*member = value; };
        return refusal([&] { logged(); });
    };
    EXPECT_EQ(device(&record::DeviceRow::backbone, 2),
              "run file: /devices/backbone names number 2 of 2");
    EXPECT_EQ(device(&record::DeviceRow::profile, 9),
              "run file: /devices/profile names number 9 of 2");
    EXPECT_EQ(device(&record::DeviceRow::link, -1), "run file: /devices/link names number -1 of 2");
    spoil_device = {};
    const auto sample = [&](auto member, std::int32_t value) {
        spoil_sample = [=](record::SampleRow& row) { row.*member = value; };
        return refusal([&] { logged(); });
    };
    EXPECT_EQ(sample(&record::SampleRow::sample, 25),
              "run file: /samples/sample names number 25 of 25");
    EXPECT_EQ(sample(&record::SampleRow::device, 6),
              "run file: /samples/device names number 6 of 6");
    spoil_sample = {};
    backbones = backbone_rows(plan, family_names(plan));
    (*backbones)[0].family = 2;
    EXPECT_EQ(refusal([&] { logged(); }), "run file: /backbones/family names number 2 of 2");
    (*backbones)[0].family = 0;
    (*backbones)[1].backbone = 7;
    EXPECT_EQ(refusal([&] { logged(); }), "run file: /backbones/backbone names number 7 of 2");
}

TEST_F(LoggedPlanTest, UploadsAreTheDeliveriesTheyWere) {
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        Delivery& one = deliveries[i];
        one.charged_flop = 1.0 / static_cast<double>(i + 3);  // not what the plan would say
        one.compute_energy_j = static_cast<double>(i);
        one.send_energy_j = 2 * static_cast<double>(i);
        one.overrun = milliseconds(i);
    }
    const FleetPlan found = logged();
    const std::vector<Delivery> again = deliveries_from_log(*reader, found, {});
    ASSERT_EQ(again.size(), deliveries.size());
    for (std::size_t i = 0; i < again.size(); ++i) {
        const Delivery& a = again[i];
        const Delivery& b = deliveries[i];
        EXPECT_EQ(a.device, b.device);
        EXPECT_EQ(a.backbone, b.backbone);
        EXPECT_EQ(a.packet, b.packet);
        EXPECT_EQ(a.samples, b.samples);
        EXPECT_EQ(a.tokens, b.tokens);
        EXPECT_EQ(a.padded_tokens, b.padded_tokens);
        EXPECT_EQ(a.times.compute_start, b.times.compute_start);
        EXPECT_EQ(a.times.compute_end, b.times.compute_end);
        EXPECT_EQ(a.times.send_start, b.times.send_start);
        EXPECT_EQ(a.times.send_end, b.times.send_end);
        EXPECT_EQ(a.times.arrival, b.times.arrival);
        EXPECT_EQ(a.charged_bytes, b.charged_bytes);
        EXPECT_EQ(a.repeated_bytes, b.repeated_bytes);
        EXPECT_EQ(a.charged_flop, b.charged_flop);
        EXPECT_EQ(a.compute_energy_j, b.compute_energy_j);
        EXPECT_EQ(a.send_energy_j, b.send_energy_j);
        EXPECT_EQ(a.overrun, b.overrun);
        EXPECT_EQ(a.task, TaskId());
    }
}

TEST_F(LoggedPlanTest, ARunWithoutUploadsHasNothingToReplay) {
    deliveries.clear();
    const FleetPlan found = logged();
    EXPECT_TRUE(contains(refusal([&] { deliveries_from_log(*reader, found, {}); }),
                         "the run file has no uploads to replay"));
}

TEST_F(LoggedPlanTest, UploadsOfWeightsHaveNothingToLearnFromAgain) {
    deliveries[2].content = ContentKind::Weights;
    const FleetPlan found = logged();
    EXPECT_TRUE(contains(refusal([&] { deliveries_from_log(*reader, found, {}); }),
                         "a replay takes methods whose devices upload taps"));
}

TEST_F(LoggedPlanTest, AnUploadOfNoPacketIsNamed) {
    FleetPlan found = logged();
    const Delivery& last = deliveries.back();
    DevicePlan& device = found.devices[static_cast<std::size_t>(last.device)];
    device.samples.resize(1);
    found.device_epochs = 1;
    EXPECT_TRUE(
        contains(refusal([&] { deliveries_from_log(*reader, found, {}); }),
                 "of device " + std::to_string(last.device) + ", which has no such packet"));
    found.devices[0].admitted = false;
    EXPECT_TRUE(contains(refusal([&] { deliveries_from_log(*reader, found, {}); }), "of device"));
}

TEST_F(LoggedPlanTest, LeftoversAreLateUploadsAndEmptyBatteries) {
    const auto lost = [](std::int32_t device, LostStage stage) {
        return LostWork{device,
                        device + 1,
                        stage,
                        Time(milliseconds(device)),
                        Time(milliseconds(2 * device)),
                        10 * device};
    };
    losses = {lost(0, LostStage::Compute), lost(1, LostStage::Late), lost(2, LostStage::Upload),
              lost(3, LostStage::Late), lost(4, LostStage::Download)};
    log();
    const Leftovers found = leftovers_from_log(*reader);
    EXPECT_EQ(found.emptied, leftovers.emptied);
    ASSERT_EQ(found.late.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const LostWork& expected = losses[2 * i + 1];
        EXPECT_EQ(found.late[i].device, expected.device);
        EXPECT_EQ(found.late[i].packet, expected.packet);
        EXPECT_EQ(found.late[i].stage, LostStage::Late);
        EXPECT_EQ(found.late[i].start, expected.start);
        EXPECT_EQ(found.late[i].end, expected.end);
        EXPECT_EQ(found.late[i].charged_bytes, expected.charged_bytes);
    }
    // and those that do not depend on when training ends are the others
    std::vector<std::int32_t> devices;
    for (const record::LossRow& row : cut_off_rows(*reader)) devices.push_back(row.device);
    EXPECT_EQ(devices, (std::vector<std::int32_t>{0, 2}));
}

TEST_F(LoggedPlanTest, ALoggedPaceIsAsLateAsItWas) {
    overruns = {0, 5'000'000, 0, 7};
    LoggedPace pace(log());
    pace.begin({});
    const auto never = [] { return false; };  // nobody is waited for
    for (std::size_t i = 0; i < 6; ++i) {
        const Time planned(milliseconds(10 * static_cast<int>(i)));
        const std::int64_t late = i < overruns.size() ? overruns[i] : 0;
        EXPECT_EQ(pace.finish(static_cast<std::int64_t>(i), planned, never),
                  planned + VirtualClock::duration(late));
    }
    pace.wait_until(Time::max());
}

}  // namespace
}  // namespace mobi::test
