// SPDX-License-Identifier: Apache-2.0
#include "config/figures.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "config/dump.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using FiguresTest = ConfigFiles;

constexpr std::string_view kBanded =
    "[device.tx2]\n"
    "rate_fp16 = 0.45 TFLOP/s in 0.022 .. 1.1 TFLOP/s\n"
    "t0 = 2 ms in 1 .. 5 ms\n"
    "power_compute = 15 W in 7.5 .. 15 W\n"
    "[link.wifi]\n"
    "uplink = 20 Mbit/s in 3 .. 47 Mbit/s\n"
    "latency = 5 ms in 1 .. 25 ms\n"
    "[server]\n"
    "step_overhead = 0.2 ms in 0.02 .. 5 ms\n"
    "access_rate = 100 Mbit/s in 24 Mbit/s .. 1 Gbit/s\n";

TEST_F(FiguresTest, EachEndOfEveryBandIsTaken) {
    const struct {
        const char* figures;
        double rate, t0, power, uplink, latency, overhead, access;
    } cases[] = {
        {"nominal", 0.45e12, 2e-3, 15, 20e6 / 8, 5e-3, 200e-6, 100e6 / 8},
        {"low", 1.1e12, 1e-3, 7.5, 47e6 / 8, 1e-3, 20e-6, 1e9 / 8},
        {"high", 0.022e12, 5e-3, 15, 3e6 / 8, 25e-3, 5e-3, 24e6 / 8},
    };
    for (const auto& one : cases) {
        const RunConfig config = load(fmt::format("run.figures = {}\n{}", one.figures, kBanded));
        EXPECT_DOUBLE_EQ(config.devices.at("tx2").rate_fp16_flop_per_s, one.rate) << one.figures;
        EXPECT_DOUBLE_EQ(config.devices.at("tx2").t0_s, one.t0);
        EXPECT_DOUBLE_EQ(config.devices.at("tx2").compute_w, one.power);
        EXPECT_DOUBLE_EQ(config.links.at("wifi").uplink_bytes_per_s, one.uplink);
        EXPECT_DOUBLE_EQ(config.links.at("wifi").latency_s, one.latency);
        EXPECT_DOUBLE_EQ(config.server.step_overhead_s, one.overhead);
        EXPECT_DOUBLE_EQ(config.server.access_bytes_per_s, one.access);
        EXPECT_EQ(config.devices.at("nx").rate_fp16_flop_per_s, 0.6e12) << "no band: exact";
    }
}

// The bands are in the dump whichever end is used, so that any of the three can be made from it.
TEST_F(FiguresTest, TheResolvedConfigurationKeepsFigureAndBand) {
    for (const char* figures : {"nominal", "low", "high"}) {
        const RunConfig config = load(fmt::format("run.figures = {}\n{}", figures, kBanded));
        const std::string text = dump(config);
        EXPECT_TRUE(contains(text, fmt::format("figures = {}\n", figures)));
        EXPECT_TRUE(contains(text, "rate_fp16 = 450 GFLOP/s in 22 .. 1100 GFLOP/s\n")) << text;
        EXPECT_TRUE(contains(text, "step_overhead = 0.2 ms in 0.02 .. 5 ms\n"));
        const RunConfig again = parse_resolved(text);
        EXPECT_EQ(dump(again), text);
        EXPECT_EQ(again.devices.at("tx2").rate_fp16_flop_per_s,
                  config.devices.at("tx2").rate_fp16_flop_per_s);
        EXPECT_EQ(again.server.access_bytes_per_s, config.server.access_bytes_per_s);
    }
}

TEST_F(FiguresTest, AnOverrideWithoutABandIsExact) {
    const RunConfig config =
        load(kBanded, {"device.tx2.rate_fp16=0.3 TFLOP/s", "run.figures=high"});
    EXPECT_EQ(config.devices.at("tx2").rate_fp16_flop_per_s, 0.3e12);
    EXPECT_EQ(config.devices.at("tx2").t0_s, 5e-3);
}

