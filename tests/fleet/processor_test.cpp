// SPDX-License-Identifier: Apache-2.0
#include "fleet/processor.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "device/thermal_model.hpp"
#include "device/trace_file.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

/// A sample takes 10 ms; on from 10 to 50 and from 80 to 90 ms of every 100.
class ProcessorTest : public ::testing::Test {
  protected:
    ProcessorTest() {
        profile_.name = "d";
        profile_.time_per_sample_s = 0.010;
        link_.name = "l";
        link_.uplink_bytes_per_s = 1e6;
        absences_.name = "a";
        absences_.kind = AvailabilityKind::Trace;
        absences_.trace = std::make_shared<const AvailabilityTrace>(
            parse_availability_trace("0,0.010,0.050\n0,0.080,0.090\n", "t", 0.1));
    }
    Processor processor(const AvailabilityProfile* availability = nullptr) {
        device_ = {DeviceId(0), &profile_, &link_, availability};
        return {device_, 1};
    }
    static ComputeWork samples(std::int32_t count) {
        ComputeWork work;
        work.samples = count;
        return work;
    }
    static Time ms(std::int64_t count) { return Time(milliseconds(count)); }

    DeviceProfile profile_;
    LinkProfile link_;
    AvailabilityProfile absences_;
    FleetDevice device_;
};

TEST_F(ProcessorTest, OneComputationAfterAnother) {
    Processor one = processor();
    const auto first = one.begin(samples(2), ms(5));
    EXPECT_EQ(first->start, ms(5));
    EXPECT_EQ(first->end, ms(25));
    one.end(first->end);
    const auto second = one.begin(samples(1), ms(10));
    EXPECT_EQ(second->start, ms(25)) << "its input waited for it";
    EXPECT_EQ(second->end, ms(35));
    one.end(second->end);
    EXPECT_EQ(one.begin(samples(1), ms(90))->start, ms(90)) << "and it for its input";
}

TEST_F(ProcessorTest, WhatIsCutOffBeginsAnewInFull) {
    Processor one = processor(&absences_);
    const auto first = one.begin(samples(3), ms(30));
    EXPECT_EQ(first->end, ms(50));
    EXPECT_TRUE(first->cut_off);
    EXPECT_FALSE(first->emptied);
    one.end(first->end);
    const auto second = one.repeat();
    EXPECT_EQ(second->start, ms(80));
    EXPECT_EQ(second->end, ms(90));
    EXPECT_TRUE(second->cut_off);
    one.end(second->end);
    const auto third = one.repeat();
    EXPECT_EQ(third->start, ms(110));
    EXPECT_EQ(third->end, ms(140));
    EXPECT_FALSE(third->cut_off);
}

TEST_F(ProcessorTest, WorkLongerThanEverySpanIsRefusedByName) {
    Processor one = processor(&absences_);
    const auto first = one.begin(samples(5), ms(10));
    one.end(first->end);
    try {
        one.repeat();
        FAIL() << "it would be tried for ever";
    } catch (const ConfigError& error) {
        EXPECT_TRUE(contains(error.what(), "computing a packet on device.d"));
        EXPECT_TRUE(contains(error.what(), "availability.a"));
    }
}

TEST_F(ProcessorTest, HeatIsThatOfTheWorkSinceTheLastRest) {
    profile_.thermal_budget_s = 0.015;
    profile_.thermal_floor = 0.25;
    profile_.thermal_decay_s = 0.02;
    Processor one = processor();
    double heat = 0;
    Time free{};
    for (const auto& [input, count] : {std::pair(0, 2), {0, 1}, {0, 3}, {400, 1}, {405, 4}}) {
        const Time start = std::max(free, ms(input));
        heat = std::max(0.0, heat - std::chrono::duration<double>(start - free).count());
        const double work = 0.010 * count;
        const auto attempt = one.begin(samples(count), ms(input));
        const double took = std::chrono::duration<double>(attempt->end - attempt->start).count();
        EXPECT_EQ(attempt->start, start);
        EXPECT_NEAR(took, throttled_time_s(profile_, work, heat), 1e-9);
        one.end(attempt->end);
        heat += took;
        free = attempt->end;
    }
    EXPECT_GT(heat, 0.04);
}

// The second of rest that the battery asks for takes a second of heat away.
TEST_F(ProcessorTest, ARestForTheBatteryCools) {
    profile_.thermal_budget_s = 0.015;
    profile_.battery_j = 10;
    profile_.battery_low = 1;
    profile_.compute_w = 1;
    profile_.battery_rest_s = 0.060;
    Processor one = processor();
    const auto first = one.begin(samples(6), ms(0));
    one.end(first->end);
    EXPECT_GT(first->end, ms(60)) << "hot";
    const auto second = one.begin(samples(1), ms(0));
    EXPECT_EQ(second->start, first->end + milliseconds(60));
    const double heat = std::chrono::duration<double>(first->end - ms(0)).count() - 0.060;
    EXPECT_NEAR(std::chrono::duration<double>(second->end - second->start).count(),
                throttled_time_s(profile_, 0.010, heat), 1e-9);
}

