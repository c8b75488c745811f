// SPDX-License-Identifier: Apache-2.0
#include "device/trace_file.hpp"

#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string refusal(std::string_view text, TraceEnd end = TraceEnd::Wrap) {
    try {
        parse_trace(text, "t", end);
    } catch (const DataError& error) {
        return error.what();
    }
    return "accepted";
}

constexpr LinkAmount kChance = 1500 * kAmountPerByte;

TEST(TraceFileTest, ALineOfMahimahiIsOneChanceOf1500Bytes) {
    const RateTrace trace = parse_trace("2\n2\n3\n7\n", "t", TraceEnd::Wrap).trace;
    EXPECT_EQ(trace.period(), milliseconds(7));
    EXPECT_EQ(trace.carried_until(milliseconds(1)), kChance);  // that of the period's end
    EXPECT_EQ(trace.carried_until(milliseconds(2)), kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(3)), 3 * kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(4)), 4 * kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(7)), 4 * kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(8)), 5 * kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(9)), 5 * kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(10)), 7 * kChance);
}

// Rates in Mbit/s; mahimahi's link_queue repeats after the last timestamp.
TEST(TraceFileTest, MahimahiRepeatsAfterTheLastLine) {
    const struct {
        const char* text;
        std::int64_t period_ms;
        double megabits;
    } cases[] = {{"1\n", 1, 12},      {"1\n1\n", 1, 24},    {"5\n", 5, 2.4},
                 {"2\n4\n", 4, 6},    {"0\n1\n", 1, 24},    {"0\n0\n3\n", 3, 12},
                 {"4\n4\n4\n", 4, 9}, {"1\n2\n2\n", 2, 18}, {"0\n1\n2\n3\n", 3, 16}};
    for (const auto& one : cases) {
        const RateTrace trace = parse_trace(one.text, "t", TraceEnd::Wrap).trace;
        EXPECT_EQ(trace.period(), milliseconds(one.period_ms)) << one.text;
        EXPECT_DOUBLE_EQ(trace.mean_bits_per_s(), one.megabits * 1e6) << one.text;
    }
}

TEST(TraceFileTest, AHeldTraceOfMahimahiKeepsItsLastMillisecond) {
    const RateTrace trace = parse_trace("0\n2\n2\n", "t", TraceEnd::Hold).trace;
    EXPECT_EQ(trace.carried_until(milliseconds(1)), kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(2)), kChance);
    EXPECT_EQ(trace.carried_until(milliseconds(4)), 5 * kChance);
}

TEST(TraceFileTest, ATableHoldsEachRateUntilTheNextLine) {
    const RateTrace trace = parse_trace("1.0\t8\n2.5 \t 0\n3.0\t4.5\n", "t", TraceEnd::Wrap).trace;
    EXPECT_EQ(trace.period(), milliseconds(2500));  // the last line lasts as long as the one before
    EXPECT_EQ(trace.carried_until(seconds(1)), 1'000'000 * kAmountPerByte);
    EXPECT_EQ(trace.carried_until(seconds(2)), 1'500'000 * kAmountPerByte);
    EXPECT_EQ(trace.carried_until(milliseconds(2500)),
              1'500'000 * kAmountPerByte + LinkAmount{4'500'000} * 500'000'000);
}

TEST(TraceFileTest, ARepeatedSecondReplacesTheLineBefore) {
    const TraceFile file = parse_trace("0 8\n1 16\n1 80\n2 8\n", "t", TraceEnd::Wrap);
    EXPECT_EQ(file.repeated, 1u);
    EXPECT_EQ(file.trace.carried_until(seconds(2)), 11'000'000 * kAmountPerByte);
}

TEST(TraceFileTest, RefusalsNameTheLine) {
    EXPECT_EQ(refusal(""), "t: holds no line");
    EXPECT_EQ(refusal("# only this\n"), "t: holds no line");
    EXPECT_EQ(refusal("0\n0\n"),
              "t: every line is 0; accepted: a last line above 0, which is when the trace repeats");
    EXPECT_EQ(refusal("0\n5\n4\n"), "t:3: 4 ms comes after 5 ms: times never decrease");
    const std::string chances =
        "accepted: whole milliseconds from the start, one a line (mahimahi), or on every line "
        "seconds, a blank, and Mbit/s";
    const std::string table = "accepted: seconds, a blank, and Mbit/s from 0 to 1000000";
    const std::string comma = "; a comma is neither a blank nor a decimal point";
    EXPECT_EQ(refusal("0\n1.5\n"), "t:2: " + chances);
    EXPECT_EQ(refusal("-1\n"), "t:1: '-1': " + chances);
    EXPECT_EQ(refusal("0\nx y\n"), "t:2: 2 fields: " + chances);
    EXPECT_EQ(refusal("0,5\n1,2\n"), "t:1: '0,5': " + chances + comma);
    EXPECT_EQ(refusal("time,mbps\n0,5\n"), "t:1: 'time,mbps': " + chances + comma);
    EXPECT_EQ(refusal("0 1\n\n1 -4\n"), "t:3: '-4': " + table);
    EXPECT_EQ(refusal("0 1\n1 nan\n"), "t:2: 'nan': " + table);
    EXPECT_EQ(refusal("0 1,5\n"), "t:1: '1,5': " + table + comma);
    EXPECT_EQ(refusal("1 1\n0 1\n"), "t:2: 0 s comes before the line above: times never decrease");
    EXPECT_EQ(refusal("0 1 2\n"), "t:1: 3 fields: " + table);
    EXPECT_EQ(refusal("0 1\n1\n"), "t:2: 1 field: " + table);
    EXPECT_EQ(refusal("0 1\n400000000 1\n"),
              "t:2: 400000000 s is more than 10 years after the first line's 0 s: times are "
              "seconds");
    EXPECT_EQ(refusal("0 0\n1 0\n"), "t: the link never carries anything: every rate is 0");
    EXPECT_EQ(refusal("0 1\n1 0\n"), "accepted");
    EXPECT_NE(refusal("0 1\n1 0\n", TraceEnd::Hold).find("ends in an outage"), std::string::npos);
}

TEST(TraceFileTest, TimesMayCountFromAnywhere) {
    const TraceFile unix_times =
        parse_trace("1697000000.5 8\n1697000001.5 16\n", "t", TraceEnd::Wrap);
    EXPECT_EQ(unix_times.trace.carried_until(seconds(2)), 3'000'000 * kAmountPerByte);
}

TEST(TraceFileTest, EveryEditorsFileIsRead) {
    for (const char* text : {"\xEF\xBB\xBF"
                             "0 8\n1 16\n",
                             "0 8\r1 16\r", "0 8\r\n1 16"})
        EXPECT_EQ(parse_trace(text, "t", TraceEnd::Wrap).trace.carried_until(seconds(2)),
                  3'000'000 * kAmountPerByte)
            << text;
}

TEST(LoadFileTest, ALoadThatLeavesNothingIsNoLink) {
    try {
        parse_load("0 0\n1 0\n", "t");
        FAIL() << "accepted";
    } catch (const DataError& error) {
        EXPECT_STREQ(error.what(), "t: the device never computes: every share is 0");
    }
}

TEST(TraceFileTest, AMissingFileIsNamed) {
    EXPECT_THROW(read_trace("/nonexistent/trace", TraceEnd::Wrap), DataError);
}

}  // namespace
}  // namespace mobi::test
