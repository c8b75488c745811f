// SPDX-License-Identifier: Apache-2.0
#include "server/figure_rows.hpp"

#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "device/trace_file.hpp"
#include "fleet/draws.hpp"

namespace mobi::test {
namespace {

constexpr std::uint64_t kSeed = 7;

/// Four devices with fp16 weights; the first two share a link with a trace, which begins anywhere.
FleetPlan plan() {
    FleetPlan plan;
    plan.backbones.resize(1);
    plan.backbones[0].weight_dtype = Precision::Fp16;
    const auto trace = std::make_shared<const RateTrace>(
        parse_trace("0 8\n2 0\n3 4\n", "t", TraceEnd::Hold).trace);
    for (std::int32_t id = 0; id < 4; ++id) {
        DevicePlan device;
        device.id = id;
        device.profile.rate_fp32_flop_per_s = 1e9 * (id + 1);
        device.profile.thermal_stretch = 2;
        device.link.wake_up_s = 0.5;
        if (id < 2) {
            device.link.trace = device.link.downlink_trace = trace;
            device.link.trace_start = TraceStart::Random;
        }
        plan.devices.push_back(std::move(device));
    }
    return plan;
}

struct Filled {
    std::vector<record::DeviceRow> devices;
    FigureRows figures;
};

Filled filled(const FleetPlan& plan) {
    Filled result;
    for (const DevicePlan& device : plan.devices) {
        record::DeviceRow row{};
        row.device = device.id;
        row.samples = 11;
        result.devices.push_back(row);
    }
    result.figures = add_figures(plan, kSeed, result.devices);
    return result;
}

TEST(FigureRowsTest, ADeviceHasTheFiguresThatItsTimesAreComputedFrom) {
    FleetPlan fleet = plan();
    fleet.devices[3].profile.rate_fp32_flop_per_s = kUnknown;
    fleet.devices[3].profile.time_per_sample_s = 0.25;
    fleet.devices[3].link.duplex = Duplex::Half;
    const Filled rows = filled(fleet);
    EXPECT_EQ(rows.devices[1].thermal_stretch, 2);
    EXPECT_EQ(rows.devices[1].wake_up_s, 0.5);
    EXPECT_EQ(rows.devices[1].samples, 11) << "what was there stays";
    EXPECT_TRUE(std::isnan(rows.devices[1].time_per_sample_s));
    EXPECT_EQ(rows.devices[3].time_per_sample_s, 0.25);
    EXPECT_EQ(rows.devices[3].duplex, 1);
    EXPECT_EQ(rows.devices[3].load_trace, -1);
    EXPECT_EQ(rows.devices[3].availability, -1);
}

TEST(FigureRowsTest, ATraceIsThereOnceWithEachDevicesPlaceInIt) {
    const FleetPlan fleet = plan();
    const Filled rows = filled(fleet);
    ASSERT_EQ(rows.figures.traces.size(), 1U);
    EXPECT_EQ(rows.figures.traces[0].period_ns, 4'000'000'000);
    EXPECT_EQ(rows.figures.traces[0].end, 1) << "hold";
    ASSERT_EQ(rows.figures.trace_steps.size(), 3U);
    EXPECT_EQ(rows.figures.trace_steps[0].rate, 8'000'000);
    EXPECT_EQ(rows.figures.trace_steps[2].begin_ns, 3'000'000'000);
    for (const std::size_t i : {0U, 1U}) {
        EXPECT_EQ(rows.devices[i].uplink_trace, 0);
        EXPECT_EQ(rows.devices[i].downlink_trace, 0);
        const auto expected =
            trace_offset(fleet.devices[i].link.trace.get(), TraceStart::Random,
                         draws_of(kSeed, Purpose::TraceOffset, DeviceId(fleet.devices[i].id)));
        EXPECT_EQ(rows.devices[i].uplink_offset_ns, expected.count());
        EXPECT_EQ(rows.devices[i].downlink_offset_ns, expected.count());
    }
    EXPECT_NE(rows.devices[0].uplink_offset_ns, rows.devices[1].uplink_offset_ns);
    EXPECT_EQ(rows.devices[2].uplink_trace, -1);
    EXPECT_EQ(rows.devices[2].uplink_offset_ns, 0);
}

TEST(FigureRowsTest, OfAPatternFromAFileThoseRowsThatTheFleetUses) {
    FleetPlan fleet = plan();
    const auto pattern = std::make_shared<AvailabilityProfile>();
    pattern->kind = AvailabilityKind::Trace;
    pattern->trace_period_s = 100;
    pattern->trace = std::make_shared<const AvailabilityTrace>(
        parse_availability_trace("0,1,2\n1,3,4\n1,5,6\n2,7,8\n", "t", 100));
    fleet.devices[1].availability = fleet.devices[3].availability = pattern;
    const Filled rows = filled(fleet);
    ASSERT_EQ(rows.figures.availability.size(), 1U);
    EXPECT_EQ(rows.figures.availability[0].kind, 4);
    EXPECT_EQ(rows.figures.availability[0].trace_devices, 3);
    EXPECT_EQ(rows.devices[0].availability, -1);
    EXPECT_EQ(rows.devices[3].availability, 0);
    ASSERT_EQ(rows.figures.spans.size(), 3U) << "device 3 starts over at the file's device 0";
    EXPECT_EQ(rows.figures.spans[0].trace_device, 0);
    EXPECT_EQ(rows.figures.spans[2].trace_device, 1);
    EXPECT_EQ(rows.figures.spans[2].on_ns, 5'000'000'000);
    EXPECT_EQ(rows.figures.spans[2].off_ns, 6'000'000'000);
}

TEST(FigureRowsTest, TheServerIsOneRow) {
    ServerParameters server;
    server.rate_flop_per_s = 3e12;
    server.step_overhead_s = 2e-3;
    server.deadline_s = 9;
    const record::ServerRow row = server_row(server);
    EXPECT_EQ(row.rate_flop_per_s, 3e12);
    EXPECT_EQ(row.io_rate_bytes_per_s, server.io_rate_bytes_per_s);
    EXPECT_EQ(row.step_overhead_s, 2e-3);
    EXPECT_EQ(row.launch_s, server.launch_s);
    EXPECT_TRUE(std::isnan(server_row({}).step_overhead_s)) << "counted launches";
    EXPECT_EQ(row.access_bytes_per_s, 0);
    EXPECT_EQ(row.deadline_s, 9);
    EXPECT_EQ(row.enough_share, 1);
}

TEST(FigureRowsTest, RowsOfOtherDevicesAreABug) {
    std::vector<record::DeviceRow> few(2);
    EXPECT_THROW(add_figures(plan(), kSeed, few), Bug);
}

}  // namespace
}  // namespace mobi::test
