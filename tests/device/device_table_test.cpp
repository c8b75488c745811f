// SPDX-License-Identifier: Apache-2.0
#include "device/device_table.hpp"

#include <iterator>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

TEST(DeviceTableTest, ColumnsHaveUnitsAndSetTheirFigures) {
    const DeviceTable table = DeviceTable::parse(
        "# as FLASH describes phones\r\n"
        "rate_fp16 [GFLOP/s], memory [GB], uplink [Mbit/s], loss, latency [ms]\r\n"
        "40, 4, 8, 0.1, 20\r\n\r\n2.5e1,8,16,0,0\r\n",
        "t");
    ASSERT_EQ(table.devices(), 2u);
    DeviceProfile profile;
    LinkProfile link;
    profile.t0_s = 7;
    table.apply(1, profile, link);
    EXPECT_DOUBLE_EQ(profile.rate_fp16_flop_per_s, 25e9);
    EXPECT_DOUBLE_EQ(profile.memory_bytes, 8e9);
    EXPECT_DOUBLE_EQ(link.uplink_bytes_per_s, 2e6);
    EXPECT_EQ(link.loss, 0);
    EXPECT_EQ(link.latency_s, 0);
    EXPECT_EQ(profile.t0_s, 7);
    table.apply(0, profile, link);
    EXPECT_DOUBLE_EQ(link.loss, 0.1);
}

