// SPDX-License-Identifier: Apache-2.0
#include "worker/pacer.hpp"

#include <chrono>
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;

VirtualClock::time_point at(int ms) {
    return VirtualClock::time_point(milliseconds(ms));
}

WallClock::time_point wall(double seconds) {
    return WallClock::time_point(WallClock::duration(seconds));
}

Bytes numbered(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i);
    return bytes;
}

/// Device 7: two packets of 100 ms computation and 40 ms upload, 5 ms latency; two virtual seconds
/// a real one, from 1,000 s on.
class PacerTest : public ::testing::Test {
  protected:
    PacerTest() {
        plan.start_wall_s = 1000;
        plan.time_scale = 2;
        plan.uploads = {{7, 0, {at(0), at(100), at(100), at(140), at(145)}},
                        {7, 1, {at(100), at(200), at(200), at(240), at(245)}}};
    }

    /// Asks at every time that the pacer names, each `delay` late, until all is done.
    std::vector<std::pair<double, Segment>> play(Pacer& pacer, double delay = 0) {
        std::vector<std::pair<double, Segment>> sent;
        while (!pacer.finished()) {
            const auto next = pacer.next();
            if (!next) {
                ADD_FAILURE() << "nothing is due, and not all is done";
                break;
            }
            const WallClock::time_point now = *next + WallClock::duration(delay);
            for (Segment& segment : pacer.advance(now).segments)
                sent.emplace_back(now.time_since_epoch().count() - 1000, std::move(segment));
        }
        return sent;
    }

    void keep_all(Pacer& pacer, std::size_t bytes = 6000) {
        for (const PacePlan::Upload& upload : plan.uploads)
            pacer.keep(upload.device, upload.packet, numbered(bytes), wall(999));
    }

    PacePlan plan;
};

TEST_F(PacerTest, SegmentsGoAsTheLinkWouldCarryThem) {
    Pacer pacer(plan);
    keep_all(pacer);
    const auto sent = play(pacer);
    // 40 ms are 20 real ones, two segments: at 120 and 140 ms, one latency later.
    ASSERT_EQ(sent.size(), 4U);
    const std::vector<double> times{0.0625, 0.0725, 0.1125, 0.1225};
    Bytes first;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        EXPECT_NEAR(sent[i].first, times[i], 1e-9) << i;
        EXPECT_EQ(sent[i].second.packet, static_cast<std::int32_t>(i / 2));
        EXPECT_EQ(sent[i].second.last, i % 2 == 1);
        if (i < 2)
            first.insert(first.end(), sent[i].second.bytes.begin(), sent[i].second.bytes.end());
    }
    EXPECT_EQ(first, numbered(6000));
    EXPECT_EQ(pacer.overruns(), 0);
    const PacketTimes& measured = sent[1].second.times;
    const auto close = [](VirtualClock::time_point a, VirtualClock::time_point b) {
        return std::abs((a - b).count()) < 1000;  // the wall clock is a double
    };
    EXPECT_TRUE(close(measured.compute_start, at(0)));
    EXPECT_TRUE(close(measured.compute_end, at(100)));
    EXPECT_TRUE(close(measured.send_start, at(100)));
    EXPECT_TRUE(close(measured.send_end, at(140)));
}

TEST_F(PacerTest, SmallLatenessIsCaughtUpWith) {
    Pacer pacer(plan);
    keep_all(pacer);
    const auto sent = play(pacer, 0.004);
    EXPECT_EQ(pacer.overruns(), 0);
    // Every event is as late as the first one: the last is not 4 ms times six late.
    EXPECT_NEAR(sent.back().first, 0.1225 + 0.004, 1e-9);
}

TEST_F(PacerTest, AnOverrunPutsTheDeviceOffAndIsCounted) {
    plan.uploads.push_back({8, 0, {at(0), at(50), at(50), at(90), at(95)}});
    Pacer pacer(plan);
    keep_all(pacer);
    pacer.advance(wall(1000));
    // Both devices should have ended computing by then, device 8 25 ms and device 7 nothing late.
    const auto due = pacer.advance(wall(1000.050));
    EXPECT_EQ(pacer.overruns(), 1);
    EXPECT_NEAR(pacer.worst_overrun().count(), 0.025, 1e-6);
    EXPECT_TRUE(due.segments.empty());  // device 8's upload begins now
    const auto sent = play(pacer);
    for (const auto& [time, segment] : sent) {
        if (!segment.last) continue;
        if (segment.device == 8) {
            EXPECT_NEAR(time, 0.0725, 1e-6);  // planned at 0.0475
            EXPECT_NEAR(std::chrono::duration<double>(segment.overrun).count(), 0.05, 1e-6);
        } else {
            EXPECT_EQ(segment.overrun.count(), 0);
        }
    }
    EXPECT_EQ(pacer.overruns(), 1);
}

