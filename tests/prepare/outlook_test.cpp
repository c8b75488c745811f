// SPDX-License-Identifier: Apache-2.0
#include "prepare/outlook.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "prepare/tiny_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;
using Settings = std::vector<std::string>;

Settings operator+(Settings settings, const Settings& more) {
    settings.insert(settings.end(), more.begin(), more.end());
    return settings;
}

class OutlookTest : public TinyRun {
  protected:
    Time end(const Settings& settings) const { return prepare(settings).timeline.run_end; }

    /// That the first bound is this one, and that runs with those figures end when it says.
    void expect_bound(const Settings& settings,
                      BoundKind kind,
                      const std::string& key,
                      const Settings& halved,
                      const Settings& doubled) const {
        SCOPED_TRACE(key);
        const Outlook outlook = look_ahead(prepare(settings));
        ASSERT_FALSE(outlook.bounds.empty());
        const Bound& bound = outlook.bounds.front();
        EXPECT_EQ(bound.kind, kind) << kind_name(bound.kind);
        EXPECT_EQ(bound.key, key);
        EXPECT_EQ(bound.halved, end(settings + halved));
        EXPECT_EQ(bound.doubled, end(settings + doubled));
        const std::string text = outlook_text(outlook);
        EXPECT_TRUE(contains(text, kind_name(kind))) << text;
        EXPECT_TRUE(contains(text, key)) << text;
    }
};

TEST_F(OutlookTest, NamesWhatBoundsTheRunAndRunsWithThatFigureAgree) {
    expect_bound({"server.step_overhead=2 s"}, BoundKind::ServerSteps, "server.step_overhead",
                 {"server.step_overhead=1 s"}, {"server.step_overhead=4 s"});
    expect_bound({"server.rate=1 kFLOP/s", "server.step_overhead=0 s"}, BoundKind::ServerSteps,
                 "server.rate", {"server.rate=500 FLOP/s"}, {"server.rate=2 kFLOP/s"});
    expect_bound({"link.thin.uplink=2 kbit/s", "server.step_overhead=0 s"}, BoundKind::Uplinks,
                 "link.thin.uplink", {"link.thin.uplink=1 kbit/s"}, {"link.thin.uplink=4 kbit/s"});
    expect_bound({"device.slow.rate_fp32=20 kFLOP/s", "server.step_overhead=0 s"},
                 BoundKind::Computing, "device.slow.rate_fp32",
                 {"device.slow.rate_fp32=10 kFLOP/s"}, {"device.slow.rate_fp32=40 kFLOP/s"});
    expect_bound({"link.thick.downlink=100 bit/s"}, BoundKind::Downlinks, "link.thick.downlink",
                 {"link.thick.downlink=50 bit/s"}, {"link.thick.downlink=200 bit/s"});
    expect_bound({"server.access_rate=1 kbit/s", "server.step_overhead=0 s"}, BoundKind::ServerLink,
                 "server.access_rate", {"server.access_rate=500 bit/s"},
                 {"server.access_rate=2 kbit/s"});
}

// Where every class is as slow as the others, no single figure bounds the run, but all of them.
TEST_F(OutlookTest, AFigureOfSeveralClassesIsHalvedForAll) {
    const Settings same{"fleet.mix=slow:3 fast:3",
                        "fleet.backbones=*:small",
                        "fleet.links=*:thin",
                        "data.partition=uniform",
                        "device.fast.rate_fp32=20 kFLOP/s",
                        "device.slow.rate_fp32=20 kFLOP/s",
                        "cost.padding=max",
                        "server.step_overhead=0 s"};
    expect_bound(same, BoundKind::Computing, "device.*.rate_fp32",
                 {"device.*.rate_fp32=10 kFLOP/s"}, {"device.*.rate_fp32=40 kFLOP/s"});
}

TEST_F(OutlookTest, AbsencesAreComparedWithDevicesThatAreAlwaysOn) {
    const Settings away{"fleet.availability=slow:late", "availability.late.join=3 h"};
    const Outlook outlook = look_ahead(prepare(away));
    ASSERT_FALSE(outlook.bounds.empty());
    EXPECT_EQ(outlook.bounds[0].kind, BoundKind::Absences);
    const auto without = std::find_if(outlook.bounds.begin(), outlook.bounds.end(),
                                      [](const Bound& bound) { return bound.without.has_value(); });
    ASSERT_NE(without, outlook.bounds.end());
    EXPECT_EQ(without->without, end({}));
    EXPECT_GT(without->share, 0.9);
}

TEST_F(OutlookTest, TheFiguresOfADeviceFileAreOfSingleDevices) {
    std::string table = "time_per_sample [s],uplink [Mbit/s]\n";
    std::string halved = table;
    for (int i = 0; i < 7; ++i) {
        table += fmt::format("{},8\n", 2 + i);
        halved += fmt::format("{},8\n", (2 + i) / 2.0);
    }
    files.write("devices.csv", table);
    files.write("halved.csv", halved);
    const auto with = [&](const char* file) {
        return Settings{"fleet.devices_file=" + path(file).string(),
                        "device.*.time_per_sample=1 s"};
    };
    const Outlook outlook = look_ahead(prepare(with("devices.csv")));
    ASSERT_FALSE(outlook.bounds.empty());
    EXPECT_EQ(outlook.bounds[0].key, "device.*.time_per_sample");
    EXPECT_EQ(outlook.bounds[0].halved, end(with("halved.csv")));
}

