// SPDX-License-Identifier: Apache-2.0
#include "core/virtual_time.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "core/wide_int.hpp"

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

TEST(VirtualTimePropertyTest, APartIsTheWholeNumberBelowItsShare) {
    RandomStream stream(1, Purpose::Test);
    for (int i = 0; i < 2000; ++i) {
        const auto length = static_cast<std::int64_t>(
            stream.below(static_cast<std::uint64_t>(kLongestRun.count()) >> stream.below(60)));
        const auto parts =
            static_cast<std::int64_t>(1 + (stream.next_u64() >> (2 + stream.below(60))));
        const auto part =
            static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(parts) + 1));
        const std::int64_t got = part_of(nanoseconds(length), part, parts).count();
        // got <= length part / parts < got + 1
        const Int128 rest = Int128{length} * part - Int128{got} * parts;
        ASSERT_TRUE(rest >= 0 && rest < parts) << length << " * " << part << " / " << parts;
    }
    EXPECT_EQ(part_of(kLongestRun, 7, 7), kLongestRun);
}

TEST(VirtualTimePropertyTest, AMultipleIsTheProductOrNothing) {
    RandomStream stream(2, Purpose::Test);
    for (int i = 0; i < 2000; ++i) {
        const nanoseconds length(stream.below(static_cast<std::uint64_t>(kLongestRun.count())) >>
                                 stream.below(60));
        const auto times = static_cast<std::int64_t>(stream.next_u64() >> (1 + stream.below(63)));
        const Int128 product = Int128{length.count()} * times;
        const auto got = multiple(length, times);
        ASSERT_EQ(got.has_value(), product <= kLongestRun.count())
            << length.count() << " * " << times;
        if (got) {
            ASSERT_TRUE(got->count() == product) << length.count() << " * " << times;
        }
    }
}

TEST(VirtualTimeTest, WholeNanosecondsAreKeptAndHalvesGoAwayFromZero) {
    RandomStream stream(3, Purpose::Test);
    for (int i = 0; i < 1000; ++i) {
        const auto whole = static_cast<std::int64_t>(stream.below(std::uint64_t{1} << 40U));
        ASSERT_EQ(virtual_duration(static_cast<double>(whole) * 1e-9, {}).count(), whole);
    }
    EXPECT_EQ(virtual_duration(0.5e-9, {}), nanoseconds(1));
    EXPECT_EQ(virtual_duration(2.5e-9, {}), nanoseconds(3));
    EXPECT_EQ(virtual_duration(std::chrono::duration<double>(kLongestRun).count(), {}),
              kLongestRun);
}

TEST(VirtualTimeTest, ARefusalNamesTheWorkAndLeavesOutWhatIsNotKnown) {
    EXPECT_EQ(
        refusal([] {
            refuse_endless({"computing on device.", "pixel_6", "its rate"});
        }),
        "computing on device.pixel_6 takes more than 200 years of virtual time; see its rate");
    EXPECT_EQ(refusal([] { refuse_endless({"an update"}); }),
              "an update takes more than 200 years of virtual time");
    EXPECT_EQ(refusal([] { virtual_duration(-1, {"an update"}); }),
              "an update takes -1 s: no time can be told");
}

}  // namespace
}  // namespace mobi::test
