// SPDX-License-Identifier: Apache-2.0
#include "app/catalogue_text.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "core/text.hpp"
#include "device/compute_model.hpp"
#include "device/compute_profile.hpp"
#include "device/memory_model.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

/// The rows of a table between single blanks; cells that hold one are of two words.
std::vector<std::string> rows_of(const std::string& text) {
    std::vector<std::string> rows;
    for (const std::string_view line : split(text, '\n')) {
        std::string row;
        for (const std::string_view word : split_words(line))
            row += (row.empty() ? "" : " ") + std::string(word);
        rows.push_back(row);
    }
    EXPECT_EQ(rows.back(), "") << "the last line has an end";
    rows.pop_back();
    return rows;
}

std::vector<std::string> first_words(const std::string& text) {
    std::vector<std::string> words;
    for (const std::string& row : rows_of(text)) words.push_back(row.substr(0, row.find(' ')));
    return words;
}

class DevicesTextTest : public ::testing::Test {
  protected:
    DeviceProfile& add(const std::string& name) {
        DeviceProfile& device = devices[name];
        device.name = name;
        return device;
    }

    static SampleCost cost_of(std::int64_t parameters) {
        SampleCost cost;
        cost.size = {2, 8, 32, 2, 2, 4, false, parameters, 100};
        cost.tokens = 10;
        return cost;
    }

    std::map<std::string, DeviceProfile> devices;
};

TEST_F(DevicesTextTest, ALineHasTheFiguresThatAreKnown) {
    DeviceProfile& all = add("all");
    all.rate_fp16_flop_per_s = 1.5e12;
    all.rate_int8_flop_per_s = 3e12;
    all.memory_bytes = 8e9;
    all.memory_bandwidth_bytes_per_s = 50e9;
    all.compute_w = 12.5;
    add("nothing");
    const auto rows = rows_of(devices_text(devices, std::nullopt));
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[0], "device fp16 int8 memory bandwidth power");
    EXPECT_EQ(rows[1], "all 1.5 TFLOP/s 3 TFLOP/s 8 GB 50 GB/s 12.5 W");
    EXPECT_EQ(rows[2], "nothing - - - - -");
}

/// Three points and more on t = 10 ms + FLOPs / 100 GFLOP/s, of which the last is 10 % late.
std::shared_ptr<const ComputeProfile> points(const char* more = "") {
    return std::make_shared<const ComputeProfile>(ComputeProfile::parse(
        std::string("precision,flop [GFLOP],time [ms],source\n"
                    "fp16,1,20,one\nfp16,2,30,two\nfp16,4,50,four\nfp16,9,110,nine\n") +
            more,
        "t", "d"));
}

TEST_F(DevicesTextTest, LawsComeWithTheirPointsAndErrors) {
    EXPECT_EQ(laws_text(devices), "");
    add("plain").rate_fp16_flop_per_s = 1e9;
    EXPECT_EQ(laws_text(devices), "");
    add("a").measured = points();
    add("b").measured = points();  // the same points, which count once
    add("c").measured = points("int8,1,5,fast\n");
    const auto rows = rows_of(laws_text(devices));
    ASSERT_EQ(rows.size(), 3 * 5 + 2 + 1u);
    EXPECT_TRUE(rows[0].starts_with("a fp16: ")) << rows[0];
    EXPECT_TRUE(contains(rows[0], "; 4 points (rate, start-up); each from the others: median "));
    EXPECT_TRUE(rows[1].starts_with("1 GFLOP 0 launches 20 ms law ")) << rows[1];
    EXPECT_TRUE(rows[1].ends_with(" % one")) << rows[1];
    EXPECT_TRUE(rows[5].starts_with("b fp16: "));
    EXPECT_TRUE(rows[15].starts_with("c int8: work / 200 GFLOP/s; 1 point (")) << rows[15];
    EXPECT_EQ(rows[16], "1 GFLOP 0 launches 5 ms law +0 % fast");
    EXPECT_TRUE(rows[17].starts_with("4 points of laws with three and more, ")) << rows[17];
    EXPECT_TRUE(contains(devices_text(devices, std::nullopt), "200 GFLOP/s"));
}

TEST_F(DevicesTextTest, TheFastestComesFirstAndTheUnknownLast) {
    RandomStream random(1, Purpose::Test, 61);
    std::vector<std::pair<double, std::string>> expected;
    for (int i = 0; i < 20; ++i) {
        const std::string name = "d" + std::to_string(i);
        const double rate = i % 5 == 0 ? kUnknown : 1e9 * (1 + random.uniform());
        add(name).rate_fp16_flop_per_s = rate;
        expected.emplace_back(std::isnan(rate) ? 1 : -rate, name);
    }
    std::sort(expected.begin(), expected.end());
    std::vector<std::string> names{"device"};
    for (const auto& [rate, name] : expected) names.push_back(name);
    EXPECT_EQ(first_words(devices_text(devices, std::nullopt)), names);
}

TEST_F(DevicesTextTest, TheRateIsTheOneThatARunWouldTake) {
    add("only_fp32").rate_fp32_flop_per_s = 2e9;
    add("fp16").rate_fp16_flop_per_s = 1e9;
    const auto rows = rows_of(devices_text(devices, std::nullopt));
    EXPECT_EQ(rows[1], "only_fp32 2 GFLOP/s - - - -");
    EXPECT_EQ(rows[2], "fp16 1 GFLOP/s - - - -");
}