TEST_F(OutlookTest, TracesAreScaledWithTheirLink) {
    files.write("rates.txt", "0 0.004\n1 0.001\n5 0.002\n10 0.002\n");
    files.write("half.txt", "0 0.002\n1 0.0005\n5 0.001\n10 0.001\n");
    const auto with = [&](const char* file) {
        return Settings{"link.thin.trace=" + path(file).string(), "server.step_overhead=0 s"};
    };
    const Outlook outlook = look_ahead(prepare(with("rates.txt")));
    ASSERT_FALSE(outlook.bounds.empty());
    EXPECT_EQ(outlook.bounds[0].key, "link.thin.trace");
    EXPECT_EQ(outlook.bounds[0].halved, end(with("half.txt")));
}

// The ends of a run's bands are what runs with run.figures take.
TEST_F(OutlookTest, BandsAreThoseOfRunsWithTheirFigures) {
    const Settings banded{"device.slow.rate_fp32=40 kFLOP/s in 20 .. 400 kFLOP/s",
                          "device.*.power_compute=2 W in 1 .. 4 W",
                          "link.thin.uplink=200 kbit/s in 20 kbit/s .. 1 Mbit/s",
                          "link.*.power_up_base=1 W in 0.5 .. 2 W",
                          "link.*.power_up_slope=0 mW per Mbit/s",
                          "link.*.power_down_base=1 W in 0.5 .. 2 W",
                          "link.*.power_down_slope=0 mW per Mbit/s",
                          "device.*.power_idle=0.1 W in 0 .. 0.5 W"};
    for (const char* own : {"nominal", "low", "high"}) {
        const Outlook outlook =
            look_ahead(prepare(banded + Settings{fmt::format("run.figures={}", own)}));
        ASSERT_EQ(outlook.totals.size(), 3U);
        EXPECT_EQ(figures_name(outlook.totals[0].figures), own);
        for (const RunTotals& totals : outlook.totals) {
            const std::string figures = figures_name(totals.figures);
            SCOPED_TRACE(figures);
            const PreparedRun run = prepare(banded + Settings{"run.figures=" + figures});
            EXPECT_EQ(totals.run_end, run.timeline.run_end);
            EXPECT_EQ(totals.end, run.timeline.end);
            EXPECT_EQ(totals.updates, run.timeline.updates);
            double compute = 0;
            double send = 0;
            for (const Delivery& delivery : run.deliveries) {
                compute += delivery.compute_energy_j;
                send += delivery.send_energy_j;
            }
            EXPECT_DOUBLE_EQ(totals.compute_j, compute);
            EXPECT_DOUBLE_EQ(totals.send_j, send);
            EXPECT_GT(totals.receive_j, 0);
        }
    }
    const Outlook outlook = look_ahead(prepare(banded));
    const auto& totals = outlook.totals;
    EXPECT_LT(totals[1].run_end, totals[0].run_end);
    EXPECT_LT(totals[0].run_end, totals[2].run_end);
    for (const auto energy : {&RunTotals::compute_j, &RunTotals::send_j, &RunTotals::receive_j}) {
        EXPECT_LT(totals[1].*energy, totals[0].*energy);
        EXPECT_LT(totals[0].*energy, totals[2].*energy);
    }
    EXPECT_TRUE(contains(outlook_text(outlook), "band of time       nominal "));
    EXPECT_TRUE(contains(outlook_text(look_ahead(prepare({}))), "band of energy     not known"));
}

TEST_F(OutlookTest, WithoutBandsThereIsTheRunAlone) {
    const Outlook outlook = look_ahead(prepare({"server.rate=5 TFLOP/s", "server.io_rate=10 GB/s",
                                                "server.launch=10 us", "link.*.latency=5 ms"}));
    ASSERT_EQ(outlook.totals.size(), 1U);
    EXPECT_FALSE(contains(outlook_text(outlook), "band of"));
}

TEST_F(OutlookTest, WhatIsTooLargeIsSkippedAndSaid) {
    const PreparedRun run = prepare({});
    const auto events = static_cast<std::int64_t>(run.deliveries.size()) + run.timeline.updates;
    const Outlook bands_alone = look_ahead(run, events - 1);
    EXPECT_TRUE(bands_alone.bounds.empty());
    EXPECT_EQ(bands_alone.totals.size(), 3U);
    EXPECT_TRUE(contains(outlook_text(bands_alone), "not computed       what bounds the run: "));
    const Outlook nothing = look_ahead(run, (events - 1) / 10);
    EXPECT_TRUE(nothing.totals.empty());
    EXPECT_TRUE(contains(outlook_text(nothing), "not computed       bands and what bounds "));
}

}  // namespace
}  // namespace mobi::test