TEST_F(PacerTest, APacketThatIsNotComputedYetHoldsItsDevice) {
    Pacer pacer(plan);
    auto due = pacer.advance(wall(1000));
    ASSERT_EQ(due.begun.size(), 1U);
    EXPECT_EQ(due.begun[0], (std::pair<std::int32_t, std::int32_t>(7, 0)));
    EXPECT_TRUE(pacer.advance(wall(1000.06)).segments.empty());
    EXPECT_FALSE(pacer.next());
    EXPECT_FALSE(pacer.finished());
    pacer.keep(7, 0, numbered(100), wall(1000.07));  // due at 1000.05
    EXPECT_EQ(pacer.overruns(), 1);
    due = pacer.advance(wall(1000.07));
    ASSERT_EQ(due.begun.size(), 1U);
    pacer.keep(7, 1, numbered(100), wall(1000.08));
    const auto sent = play(pacer);
    EXPECT_NEAR(sent.back().first, 0.1225 + 0.02, 1e-6);
}

TEST_F(PacerTest, AnUploadThatIsCutOffIsSentAgainAsAnotherAttempt) {
    plan.uploads = {{7, 0, {at(0), at(100), at(300), at(340), at(345)}}};
    plan.cut = {{7, 0, at(100), at(120), 3000}};
    Pacer pacer(plan);
    keep_all(pacer);
    const auto sent = play(pacer);
    ASSERT_GE(sent.size(), 2U);
    EXPECT_EQ(sent.front().second.attempt, 0);
    EXPECT_FALSE(sent.front().second.last);
    EXPECT_EQ(sent.front().second.bytes.size(), 3000U);
    Bytes second;
    for (const auto& [time, segment] : sent)
        if (segment.attempt == 1)
            second.insert(second.end(), segment.bytes.begin(), segment.bytes.end());
    EXPECT_EQ(second, numbered(6000));
    EXPECT_NEAR(sent.back().first, 0.1725, 1e-9);
}

TEST_F(PacerTest, NothingOfAPacketIsLostAtAnyLatenessAndSize) {
    for (const std::size_t bytes : {std::size_t{1}, std::size_t{1499}, std::size_t{6001}})
        for (const double delay : {0.0, 0.004, 0.006, 0.05}) {
            Pacer pacer(plan);
            keep_all(pacer, bytes);
            std::map<std::int32_t, Bytes> whole;
            for (const auto& [time, segment] : play(pacer, delay)) {
                Bytes& all = whole[segment.packet];
                all.insert(all.end(), segment.bytes.begin(), segment.bytes.end());
            }
            ASSERT_EQ(whole.size(), 2U);
            for (const auto& [packet, all] : whole) EXPECT_EQ(all, numbered(bytes)) << delay;
        }
}

TEST_F(PacerTest, APacketThatNobodyPlannedIsABug) {
    Pacer pacer(plan);
    EXPECT_THROW(pacer.keep(7, 2, {}, wall(1000)), Bug);
    EXPECT_THROW(pacer.keep(8, 0, {}, wall(1000)), Bug);
}

TEST_F(PacerTest, MessagesComeBackAsTheyWereSent) {
    plan.cut = {{7, 0, at(100), at(120), 3000}};
    const Bytes bytes = encode_pace_plan(plan);
    EXPECT_EQ(encode_pace_plan(decode_pace_plan(bytes)), bytes);
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_THROW(decode_pace_plan(std::span(bytes).first(size)), TransportError) << size;
    const Segment segment{3, 4, 1, true, plan.uploads[0].times, milliseconds(7), numbered(9)};
    const Bytes sent = encode_segment(segment);
    const Segment got = decode_segment(sent);
    EXPECT_EQ(encode_segment(got), sent);
    EXPECT_EQ(got.bytes, segment.bytes);
    EXPECT_EQ(got.overrun, segment.overrun);
    const PaceReport report{1.5, 0.1, 7, 3, 0.02};
    EXPECT_EQ(decode_pace_report(encode_pace_report(report)).overruns, 3);
}

}  // namespace
}  // namespace mobi::test
