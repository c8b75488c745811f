// SPDX-License-Identifier: Apache-2.0
// Golden times of devices that compute and send: hand-derived fractions.
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "device/trace_file.hpp"
#include "fleet/one_shot.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = VirtualClock::time_point;

// Time of 1e6 FLOP: 1/300 s = 3,333,333.3 ns; of 1,000 bytes: 8,000 / 7e6 s = 1,142,857.1 ns.
DeviceProfile device() {
    DeviceProfile profile;
    profile.name = "d";
    profile.rate_fp16_flop_per_s = 3e8;
    profile.memory_bandwidth_bytes_per_s = 1e9;
    return profile;
}
LinkProfile link() {
    LinkProfile profile;
    profile.name = "l";
    profile.uplink_bytes_per_s = 7e6 / 8;
    profile.latency_s = 0.002;
    return profile;
}
PacketWork packet(double flop, std::int64_t bytes) {
    return {{flop, 0, 0, Precision::Fp16, 0}, bytes};
}

/// The schedule of one device alone.
FleetSchedule schedule(const DeviceProfile& profile,
                       const LinkProfile& link,
                       const std::vector<PacketWork>& packets,
                       const AvailabilityProfile* availability = nullptr) {
    const Sender sender{0, &profile, &link, availability, packets};
    return schedule_fleet(std::span(&sender, 1), {});
}
std::vector<PartTimes> schedule_packets(const DeviceProfile& profile,
                                        const LinkProfile& link,
                                        const std::vector<PacketWork>& packets) {
    std::vector<PartTimes> times;
    for (const PacketSchedule& one : schedule(profile, link, packets).packets)
        times.push_back(one.times);
    return times;
}

void expect_times(const PartTimes& times,
                  long long compute_start,
                  long long compute_end,
                  long long send_start,
                  long long send_end) {
    EXPECT_EQ(times.compute_start.time_since_epoch(), nanoseconds(compute_start));
    EXPECT_EQ(times.compute_end.time_since_epoch(), nanoseconds(compute_end));
    EXPECT_EQ(times.send_start.time_since_epoch(), nanoseconds(send_start));
    EXPECT_EQ(times.send_end.time_since_epoch(), nanoseconds(send_end));
    EXPECT_EQ(times.arrival.time_since_epoch(), nanoseconds(send_end + 2'000'000));
}

TEST(UploadsTest, OnePacketIsComputedSentAndArrives) {
    const std::vector packets{packet(1e6, 1000)};
    const auto times = schedule_packets(device(), link(), packets);
    ASSERT_EQ(times.size(), 1u);
    expect_times(times[0], 0, 3'333'333, 3'333'333, 3'333'333 + 1'142'857);
}

