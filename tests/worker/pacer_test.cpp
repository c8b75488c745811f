// SPDX-License-Identifier: Apache-2.0
#include "worker/pacer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"

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

TEST_F(PacerTest, WhatWasDueBeforeTheRunGoesOnIsDoneAtOnceAndWasOnTime) {
    plan.from = at(1000);
    Pacer pacer(plan);
    keep_all(pacer);
    const std::vector<Segment> sent = pacer.advance(wall(1000.5)).segments;
    EXPECT_TRUE(pacer.finished());
    EXPECT_EQ(pacer.overruns(), 0);
    ASSERT_EQ(sent.size(), 4U);
    for (const std::size_t last : {1U, 3U}) {
        const PacketTimes& planned = plan.uploads[last / 2].times;
        EXPECT_TRUE(sent[last].times.compute_start == planned.compute_start);
        EXPECT_TRUE(sent[last].times.compute_end == planned.compute_end);
        EXPECT_TRUE(sent[last].times.send_end == planned.send_end);
        EXPECT_EQ(sent[last].overrun.count(), 0);
    }
}

TEST_F(PacerTest, WhatIsDueLaterKeepsThePace) {
    plan.from = at(110);
    Pacer pacer(plan);
    keep_all(pacer);
    const Pacer::Due due = pacer.advance(wall(1000.055));
    EXPECT_EQ(due.begun.size(), 2U);
    EXPECT_TRUE(due.segments.empty());
    const auto sent = play(pacer);
    const std::vector<double> times{0.0625, 0.0725, 0.1125, 0.1225};
    ASSERT_EQ(sent.size(), times.size());
    for (std::size_t i = 0; i < times.size(); ++i) EXPECT_NEAR(sent[i].first, times[i], 1e-9);
    EXPECT_EQ(pacer.overruns(), 0);
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

/// Random devices whose links carry one packet at a time, some uploads cut off before they succeed.
PacePlan random_plan(RandomStream& random) {
    const auto some = [&](int most_ms) {
        return milliseconds(random.below(static_cast<std::uint64_t>(most_ms) + 1));
    };
    PacePlan plan;
    plan.start_wall_s = 1000;
    plan.time_scale = std::exp(random.normal());
    for (std::int32_t device = 0; device < 3; ++device) {
        auto computed = at(0);
        auto link_free = at(0);
        for (std::int32_t packet = 0; packet < 3; ++packet) {
            PacketTimes times;
            times.compute_start = computed + some(10);
            computed = times.compute_end = times.compute_start + some(60);
            auto start = std::max(times.compute_end, link_free);
            for (auto cuts = random.below(3); cuts > 0; --cuts) {
                const auto end = start + some(40);
                plan.cut.push_back({10 * device, 2 * packet, start, end,
                                    static_cast<std::int64_t>(random.below(5000))});
                start = end + some(30);
            }
            times.send_start = start;
            link_free = times.send_end = start + some(100);
            times.arrival = times.send_end + some(40);  // one may overtake another
            plan.uploads.push_back({10 * device, 2 * packet, times});
        }
    }
    return plan;
}

using Key = std::pair<std::int32_t, std::int32_t>;  // device, packet

/// Whenever the pacer is asked, every packet goes once and in full, behind what was cut off of it,
/// in the order of its device, in segments of a network's sizes.
TEST(PacerPropertyTest, EveryPacketGoesOnceAndInOrderHoweverLateItIsAsked) {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        const PacePlan plan = random_plan(random);
        Pacer pacer(plan);
        std::map<Key, Bytes> packets;
        for (const PacePlan::Upload& upload : plan.uploads) {
            Bytes& packet = packets[{upload.device, upload.packet}];
            packet = numbered(1 + random.below(random.below(2) == 0 ? 200'000 : 5000));
            pacer.keep(upload.device, upload.packet, packet, wall(999));
        }
        std::map<Key, std::map<std::int32_t, Bytes>> attempts;
        std::map<std::int32_t, std::vector<std::int32_t>> done;
        std::map<std::int32_t, std::vector<std::int32_t>> begun;
        std::size_t spent = 0;
        const double slow = random.below(3) == 0 ? 0.05 : 0.001;
        while (!pacer.finished()) {
            const auto next = pacer.next();
            ASSERT_TRUE(next);
            const auto now = *next + WallClock::duration(slow * random.uniform());
            Pacer::Due due = pacer.advance(now);
            spent += due.spent.size();
            for (const auto& [device, packet] : due.begun) begun[device].push_back(packet);
            for (const Segment& segment : due.segments) {
                const Key key{segment.device, segment.packet};
                EXPECT_LE(segment.bytes.size(), 64U * 1024);
                auto& tries = attempts[key];
                EXPECT_TRUE(tries.empty() || tries.rbegin()->first <= segment.attempt);
                Bytes& all = tries[segment.attempt];
                all.insert(all.end(), segment.bytes.begin(), segment.bytes.end());
                if (segment.last) done[segment.device].push_back(segment.packet);
            }
            if (const auto after = pacer.next()) {
                EXPECT_GT(*after, now) << "all that was due has been told";
            }
        }
        EXPECT_EQ(spent, plan.uploads.size());
        for (const std::int32_t device : {0, 10, 20}) {
            EXPECT_EQ(done[device], (std::vector<std::int32_t>{0, 2, 4}));
            EXPECT_EQ(begun[device], (std::vector<std::int32_t>{0, 2, 4}));
        }
        for (const auto& [key, packet] : packets) {
            std::vector<std::int64_t> cut;
            for (const PacePlan::CutUpload& one : plan.cut)
                if (Key(one.device, one.packet) == key) cut.push_back(one.sent_bytes);
            auto& tries = attempts[key];
            ASSERT_EQ(tries.size(), cut.size() + 1);
            for (std::size_t i = 0; i < cut.size(); ++i) {
                const std::size_t sent = std::min(packet.size(), static_cast<std::size_t>(cut[i]));
                EXPECT_EQ(
                    tries[static_cast<std::int32_t>(i)],
                    Bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(sent)));
            }
            EXPECT_EQ(tries[static_cast<std::int32_t>(cut.size())], packet);
        }
        EXPECT_EQ(pacer.next(), std::nullopt);
    }
}

/// Who is asked in time keeps the plan's times, to what a double of seconds can tell apart.
TEST(PacerPropertyTest, InTimeTheMeasuredTimesAreThePlannedOnes) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        const PacePlan plan = random_plan(random);
        Pacer pacer(plan);
        std::map<Key, PacketTimes> planned;
        for (const PacePlan::Upload& upload : plan.uploads) {
            planned[{upload.device, upload.packet}] = upload.times;
            pacer.keep(upload.device, upload.packet, numbered(1 + random.below(20'000)), wall(999));
        }
        const auto expect_near = [](const char* what, VirtualClock::time_point got,
                                    VirtualClock::time_point due) {
            EXPECT_NEAR(std::chrono::duration<double>(got - due).count(), 0, 2e-9) << what;
        };
        while (!pacer.finished()) {
            const auto next = pacer.next();
            ASSERT_TRUE(next);
            for (const Segment& segment : pacer.advance(*next).segments) {
                if (!segment.last) continue;
                const PacketTimes& times = planned.at({segment.device, segment.packet});
                expect_near("compute_start", segment.times.compute_start, times.compute_start);
                expect_near("compute_end", segment.times.compute_end, times.compute_end);
                expect_near("send_start", segment.times.send_start, times.send_start);
                expect_near("send_end", segment.times.send_end, times.send_end);
                EXPECT_EQ(segment.overrun.count(), 0);
            }
        }
        EXPECT_EQ(pacer.overruns(), 0);
        EXPECT_EQ(pacer.worst_overrun().count(), 0);
    }
}

/// However late, no time of a device comes before the one that it waits for, and what was later
/// than is tolerated is what the packets say.
TEST(PacerPropertyTest, LatenessIsPutOnTheTimesThatFollow) {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        const PacePlan plan = random_plan(random);
        Pacer pacer(plan);
        std::map<Key, PacketTimes> planned;
        for (const PacePlan::Upload& upload : plan.uploads) {
            planned[{upload.device, upload.packet}] = upload.times;
            pacer.keep(upload.device, upload.packet, numbered(1 + random.below(20'000)), wall(999));
        }
        std::map<std::int32_t, VirtualClock::duration> put_off;
        VirtualClock::duration overruns{};
        while (!pacer.finished()) {
            const auto next = pacer.next();
            ASSERT_TRUE(next);
            const auto now = *next + WallClock::duration(0.02 * random.uniform());
            for (const Segment& segment : pacer.advance(now).segments) {
                if (!segment.last) continue;
                const PacketTimes& measured = segment.times;
                EXPECT_LE(measured.compute_start, measured.compute_end);
                EXPECT_LE(measured.compute_end, measured.send_start);
                EXPECT_LE(measured.send_start, measured.send_end);
                const PacketTimes& times = planned.at({segment.device, segment.packet});
                EXPECT_GE(measured.compute_start + std::chrono::nanoseconds(10),
                          times.compute_start);
                EXPECT_GE(measured.send_end + std::chrono::nanoseconds(10),
                          times.send_end + put_off[segment.device]);
                put_off[segment.device] += segment.overrun;
                overruns += segment.overrun;
            }
        }
        EXPECT_EQ(pacer.overruns() > 0, overruns.count() > 0);
        EXPECT_EQ(pacer.overruns() > 0, pacer.worst_overrun() > PacedClock::kTolerance);
    }
}

/// The first one's latency is 50 ms, the second one waits for it and has none of its own.
TEST_F(PacerTest, AnOverrunIsCountedOnceWhereOneSegmentWaitsForAnother) {
    plan.time_scale = 1;
    plan.uploads = {{7, 0, {at(0), at(0), at(0), at(10), at(60)}},
                    {7, 1, {at(0), at(0), at(10), at(20), at(20)}}};
    Pacer pacer(plan);
    keep_all(pacer, 100);
    pacer.advance(wall(1000));
    const auto due = pacer.advance(wall(1000.080));
    ASSERT_EQ(due.segments.size(), 2U);
    EXPECT_EQ(pacer.overruns(), 1);
    EXPECT_NEAR(std::chrono::duration<double>(due.segments[0].overrun).count(), 0.020, 1e-6);
    EXPECT_EQ(due.segments[1].overrun.count(), 0);
    const auto left = due.segments[1].times.send_end - at(20);  // the link, not the other's latency
    EXPECT_NEAR(std::chrono::duration<double>(left).count(), 0.020, 1e-6);
}

TEST_F(PacerTest, APlanWithoutUploadsIsFinished) {
    plan.uploads.clear();
    plan.cut = {{7, 0, at(0), at(10), 100}};  // of a device of which nothing arrives
    Pacer pacer(plan);
    EXPECT_TRUE(pacer.finished());
    EXPECT_FALSE(pacer.next());
    EXPECT_TRUE(pacer.advance(wall(2000)).segments.empty());
}

TEST_F(PacerTest, NothingIsDueBeforeTheStart) {
    Pacer pacer(plan);
    keep_all(pacer);
    ASSERT_TRUE(pacer.next());
    EXPECT_EQ(*pacer.next(), wall(1000));
    const Pacer::Due due = pacer.advance(wall(999.999));
    EXPECT_TRUE(due.begun.empty());
    EXPECT_TRUE(due.segments.empty());
}

TEST_F(PacerTest, ASegmentStandsForTenMillisecondsOrAFrame) {
    // 2 virtual seconds are 1 s, 100 segments of 10 ms; 9,000 bytes are but six frames of 1,500
    for (const auto& [bytes, segments] : {std::pair(1'000'000, 100), std::pair(9000, 6)}) {
        plan.uploads = {{7, 0, {at(0), at(0), at(0), at(2000), at(2000)}}};
        Pacer pacer(plan);
        keep_all(pacer, static_cast<std::size_t>(bytes));
        const auto sent = play(pacer);
        ASSERT_EQ(sent.size(), static_cast<std::size_t>(segments));
        for (std::size_t i = 0; i < sent.size(); ++i)
            EXPECT_NEAR(sent[i].first, static_cast<double>(i + 1) / segments, 1e-6);
    }
}

}  // namespace
}  // namespace mobi::test
