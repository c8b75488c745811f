// SPDX-License-Identifier: Apache-2.0
#include "device/device_table.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"

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

}  // namespace
}  // namespace mobi::test