TEST(DeviceTableTest, AHundredThousandLinesAreRead) {
    std::string text = "time_per_sample [ms],uplink [kB/s],downlink [kB/s]\n";
    for (int i = 1; i <= 100'000; ++i)
        text += std::to_string(i) + "," + std::to_string(i % 97 + 1) + ".5,100\n";
    const DeviceTable table = DeviceTable::parse(text, "t");
    ASSERT_EQ(table.devices(), 100'000u);
    DeviceProfile profile;
    LinkProfile link;
    table.apply(99'999, profile, link);
    EXPECT_DOUBLE_EQ(profile.time_per_sample_s, 100);
    EXPECT_DOUBLE_EQ(link.uplink_bytes_per_s, (100'000 % 97 + 1.5) * 1e3);
}

std::string refusal(std::string_view text) {
    try {
        DeviceTable::parse(text, "t");
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

bool begins(const std::string& text, std::string_view with) {
    return text.starts_with(with);
}

TEST(DeviceTableTest, RefusalsNameLineAndColumn) {
    EXPECT_TRUE(
        begins(refusal("uplonk [kB/s]\n1\n"), "t:1: column 'uplonk [kB/s]': accepted: rate_"));
    EXPECT_TRUE(
        begins(refusal("uplink\n1\n"), "t:1: column 'uplink': accepted: uplink [unit], with "));
    EXPECT_TRUE(
        begins(refusal("uplink [ms]\n1\n"), "t:1: column 'uplink [ms]': accepted units: bit/s"));
    EXPECT_EQ(refusal("loss [s]\n1\n"), "t:1: column 'loss [s]': accepted: loss, without a unit");
    EXPECT_EQ(refusal("loss\n0.1\n1\n"), "t:3: loss = '1': accepted: a number from 0 to 0.99");
    EXPECT_EQ(refusal("loss,uplink [kB/s]\n0.1\n"), "t:2: 1 fields; accepted: 2, as in the header");
    EXPECT_EQ(refusal("uplink [kB/s],t0 [s],uplink [MB/s]\n1,1,1\n"),
              "t:1: two columns 'uplink'; accepted: one of a key");
    EXPECT_EQ(refusal("link,link\na,b\n"), "t:1: two columns 'link'; accepted: one of a key");
    EXPECT_EQ(refusal("uplink [kB/s]\n0\n"),
              "t:2: uplink [kB/s] = '0': accepted: a number above 0");
    EXPECT_EQ(refusal("uplink [kB/s]\n-3\n"),
              "t:2: uplink [kB/s] = '-3': accepted: a number above 0");
    EXPECT_EQ(refusal("t0 [s]\nx\n"), "t:2: t0 [s] = 'x': accepted: a number from 0");
    EXPECT_EQ(refusal("t0 [s]\nnan\n"), "t:2: t0 [s] = 'nan': accepted: a number from 0");
    EXPECT_TRUE(begins(refusal("loss\n"), "t: no device; accepted: a header"));
    EXPECT_TRUE(begins(refusal(""), "t: no device; accepted: a header"));
}

// Every column that there is sets its figure, in every unit, and no other.
TEST(DeviceTableTest, EveryColumnSetsItsFigureAlone) {
    using D = DeviceProfile;
    using L = LinkProfile;
    const struct {
        const char* title;
        double scale;
        double D::*of_device;
        double L::*of_link;
    } columns[] = {{"rate_fp32 [GFLOP/s]", 1e9, &D::rate_fp32_flop_per_s, nullptr},
                   {"rate_fp16 [TFLOP/s]", 1e12, &D::rate_fp16_flop_per_s, nullptr},
                   {"rate_bf16 [GFLOP/s]", 1e9, &D::rate_bf16_flop_per_s, nullptr},
                   {"rate_int8 [GFLOP/s]", 1e9, &D::rate_int8_flop_per_s, nullptr},
                   {"rate_int4 [GFLOP/s]", 1e9, &D::rate_int4_flop_per_s, nullptr},
                   {"memory [GiB]", 0x1p30, &D::memory_bytes, nullptr},
                   {"memory_bandwidth [GB/s]", 1e9, &D::memory_bandwidth_bytes_per_s, nullptr},
                   {"time_per_sample [us]", 1e-6, &D::time_per_sample_s, nullptr},
                   {"t0 [ms]", 1e-3, &D::t0_s, nullptr},
                   {"thermal_stretch", 1, &D::thermal_stretch, nullptr},
                   {"compute_spread", 1, &D::compute_spread, nullptr},
                   {"compute_deviation", 1, &D::compute_deviation, nullptr},
                   {"power_compute [W]", 1, &D::compute_w, nullptr},
                   {"power_idle [mW]", 1e-3, &D::idle_w, nullptr},
                   {"uplink [Mbit/s]", 125e3, nullptr, &L::uplink_bytes_per_s},
                   {"downlink [kB/s]", 1e3, nullptr, &L::downlink_bytes_per_s},
                   {"uplink_deviation [B/s]", 1, nullptr, &L::uplink_deviation_bytes_per_s},
                   {"downlink_deviation [B/s]", 1, nullptr, &L::downlink_deviation_bytes_per_s},
                   {"latency [ms]", 1e-3, nullptr, &L::latency_s},
                   {"jitter [ms]", 1e-3, nullptr, &L::jitter_s},
                   {"loss", 0.1, nullptr, &L::loss}};
    const std::size_t count = std::size(columns);
    // all in one table, in random order
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<std::size_t> order(count);
        std::iota(order.begin(), order.end(), 0);
        random.shuffle(std::span(order));
        order.resize(1 + random.below(count));
        std::string text;
        for (const std::size_t i : order)
            text += std::string(text.empty() ? "" : ",") + columns[i].title;
        std::string line;
        std::vector<double> values(count, -1);
        for (const std::size_t i : order) {
            const bool loss = columns[i].scale == 0.1;
            values[i] = static_cast<double>(1 + random.below(8));
            line += (line.empty() ? "" : " , ") + std::to_string(loss ? values[i] / 10 : values[i]);
        }
        const DeviceTable table = DeviceTable::parse(text + "\n" + line + "\n", "t");
        DeviceProfile profile;
        LinkProfile link;
        for (const auto& column : columns) {  // -1: it was not touched
            if (column.of_device != nullptr) profile.*column.of_device = -1;
            if (column.of_link != nullptr) link.*column.of_link = -1;
        }
        table.apply(0, profile, link);
        for (std::size_t i = 0; i < count; ++i) {
            const double read = columns[i].of_device != nullptr ? profile.*columns[i].of_device
                                                                : link.*columns[i].of_link;
            EXPECT_DOUBLE_EQ(read, values[i] < 0 ? -1 : values[i] * columns[i].scale)
                << columns[i].title;
        }
        EXPECT_EQ(table.link(0), nullptr);
        EXPECT_EQ(table.backbone(0), nullptr);
    }
}

TEST(DeviceTableTest, AColumnWithoutANameIsLeftOut) {
    const DeviceTable table =
        DeviceTable::parse(",loss,link\n0,0.5,wifi\n1,0.25, lte \n", "t");  // as pandas writes it
    ASSERT_EQ(table.devices(), 2U);
    DeviceProfile profile;
    LinkProfile link;
    table.apply(1, profile, link);
    EXPECT_EQ(link.loss, 0.25);
    EXPECT_EQ(*table.link(0), "wifi");
    EXPECT_EQ(*table.link(1), "lte");
}

}  // namespace
}  // namespace mobi::test
