// SPDX-License-Identifier: Apache-2.0
#include "core/virtual_time.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;
using Time = VirtualClock::time_point;

template <typename Call>
std::string refusal(Call&& call) {
    try {
        call();
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(VirtualTimeTest, SecondsAreRoundedOnce) {
    EXPECT_EQ(virtual_duration(1.4e-9, {}), nanoseconds(1));
    EXPECT_EQ(virtual_duration(1.5e-9, {}), nanoseconds(2));
    EXPECT_EQ(virtual_duration(0, {}), nanoseconds(0));
}

TEST(VirtualTimeTest, NothingTakesMoreThan200Years) {
    const TimedWork work{"an upload over link.", "thin", "its uplink"};
    EXPECT_EQ(
        refusal([&] { virtual_duration(1e10, work); }),
        "an upload over link.thin takes 1e+10 s, more than 200 years of virtual time; see its "
        "uplink");
    EXPECT_EQ(refusal([&] { virtual_duration(std::numeric_limits<double>::infinity(), work); }),
              "an upload over link.thin takes inf s, more than 200 years of virtual time; see its "
              "uplink");
    for (const double bad : {-1.0, std::numeric_limits<double>::quiet_NaN()})
        EXPECT_NE(refusal([&] { virtual_duration(bad, work); }).find("no time can be told"),
                  std::string::npos);
    EXPECT_EQ(refusal([&] { virtual_duration(6e9, work); }), "accepted");
}

TEST(VirtualTimeTest, SumsEndAtTheHorizon) {
    EXPECT_EQ(later(Time(hours(1)), hours(2), {}), Time(hours(3)));
    EXPECT_EQ(later(kHorizon - nanoseconds(1), nanoseconds(1), {}), kHorizon);
    EXPECT_EQ(refusal([] { later(kHorizon, nanoseconds(1), {"the server's work"}); }),
              "the server's work takes more than 200 years of virtual time");
    EXPECT_NE(refusal([] { later(kHorizon, VirtualClock::duration::max(), {}); }), "accepted");
}

TEST(VirtualTimeTest, ProductsAreExactOrNothing) {
    EXPECT_EQ(multiple(hours(24), 365), hours(24 * 365));
    EXPECT_EQ(multiple(kLongestRun, 1), kLongestRun);
    EXPECT_EQ(multiple(kLongestRun, 2), std::nullopt);
    EXPECT_EQ(multiple(hours(24), std::numeric_limits<std::int64_t>::max()), std::nullopt);
    EXPECT_EQ(part_of(hours(24), 999'999, 1'000'000), nanoseconds(86'399'913'600'000));
    EXPECT_EQ(part_of(hours(24), 2'147'483'646, 2'147'483'647), nanoseconds(86'399'999'959'766));
}

}  // namespace
}  // namespace mobi::test