TEST(UploadsTest, ComputingGoesOnWhileTheLinkIsBusy) {
    // the first packet takes 10,000 bytes = 11,428,571.4 ns to send, longer than three computations
    const std::vector packets{packet(1e6, 10'000), packet(1e6, 1000), packet(1e6, 1000)};
    const auto times = schedule_packets(device(), link(), packets);
    expect_times(times[0], 0, 3'333'333, 3'333'333, 14'761'904);
    expect_times(times[1], 3'333'333, 6'666'666, 14'761'904, 15'904'761);
    expect_times(times[2], 6'666'666, 9'999'999, 15'904'761, 17'047'618);
}

TEST(UploadsTest, TheLinkWaitsWhileThePacketIsComputed) {
    const std::vector packets{packet(1e6, 1000), packet(3e6, 1000)};
    const auto times = schedule_packets(device(), link(), packets);
    expect_times(times[0], 0, 3'333'333, 3'333'333, 4'476'190);
    expect_times(times[1], 3'333'333, 13'333'333, 13'333'333, 14'476'190);
}

TEST(UploadsTest, MemoryBoundsAPacketThatReadsMoreThanItComputes) {
    const std::vector packets{PacketWork{{1e6, 9e6, 1e6, Precision::Fp16, 0}, 7000}};
    const auto times = schedule_packets(device(), link(), packets);
    expect_times(times[0], 0, 10'000'000, 10'000'000, 18'000'000);
}

TEST(UploadsTest, RefusesATimelineThatDoesNotFitTheClock) {
    const double year_flop = 3e8 * 365 * 86400;
    const std::vector<PacketWork> packets(41, packet(5 * year_flop, 0));
    EXPECT_THROW(schedule_packets(device(), link(), packets), ConfigError);
}

TEST(UploadsTest, ATraceTakesThePlaceOfTheRate) {
    LinkProfile traced = link();
    traced.trace = std::make_shared<RateTrace>(
        "t",
        std::vector<RateTrace::Step>{{seconds(0), 8000}, {seconds(1), 0}, {seconds(3), 16'000}},
        seconds(4), TraceEnd::Wrap);
    DeviceProfile profile = device();
    profile.time_per_sample_s = 0;
    // 1,000 bytes in the first second, none in the next two, 2,000 in the fourth
    const std::vector packets{packet(0, 500), packet(0, 1000), packet(0, 1600)};
    const auto times = schedule_packets(profile, traced, packets);
    expect_times(times[0], 0, 0, 0, 500'000'000);
    expect_times(times[1], 0, 0, 500'000'000, 3'250'000'000);
    expect_times(times[2], 0, 0, 3'250'000'000, 4'100'000'000);
}

TEST(UploadsTest, WhatTheLinkLosesIsSentAgain) {
    LinkProfile lossy = link();
    lossy.loss = 0.2;
    const std::vector<PacketWork> packets(400, packet(0, 15'000));
    double sent = 0;
    const FleetSchedule done = schedule(device(), lossy, packets);
    Time free{};
    for (const PacketSchedule& one : done.packets) {
        EXPECT_GE(one.sent_bytes, 15'000);
        EXPECT_EQ(one.sent_bytes % 1500, 0);
        EXPECT_NEAR(std::chrono::duration<double>(one.times.send_end - free).count(),
                    static_cast<double>(one.sent_bytes) * 8 / 7e6, 2e-9);
        free = one.times.send_end;
        sent += static_cast<double>(one.sent_bytes);
    }
    // 4,000 segments, each 1 / (1 - loss) times on average, deviation sqrt(loss) / (1 - loss)
    EXPECT_NEAR(sent / 6e6, 1.25, 4 * std::sqrt(0.2) / 0.8 / std::sqrt(4000));
}

TEST(UploadsTest, AnIdleRadioWakesUpFirst) {
    LinkProfile radio = link();
    radio.wake_up_s = 0.8;
    radio.wake_after_s = 1;
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1;
    const auto work = [](std::int32_t samples, std::int64_t bytes) {
        return PacketWork{{0, 0, 0, Precision::Fp16, samples}, bytes};
    };
    // 875 bytes take 1 ms; at 1 s the radio sleeps, at 2 s it has been silent for 0.199 s, at 4 s
    // for 1.999 s
    const auto times = schedule_packets(profile, radio, {work(1, 875), work(1, 875), work(2, 875)});
    EXPECT_EQ(times[0].send_start, Time(seconds(1)));
    EXPECT_EQ(times[0].send_end, Time(milliseconds(1801)));
    EXPECT_EQ(times[1].send_end, Time(milliseconds(2001)));
    EXPECT_EQ(times[2].send_end, Time(milliseconds(4801)));
}

TEST(UploadsTest, JitterChangesTheLatencyButNotTheOrder) {
    LinkProfile shaky = link();
    shaky.latency_s = 0.1;
    shaky.jitter_s = 0.03;
    const std::vector<PacketWork> packets(1000, packet(3e7, 875));
    double sum = 0, squares = 0;
    Time last{};
    for (const PacketSchedule& one : schedule(device(), shaky, packets).packets) {
        EXPECT_GE(one.times.arrival, last);
        last = one.times.arrival;
        const double delay =
            std::chrono::duration<double>(one.times.arrival - one.times.send_end).count();
        sum += delay;
        squares += delay * delay;
    }
    const double mean = sum / 1000;
    EXPECT_NEAR(mean, 0.1, 4 * 0.03 / std::sqrt(1000));
    EXPECT_NEAR(std::sqrt(squares / 1000 - mean * mean), 0.03, 0.003);
}

// docs/devices.md 5.2, FLASH: each transfer's rate ~ Normal(mu, sigma), drawn again until positive.
TEST(UploadsTest, RatesOfUploadsVaryNormally) {
    constexpr int kPackets = 100'000;
    LinkProfile shaky = link();
    shaky.uplink_bytes_per_s = 1e6;
    shaky.uplink_deviation_bytes_per_s = 4e5;
    const std::vector<PacketWork> packets(kPackets, packet(0, 1'000'000));
    double sum = 0, squares = 0;
    for (const PacketSchedule& one : schedule(device(), shaky, packets).packets) {
        const double rate =
            1e6 / std::chrono::duration<double>(one.times.send_end - one.times.send_start).count();
        EXPECT_GT(rate, 0);
        sum += rate;
        squares += rate * rate;
    }
    // of a normal cut off at zero, 2.5 sigma below its mean: phi(2.5) = 0.017528, Phi(2.5) =
    // 0.993790
    const double lambda = 0.017528 / 0.993790;
    const double mean = 1e6 + 4e5 * lambda;
    const double deviation = 4e5 * std::sqrt(1 - 2.5 * lambda - lambda * lambda);
    EXPECT_NEAR(sum / kPackets, mean, 4 * deviation / std::sqrt(kPackets));
    EXPECT_NEAR(std::sqrt(squares / kPackets - std::pow(sum / kPackets, 2)), deviation,
                4 * deviation / std::sqrt(kPackets));
}

TEST(UploadsTest, ADrawnRateHoldsForItsTransferAloneAndShared) {
    LinkProfile alone = link();
    alone.uplink_deviation_bytes_per_s = 2e5;
    LinkProfile shared = alone;
    shared.cell_devices = 1;
    shared.cell_uplink_bytes_per_s = 1e12;  // room for all
    const std::vector<PacketWork> packets(50, packet(1e5, 30'000));
    const FleetSchedule one = schedule(device(), alone, packets);
    const FleetSchedule other = schedule(device(), shared, packets);
    for (std::size_t j = 0; j < packets.size(); ++j)
        EXPECT_NEAR(static_cast<double>(
                        (one.packets[j].times.send_end - other.packets[j].times.send_end).count()),
                    0, 50);  // alone each is rounded to a nanosecond
}

TEST(UploadsTest, ComputeTimesVaryNormally) {
    constexpr int kPackets = 100'000;
    DeviceProfile profile = device();
    profile.compute_deviation = 0.2;
    const std::vector<PacketWork> packets(kPackets, packet(3e8, 0));
    double sum = 0, squares = 0;
    for (const PacketSchedule& one : schedule(profile, link(), packets).packets) {
        const double time =
            std::chrono::duration<double>(one.times.compute_end - one.times.compute_start).count();
        EXPECT_GT(time, 0);
        sum += time;
        squares += time * time;
    }
    const double mean = sum / kPackets;
    EXPECT_NEAR(mean, 1, 4 * 0.2 / std::sqrt(kPackets));
    EXPECT_NEAR(std::sqrt(squares / kPackets - mean * mean), 0.2, 4 * 0.2 / std::sqrt(kPackets));
}

TEST(UploadsTest, ABatteryThatIsEmptySaysWhen) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1;
    profile.compute_w = 2;
    profile.battery_j = 5;
    profile.battery_low = 0;
    const std::vector<PacketWork> packets(4, PacketWork{{0, 0, 0, Precision::Fp16, 1}, 0});
    const FleetSchedule done = schedule(profile, link(), packets);
    ASSERT_EQ(done.emptied.size(), 1u);
    EXPECT_EQ(done.emptied[0].first, 0);
    EXPECT_EQ(done.emptied[0].second, Time(milliseconds(2500)));
    EXPECT_TRUE(done.packets[1].delivered);
    EXPECT_FALSE(done.packets[2].delivered);
}

TEST(UploadsTest, ComputeTimesSpreadLogNormally) {
    DeviceProfile profile = device();
    profile.compute_spread = 0.5;
    const std::vector<PacketWork> packets(4000, packet(3e8, 0));
    double sum = 0, squares = 0;
    for (const PacketSchedule& one : schedule(profile, link(), packets).packets) {
        const double log_s = std::log(
            std::chrono::duration<double>(one.times.compute_end - one.times.compute_start).count());
        sum += log_s;
        squares += log_s * log_s;
    }
    const double mean = sum / 4000;
    EXPECT_NEAR(mean, 0, 4 * 0.5 / std::sqrt(4000));
    EXPECT_NEAR(std::sqrt(squares / 4000 - mean * mean), 0.5, 0.03);
}

TEST(UploadsTest, AHotDeviceSlowsDownAndRecoversWhileItIsOff) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1;
    profile.thermal_budget_s = 2;
    profile.thermal_floor = 0.5;
    profile.thermal_decay_s = 1e-15;  // at once
    const PacketWork work{{0, 0, 0, Precision::Fp16, 1}, 0};
    const auto times = schedule_packets(profile, link(), {work, work, work, work});
    EXPECT_EQ(times[1].compute_end, Time(seconds(2)));
    EXPECT_EQ(times[2].compute_end, Time(seconds(4)));
    EXPECT_EQ(times[3].compute_end, Time(seconds(6)));
    AvailabilityProfile pattern;
    pattern.kind = AvailabilityKind::Trace;
    pattern.trace =
        std::make_shared<AvailabilityTrace>(parse_availability_trace("0,0,2\n0,3,100\n", "a", 100));
    const FleetSchedule rested = schedule(profile, link(), {work, work, work, work}, &pattern);
    EXPECT_EQ(rested.packets[2].times.compute_end,
              Time(seconds(4)));  // a second of rest, one of work
    EXPECT_EQ(rested.packets[3].times.compute_end, Time(seconds(6)));
}

TEST(UploadsTest, OtherProgramsSlowADeviceByTheExactIntegralOfTheirLoad) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 3;
    // Half of the rate for two seconds, nothing for one, all for one, and again.
    profile.load = std::make_shared<const RateTrace>(parse_load("0 0.5\n2 0\n3 1\n", "load.txt"));
    const PacketWork work{{0, 0, 0, Precision::Fp16, 1}, 0};
    const auto times = schedule_packets(profile, link(), {work, work});
    // 1 s of work by 2 s, none by 3, 2 by 4, 3 by 6; then 0 by 7, 1 by 8, 2 by 10, 3 by 12
    EXPECT_EQ(times[0].compute_end, Time(seconds(6)));
    EXPECT_EQ(times[1].compute_end, Time(seconds(12)));
}

TEST(UploadsTest, NoWorkTakesNoTimeWhileOtherProgramsHaveItAll) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1;
    profile.load = std::make_shared<const RateTrace>(parse_load("0 1\n1 0\n5 1\n", "load.txt"));
    const PacketWork work{{0, 0, 0, Precision::Fp16, 1}, 875};
    const PacketWork none{{1e-9, 0, 0, Precision::Fp16, 0}, 875};
    const auto times = schedule_packets(profile, link(), {work, none});
    EXPECT_EQ(times[0].compute_end, Time(seconds(1)));
    EXPECT_EQ(times[1].compute_start, Time(seconds(1)));
    EXPECT_EQ(times[1].compute_end, Time(seconds(1)));
}

TEST(UploadsTest, AShareAboveOneIsRefusedByLine) {
    for (const char* text : {"0 0.5\n1 1.5\n", "0 0.5\n1 -1\n", "0 0.5\n1\n"}) {
        try {
            parse_load(text, "load.txt");
            ADD_FAILURE() << text;
        } catch (const DataError& error) {
            EXPECT_NE(std::string(error.what()).find("load.txt:2"), std::string::npos)
                << error.what();
        }
    }
    EXPECT_THROW(parse_load("0 0\n", "load.txt"), DataError);  // nothing would ever end
}

TEST(UploadsTest, ALowBatteryRestsAndAnEmptyOneLeavesForGood) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1;
    profile.compute_w = 2;
    profile.battery_j = 10;
    profile.battery_start = 0.5;  // 5 J: two packets and a half
    profile.battery_low = 0.2;
    profile.battery_rest_s = 3;
    const PacketWork work{{0, 0, 0, Precision::Fp16, 1}, 0};
    const FleetSchedule all = schedule(profile, link(), {work, work, work, work});
    EXPECT_EQ(all.packets[0].times.compute_end, Time(seconds(1)));
    EXPECT_EQ(all.packets[1].times.compute_start, Time(seconds(1)));
    EXPECT_EQ(all.packets[1].times.compute_end, Time(seconds(2)));
    // 1 J is left, less than 2: a rest, then half a packet
    EXPECT_FALSE(all.packets[2].delivered);
    EXPECT_FALSE(all.packets[3].delivered);
    ASSERT_EQ(all.lost.size(), 1U);
    EXPECT_EQ(all.lost[0].start, Time(seconds(5)));
    EXPECT_EQ(all.lost[0].end, Time(milliseconds(5500)));
}

TEST(UploadsTest, SendingDrainsTheBatteryWhereItsPowerIsKnown) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1;
    profile.compute_w = 1;
    profile.battery_j = 10;
    profile.battery_start = 0.35;  // 3.5 J
    LinkProfile radio = link();
    radio.uplink_bytes_per_s = 1000;
    const PacketWork work{{0, 0, 0, Precision::Fp16, 1}, 1000};  // 1 J to compute, a second to send
    EXPECT_TRUE(schedule(profile, radio, {work, work, work}).packets[2].delivered);
    radio.up_base_w = 1;
    radio.up_j_per_byte = 0;
    EXPECT_TRUE(schedule(profile, radio, {work, work, work}).packets[0].delivered);
    EXPECT_FALSE(schedule(profile, radio, {work, work, work}).packets[2].delivered);
}

/// On in [0, 2) and [3, 5) of every 10 s.
AvailabilityProfile spans() {
    AvailabilityProfile profile;
    profile.name = "a";
    profile.kind = AvailabilityKind::Trace;
    profile.trace = std::make_shared<AvailabilityTrace>(
        parse_availability_trace("device,on_s,off_s\n0,0,2\n0,3,5\n", "a", 10));
    return profile;
}

TEST(UploadsTest, ADeviceThatGoesOffBeginsThatPacketAnew) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1;
    LinkProfile slow = link();
    slow.uplink_bytes_per_s = 1000;
    const AvailabilityProfile pattern = spans();
    const PacketWork work{{0, 0, 0, Precision::Fp16, 1}, 1500};  // 1 s, then 1.5 s
    const FleetSchedule done = schedule(profile, slow, {work, work, work}, &pattern);
    expect_times(done.packets[0].times, 0, 1'000'000'000, 3'000'000'000, 4'500'000'000);
    // computed in [1, 2), just in time; its upload has 0.5 s left of [3, 5) and waits for [10, 12)
    expect_times(done.packets[1].times, 1'000'000'000, 2'000'000'000, 10'000'000'000,
                 11'500'000'000);
    expect_times(done.packets[2].times, 3'000'000'000, 4'000'000'000, 13'000'000'000,
                 14'500'000'000);
    ASSERT_EQ(done.lost.size(), 3u);
    EXPECT_EQ(done.lost[0].packet, 0);
    EXPECT_TRUE(done.lost[0].upload);
    EXPECT_EQ(done.lost[0].start, Time(seconds(1)));
    EXPECT_EQ(done.lost[0].end, Time(seconds(2)));
    EXPECT_EQ(done.lost[0].sent_bytes, 1000);
    EXPECT_EQ(done.lost[1].packet, 1);
    EXPECT_EQ(done.lost[1].sent_bytes, 500);
    EXPECT_EQ(done.lost[2].packet, 2);
    EXPECT_EQ(done.lost[2].start, Time(milliseconds(11'500)));
}

TEST(UploadsTest, ComputationIsLostToo) {
    DeviceProfile profile = device();
    profile.time_per_sample_s = 1.5;
    const AvailabilityProfile pattern = spans();
    const PacketWork work{{0, 0, 0, Precision::Fp16, 1}, 0};
    const FleetSchedule done = schedule(profile, link(), {work, work}, &pattern);
    EXPECT_EQ(done.packets[1].times.compute_start, Time(seconds(3)));
    ASSERT_EQ(done.lost.size(), 1u);
    EXPECT_FALSE(done.lost[0].upload);
    EXPECT_EQ(done.lost[0].start, Time(milliseconds(1500)));
    EXPECT_EQ(done.lost[0].end, Time(seconds(2)));
}

/// What a fleet of one device, whose packets take 30 ms to compute and 8 ms to send, is refused
/// with.
std::string hopeless(AvailabilityProfile pattern,
                     const char* spans = nullptr,
                     double period_s = 1,
                     const LinkProfile& way = link()) {
    pattern.name = "a";
    if (spans != nullptr) {
        pattern.kind = AvailabilityKind::Trace;
        pattern.trace =
            std::make_shared<AvailabilityTrace>(parse_availability_trace(spans, "a", period_s));
    }
    DeviceProfile slow = device();
    slow.time_per_sample_s = 0.03;
    PacketWork work = packet(0, 7000);
    work.compute.samples = 1;
    try {
        schedule(slow, way, {work, work, work}, &pattern);
    } catch (const ConfigError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(UploadsTest, APacketLongerThanEverySpanIsRefusedAtOnce) {
    EXPECT_EQ(hopeless({}, "0,0,0.02\n0,0.5,0.501\n"),
              "computing a packet on device.d: takes 30 ms, the device is on for 20 ms at a time "
              "(availability.a) and loses what it has begun; accepted: a faster device or link, "
              "fewer packet.samples, or longer times on");
    EXPECT_EQ(hopeless({}, "0,0,0.03\n"), "accepted");
    // two spans that touch across the period's end
    EXPECT_EQ(hopeless({}, "0,0,0.02\n0,0.98,1\n"), "accepted");
}

TEST(UploadsTest, AnUploadLongerThanEverySpanIsRefused) {
    LinkProfile slow = link();
    slow.uplink_bytes_per_s = 7e4;  // 100 ms
    EXPECT_NE(
        hopeless({}, "0,0,0.05\n", 1, slow)
            .find("an upload over link.l: takes 100 ms, the device is on for 50 ms at a time"),
        std::string::npos);
    slow.cell_devices = 2;
    slow.cell_uplink_bytes_per_s = 1e9;
    EXPECT_NE(
        hopeless({}, "0,0,0.05\n", 1, slow)
            .find("an upload over link.l: takes 100 ms, the device is on for 50 ms at a time"),
        std::string::npos);
    slow.uplink_bytes_per_s = 1e9;
    slow.cell_uplink_bytes_per_s = 7e4;
    EXPECT_NE(hopeless({}, "0,0,0.05\n", 1, slow).find("was cut off 10000 times"),
              std::string::npos);
}

TEST(UploadsTest, ARadioThatNeverWakesUpInTimeIsRefused) {
    LinkProfile sleepy = link();
    sleepy.wake_up_s = 0.2;
    constexpr const char* kWhy =
        "an upload over link.l: takes 200 ms, the device is on for 100 ms at a time";
    EXPECT_NE(hopeless({}, "0,0,0.1\n", 1, sleepy).find(kWhy), std::string::npos);
    sleepy.cell_devices = 2;
    sleepy.cell_uplink_bytes_per_s = 1e6;
    EXPECT_NE(hopeless({}, "0,0,0.1\n", 1, sleepy).find(kWhy), std::string::npos);
}

TEST(UploadsTest, DrawnTimesThatAreTooShortAreRefusedAfterTenThousandAttempts) {
    AvailabilityProfile flaky;
    flaky.kind = AvailabilityKind::Markov;
    flaky.mean_on_s = flaky.mean_off_s = 0.001;
    EXPECT_EQ(hopeless(flaky),
              "computing a packet on device.d: takes 30 ms, the device is on for 1 ms at a time "
              "(availability.a) and was cut off 10000 times in a row; accepted: a faster device or "
              "link, fewer packet.samples, or longer times on");
    flaky.mean_on_s = 0.01;
    EXPECT_EQ(hopeless(flaky), "accepted");
}

TEST(UploadsTest, SumsOfMoreThan200YearsAreRefused) {
    DeviceProfile slow = device();
    slow.time_per_sample_s = 3e9;  // 95 years
    PacketWork work = packet(0, 1);
    work.compute.samples = 1;
    EXPECT_NO_THROW(schedule(slow, link(), {work, work}));
    EXPECT_THROW(schedule(slow, link(), {work, work, work}), ConfigError);
    LinkProfile far = link();
    far.latency_s = 6.3e9;
    EXPECT_THROW(schedule(slow, far, {work}), ConfigError);
}

}  // namespace
}  // namespace mobi::test