TEST_F(FiguresTest, EstimatesThatAreDefaultsHaveBands) {
    const RunConfig low = load("run.figures = low\n");
    EXPECT_EQ(low.server.step_overhead_s, 20e-6);
    EXPECT_EQ(low.links.at("wifi").latency_s, 1e-3);
    EXPECT_EQ(load("run.figures = high\nserver.rate = 5 TFLOP/s\n").server.rate_flop_per_s, 5e12);
}

TEST_F(FiguresTest, ABandThatIsNoneIsOneClearError) {
    for (const char* value :
         {"0.45 TFLOP/s in 0.5 .. 1.1 TFLOP/s", "0.45 TFLOP/s in 0.022 .. 0.4 TFLOP/s",
          "0.45 TFLOP/s in 1.1 .. 0.022 TFLOP/s", "0.45 TFLOP/s in 0.022 TFLOP/s",
          "0.45 TFLOP/s in 0.022 .. 1.1", "0.45 TFLOP/s in 20 Mbit/s .. 1.1 TFLOP/s",
          "unknown in 0.022 .. 1.1 TFLOP/s", "0.45 TFLOP/s in unknown .. 1.1 TFLOP/s",
          "0.45 TFLOP/s in .. 1.1 TFLOP/s", "in 0.022 .. 1.1 TFLOP/s"}) {
        const std::string words = report(fmt::format("[device.tx2]\nrate_fp16 = {}\n", value));
        EXPECT_TRUE(contains(words, fmt::format("device.tx2.rate_fp16 = {}: accepted: ", value)));
        EXPECT_TRUE(contains(words, "a band may follow: <figure> in <least> .. <most>")) << words;
        EXPECT_EQ(std::count(words.begin(), words.end(), '\n'), 0) << words;
    }
    EXPECT_TRUE(contains(report("[device.tx2]\nmemory = 8 GB in 4 .. 8 GB\n"), "accepted: "))
        << "decides who takes part, not what it costs";
}

TEST_F(FiguresTest, KnowsEveryFigureThatIsThere) {
    RunConfig config = load(kBanded);
    const auto figures = figures_of(config);
    const auto find = [&](std::string_view name) {
        const auto found = std::find_if(figures.begin(), figures.end(),
                                        [&](const FigureRef& one) { return one.name() == name; });
        return found == figures.end() ? nullptr : &*found;
    };
    ASSERT_NE(find("device.tx2.rate_fp16"), nullptr);
    EXPECT_TRUE(find("device.tx2.rate_fp16")->banded);
    EXPECT_EQ(find("device.tx2.rate_fp16")->text, "450 GFLOP/s");
    EXPECT_EQ(find("device.tx2.rate_fp16")->family(), "device.*.rate_fp16");
    EXPECT_EQ(find("device.tx2.rate_fp16")->cheaper, Cheaper::WithMore);
    ASSERT_NE(find("server.step_overhead"), nullptr);
    EXPECT_EQ(find("server.step_overhead")->family(), "server.step_overhead");
    ASSERT_NE(find("device.nx.rate_fp16"), nullptr);
    EXPECT_FALSE(find("device.nx.rate_fp16")->banded);
    EXPECT_EQ(find("device.nx.t0"), nullptr) << "0: half of it is the same";
    EXPECT_EQ(find("device.nx.rate_fp32"), nullptr) << "unknown";
    EXPECT_EQ(find("device.tx2.memory"), nullptr);

    multiply(config, *find("device.tx2.rate_fp16"), 2);
    EXPECT_DOUBLE_EQ(config.devices.at("tx2").rate_fp16_flop_per_s, 0.9e12);
    EXPECT_EQ(config.devices.at("nx").rate_fp16_flop_per_s, 0.6e12);
    multiply(config, *find("server.step_overhead"), 0.5);
    EXPECT_DOUBLE_EQ(config.server.step_overhead_s, 100e-6);
}

}  // namespace
}  // namespace mobi::test
