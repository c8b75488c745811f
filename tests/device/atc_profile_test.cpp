// SPDX-License-Identifier: Apache-2.0
#include "device/atc_profile.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

std::string profile(std::string_view up_rate, std::string_view loss = "\"1\"") {
    return std::string(R"({"content": {"down": {"rate": "850"}, "up": {"rate": )") +
           std::string(up_rate) +
           R"(, "delay": {"delay": "100", "jitter": 5}, "loss": {"percentage": )" +
           std::string(loss) + "}}}, \"name\": \"3G\"}";
}

std::string refusal(const std::string& text) {
    try {
        LinkProfile link;
        apply_atc_profile(text, "t", link);
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(AtcProfileTest, SetsTheFiguresOfBothDirections) {
    LinkProfile link;
    apply_atc_profile(profile("420.5"), "t", link);
    EXPECT_DOUBLE_EQ(link.uplink_bytes_per_s, 420.5e3 / 8);
    EXPECT_DOUBLE_EQ(link.downlink_bytes_per_s, 850e3 / 8);
    EXPECT_DOUBLE_EQ(link.latency_s, 0.1);
    EXPECT_DOUBLE_EQ(link.jitter_s, 0.005);
    EXPECT_DOUBLE_EQ(link.loss, 0.01);
}

TEST(AtcProfileTest, RefusalsNameTheKey) {
    EXPECT_EQ(refusal(profile("0")),
              "t: content.up.rate: accepted: a number from 0.001 to 1000000000");
    EXPECT_EQ(refusal(profile("\"fast\"")),
              "t: content.up.rate: accepted: a number from 0.001 to 1000000000");
    EXPECT_EQ(refusal(profile("1", "100")),
              "t: content.up.loss.percentage: accepted: a number from 0 to 99");
    EXPECT_EQ(refusal(R"({"content": {"up": 3}})"),
              "t: content.up.rate: accepted: a number from 0.001 to 1000000000");
    EXPECT_NE(refusal("{").find("t: is not JSON"), std::string::npos);
    EXPECT_EQ(refusal(std::string(100, '[')), "t: is nested deeper than 16");
}

}  // namespace
}  // namespace mobi::test