// A recall before the start leaves the device as it was: as cold, that is.
TEST_F(ProcessorTest, ACancelledAttemptLeavesNoHeat) {
    profile_.thermal_budget_s = 0.015;
    Processor one = processor(), other = processor();
    for (Processor* each : {&one, &other}) each->end(each->begin(samples(3), ms(0))->end);
    one.begin(samples(5), ms(5'000));
    one.cancel();
    EXPECT_EQ(one.begin(samples(2), ms(100))->end, other.begin(samples(2), ms(100))->end);
}

TEST_F(ProcessorTest, DrawsAreOfTheComputationNotOfTheAttempt) {
    profile_.compute_spread = 0.3;
    profile_.compute_deviation = 0.1;
    Processor cut = processor(&absences_), whole = processor();
    const auto length = [](const Processor::Attempt& attempt) {
        return attempt.end - attempt.start;
    };
    Time now = ms(0);
    for (int i = 0; i < 20; ++i) {
        const auto alone = whole.begin(samples(1), ms(1000 * i));
        whole.end(alone->end);
        auto attempt = cut.begin(samples(1), ms(1000 * i + 45));
        while (attempt->cut_off) {
            cut.end(attempt->end);
            attempt = cut.repeat();
        }
        cut.end(attempt->end);
        EXPECT_EQ(length(*attempt), length(*alone)) << i;
        EXPECT_GT(attempt->end, now);
        now = attempt->end;
    }
}

TEST_F(ProcessorTest, ABatteryEndsItInTheMiddle) {
    profile_.battery_j = 2;
    profile_.battery_low = 0;
    profile_.compute_w = 100;  // 20 ms
    Processor one = processor();
    const auto first = one.begin(samples(1), ms(0));
    EXPECT_FALSE(first->cut_off);
    one.end(first->end);
    const auto second = one.begin(samples(2), ms(50));
    EXPECT_TRUE(second->emptied);
    EXPECT_TRUE(second->cut_off);
    EXPECT_NEAR(std::chrono::duration<double>(second->end - second->start).count(), 0.010, 1e-9);
}

TEST_F(ProcessorTest, SendingIsPaidForAtOnce) {
    profile_.battery_j = 2;
    profile_.battery_low = 0;
    profile_.compute_w = 100;
    link_.up_base_w = 50;  // 1 J for 20,000 bytes
    link_.up_j_per_byte = 0;
    Processor one = processor();
    one.pay_for_sending(20'000);
    const auto attempt = one.begin(samples(2), ms(0));
    EXPECT_TRUE(attempt->emptied);
    EXPECT_NEAR(std::chrono::duration<double>(attempt->end - attempt->start).count(), 0.010, 1e-9);
}

TEST_F(ProcessorTest, ALowBatteryRestsBeforeEveryComputation) {
    profile_.battery_j = 4;
    profile_.compute_w = 100;
    profile_.battery_low = 0.6;
    profile_.battery_rest_s = 0.007;
    Processor one = processor();
    const auto first = one.begin(samples(2), ms(0));
    EXPECT_EQ(first->start, ms(0)) << "full";
    one.end(first->end);  // 2 of 4 J are left
    const auto second = one.begin(samples(1), ms(0));
    EXPECT_EQ(second->start, ms(27));
    one.end(second->end);
    EXPECT_EQ(one.begin(samples(1), ms(100))->start, ms(100)) << "it has rested meanwhile";
}

TEST_F(ProcessorTest, OtherProgramsTakeTheirShare) {
    profile_.load = std::make_shared<const RateTrace>(parse_load("0 1\n0.1 0.25\n0.2 0\n", "t"));
    Processor one = processor();
    EXPECT_EQ(one.begin(samples(3), ms(10))->end, ms(40));
    one.end(ms(40));
    const auto slow = one.begin(samples(2), ms(95));  // 5 ms whole, 15 at a quarter
    EXPECT_EQ(slow->end, ms(160));
    one.end(slow->end);
    EXPECT_EQ(one.begin(samples(2), ms(160))->end, ms(310)) << "10 before the stop, 10 behind it";
}

TEST_F(ProcessorTest, WhatIsNotKnownOrTooLongIsAConfigError) {
    profile_.time_per_sample_s = kUnknown;
    EXPECT_THROW(processor().begin(samples(1), ms(0)), ConfigError);
    profile_.time_per_sample_s = 3e9;
    Processor one = processor();
    one.end(one.begin(samples(1), ms(0))->end);
    one.end(one.begin(samples(1), ms(0))->end);
    EXPECT_THROW(one.begin(samples(1), ms(0)), ConfigError) << "in sum more than 200 years";
}

TEST_F(ProcessorTest, WhoNeverComesBackComputesNothing) {
    absences_.trace = std::make_shared<const AvailabilityTrace>(
        parse_availability_trace("1,0.010,0.060\n", "t", 0.2));
    EXPECT_FALSE(processor(&absences_).begin(samples(1), ms(0)));
}

}  // namespace
}  // namespace mobi::test