TEST_F(DevicesTextTest, ASampleCostsTimeEnergyAndMemory) {
    DeviceProfile& device = add("d");
    device.rate_fp16_flop_per_s = 1e6;
    device.memory_bandwidth_bytes_per_s = 1e9;
    device.memory_bytes = 1e9;
    device.compute_w = 4;
    const SampleCost cost = cost_of(1000);
    const double seconds = forward_flop(cost.size, 10) / 1e6;  // 2 kB of weights take 2 us
    std::string text = devices_text(devices, cost);
    EXPECT_TRUE(rows_of(text)[0].ends_with("power a sample energy memory"));
    EXPECT_TRUE(rows_of(text)[1].ends_with(
        fmt::format("4 W {} {} fits", human_seconds(seconds), human(4 * seconds, "J"))))
        << text;
    // bound by memory: 2 bytes of each of a billion parameters
    device.rate_fp16_flop_per_s = 1e15;
    text = devices_text(devices, cost_of(1'000'000'000));
    EXPECT_TRUE(
        rows_of(text)[1].ends_with(fmt::format("{} {} too big", human_seconds(2), human(8, "J"))))
        << text;
}

TEST_F(DevicesTextTest, ASampleFitsAtTheByte) {
    DeviceProfile& device = add("d");
    const SampleCost cost = cost_of(1000);
    const double need = inference_memory_bytes(cost.size, Precision::Fp16, true, 1, 10, 2);
    device.memory_bytes = need;
    EXPECT_TRUE(contains(devices_text(devices, cost), "fits\n"));
    device.memory_bytes = need - 1;
    EXPECT_TRUE(contains(devices_text(devices, cost), "too big\n"));
    device.memory_bytes = kUnknown;
    EXPECT_TRUE(rows_of(devices_text(devices, cost))[1].ends_with("- - -"));
}

TEST_F(DevicesTextTest, AMeasuredTimeTakesThePlaceOfRates) {
    DeviceProfile& device = add("d");
    device.time_per_sample_s = 0.25;
    device.compute_w = 2;
    EXPECT_TRUE(rows_of(devices_text(devices, cost_of(1000)))[1].ends_with("250 ms 0.5 J -"));
    device.compute_w = kUnknown;
    EXPECT_TRUE(rows_of(devices_text(devices, cost_of(1000)))[1].ends_with("250 ms - -"));
}

TEST_F(DevicesTextTest, WithoutTheBandwidthNoTimeIsKnown) {
    DeviceProfile& device = add("d");
    device.rate_fp16_flop_per_s = 1e9;
    device.memory_bytes = 1e9;
    EXPECT_TRUE(rows_of(devices_text(devices, cost_of(1000)))[1].ends_with("- - fits"));
}

TEST(LinksTextTest, ALineHasRatesDelaysAndAnUpload) {
    std::map<std::string, LinkProfile> links;
    LinkProfile& link = links["lte"];
    link.name = "lte";
    link.uplink_bytes_per_s = 1e6;
    link.downlink_bytes_per_s = 2.5e6;
    link.latency_s = 0.04;
    link.jitter_s = 0.005;
    link.loss = 0.0125;
    link.wake_up_s = 0.3;
    link.up_base_w = 2;
    link.up_j_per_byte = 1e-6;
    const auto rows = rows_of(links_text(links, 500'000));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0], "link up down latency jitter loss wake-up 500 kB energy");
    // half a second at 2 W, and a microjoule a byte
    EXPECT_EQ(rows[1], "lte 8 Mbit/s 20 Mbit/s 40 ms 5 ms 1.25 % 300 ms 500 ms 1.5 J");
}

TEST(LinksTextTest, WhatIsNoneOrUnknownIsADash) {
    std::map<std::string, LinkProfile> links;
    links["traced"].name = "traced";
    links["traced"].latency_s = 0;
    links["plain"].name = "plain";
    links["plain"].uplink_bytes_per_s = 125;
    links["fast"].name = "fast";
    links["fast"].uplink_bytes_per_s = 1250;
    const auto rows = rows_of(links_text(links, 1000));
    EXPECT_EQ(rows[1], "fast 10 kbit/s - 5 ms - - - 800 ms -") << "no power is known";
    EXPECT_EQ(rows[2], "plain 1 kbit/s - 5 ms - - - 8 s -");
    EXPECT_EQ(rows[3], "traced - - 0 ms - - - - -") << "the last, since its rate is not known";
}

TEST(LinksTextTest, ColumnsStandBelowTheirHeads) {
    std::map<std::string, LinkProfile> links;
    for (const double rate : {1e3, 1e5, 1e7}) {
        LinkProfile& link = links[std::to_string(rate)];
        link.name = "link_" + std::to_string(static_cast<int>(rate));
        link.uplink_bytes_per_s = rate;
    }
    const std::string text = links_text(links, 1000);
    std::size_t width = 0;
    for (const std::string_view line : split(text, '\n')) {
        if (line.empty()) continue;
        if (width == 0) width = line.size();
        EXPECT_EQ(line.size(), width);
    }
}

}  // namespace
}  // namespace mobi::test
