// SPDX-License-Identifier: Apache-2.0
// Over MPI with rank 0 as the server and the others as workers; the rest on rank 0 alone, with
// workers that are a script.  Nothing here depends on how long anything takes: times are only
// compared with one another.
#include "crew/paced_source.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "crew/scripted_channel.hpp"
#include "crew/small_worker.hpp"
#include "support/contains.hpp"
#include "transport/communicator.hpp"
#include "transport/mpi_channel.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

constexpr WallClock::duration kPatience(0.001);

/// Rank 0's channel and its workers, whose clocks are `ahead` each more than the one before.
class Crew {
  public:
    Crew(const FleetPlan& plan, int ranks, WallClock::duration ahead = {})
        : channel(ranks, [this](int to, const Message& message) {
              workers.at(static_cast<std::size_t>(to - 1)).take(message.tag, message.bytes);
          }) {
        for (int rank = 1; rank < ranks; ++rank)
            workers.emplace_back(
                plan,
                [this, rank](int tag, Bytes bytes) { channel.answer(rank, tag, std::move(bytes)); },
                rank * ahead);
        channel.on_idle = [this] {
            if (!plays) return;
            for (SmallPacedWorker& worker : workers)
                if (worker.is_due()) worker.play();
        };
    }

    bool plays = true;  ///< they send when their time has come
    std::deque<SmallPacedWorker> workers;
    ScriptedChannel channel;
};

class PacedSourceTest : public ::testing::Test {
  protected:
    PacedSourceTest() { settings.forward.group_devices = 1; }

    PacedSource::Pace pace() const { return {1000, prefetch}; }

    FleetPlan plan = small_plan();
    std::vector<Delivery> deliveries = small_deliveries(plan);
    std::vector<LostWork> lost;
    TokenTable tokens = small_tokens(plan);
    LiveSettings settings;
    bool prefetch = true;
};

/// Takes everything that the source has, in the order of arrival.
void take_all(PacedSource& source, const FleetPlan& plan, const std::vector<Delivery>& deliveries) {
    std::set<std::pair<std::int32_t, std::int32_t>> seen;
    Time last{};
    for (std::int64_t i = 0; i < std::ssize(deliveries); ++i) {
        const FleetEvent* const event = source.next(Time::max());
        ASSERT_TRUE(event != nullptr);
        EXPECT_EQ(event->id, EventId(i));
        EXPECT_EQ(source.delivered(), i + 1);
        const Delivery& delivery = source.delivery(i);
        EXPECT_EQ(event->at, delivery.times.arrival);
        EXPECT_EQ(event->device, DeviceId(delivery.device));
        EXPECT_EQ(event->part, delivery.packet);
        EXPECT_GE(event->at, last);
        last = event->at;
        seen.emplace(delivery.device, delivery.packet);
        const auto planned =
            std::find_if(deliveries.begin(), deliveries.end(), [&](const Delivery& one) {
                return one.device == delivery.device && one.packet == delivery.packet;
            });
        ASSERT_TRUE(planned != deliveries.end());
        // what the worker measured, but for the arrival
        EXPECT_EQ(delivery.times.compute_start, planned->times.compute_start);
        EXPECT_EQ(delivery.times.send_end, planned->times.send_end);
        EXPECT_EQ(delivery.overrun.count(), delivery.packet);
        EXPECT_EQ(delivery.charged_bytes, planned->charged_bytes);
        EXPECT_EQ(std::get<Packet>(source.take(i)), small_packet(plan, *planned));
    }
    EXPECT_EQ(seen.size(), deliveries.size());
    EXPECT_TRUE(source.next(Time::max()) == nullptr);
}

TEST_F(PacedSourceTest, EveryPacketComesWhateverTheNumberOfRanks) {
    tokens = small_tokens(plan, {300, 300});
    settings.truth = small_truth(300);
    settings.forward.group_devices = 2;
    MpiChannel channel;
    if (channel.rank() > 0) {
        SmallPacedWorker worker(
            plan, [&](int tag, Bytes bytes) { channel.send(0, tag, std::move(bytes)); });
        while (true) {
            const std::optional<Message> message = channel.receive(kPatience);
            if (message) worker.take(message->tag, message->bytes);
            if (worker.is_due()) worker.play();
            if (message && message->tag == kTagStop) break;
        }
        return channel.flush();
    }
    PacedSource source(channel, plan, deliveries, lost, tokens, pace(), settings);
    EXPECT_TRUE(source.evaluation() != nullptr);
    EXPECT_EQ(source.replies().evaluation_open(), 0);
    EXPECT_EQ(source.replies().open_requests(), 0);
    source.pace().begin({});
    take_all(source, plan, deliveries);
    const auto reports = source.stop();
    EXPECT_EQ(std::ssize(reports), channel.size() - 1);
    EXPECT_EQ(std::ssize(source.pace_reports()), channel.size() - 1);
    EXPECT_EQ(source.replies().samples_done(), source.samples_planned());
}

class PacedSourceScriptTest : public PacedSourceTest {
  protected:
    void SetUp() override {
        if (Communicator(MPI_COMM_WORLD).rank() > 0) GTEST_SKIP() << "on rank 0 alone";
    }
};

TEST_F(PacedSourceScriptTest, WhatHadArrivedIsToldAgainAndTheRestComes) {
    std::vector<Delivery> past;
    for (const std::size_t i : {3U, 0U, 4U}) {
        past.push_back(deliveries.at(i));
        past.back().times.arrival = Time(std::chrono::milliseconds(past.size()));
        past.back().overrun = VirtualClock::duration(1000);
    }
    Crew crew(plan, 3);
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings, past);
    EXPECT_TRUE(source.evaluation() == nullptr);
    std::set<std::pair<std::int32_t, std::int32_t>> seen;
    for (std::int64_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(source.next(past[static_cast<std::size_t>(i)].times.arrival -
                                VirtualClock::duration(1)) == nullptr);
        const FleetEvent* const event =
            source.next(past[static_cast<std::size_t>(i)].times.arrival);
        ASSERT_TRUE(event != nullptr) << "told before the pace goes on";
        EXPECT_EQ(event->part, past[static_cast<std::size_t>(i)].packet);
        seen.emplace(source.delivery(i).device, source.delivery(i).packet);
        source.skip(i);
    }
    EXPECT_TRUE(source.next(Time(std::chrono::milliseconds(50))) == nullptr);
    const Time from(std::chrono::milliseconds(5));
    source.pace().begin(from);
    for (std::int64_t i = 3; i < std::ssize(deliveries); ++i) {
        ASSERT_TRUE(source.next(Time::max()) != nullptr);
        const Delivery& delivery = source.delivery(i);
        EXPECT_GE(delivery.times.arrival, from);
        EXPECT_TRUE(seen.emplace(delivery.device, delivery.packet).second) << "it came twice";
        EXPECT_EQ(std::get<Packet>(source.take(i)), small_packet(plan, delivery));
    }
    EXPECT_EQ(seen.size(), deliveries.size());
    EXPECT_TRUE(source.next(Time::max()) == nullptr);
    for (const auto& worker : crew.workers) EXPECT_TRUE(worker.pace()->from == from);
    source.stop();
}

TEST_F(PacedSourceScriptTest, PacketsComeInSegmentsInWhateverOrderTheyCome) {
    for (const bool before : {true, false}) {
        prefetch = before;
        std::reverse(deliveries.begin(), deliveries.end());  // of the workers' plans
        std::vector<Delivery> planned = deliveries;
        std::sort(planned.begin(), planned.end(), [](const Delivery& a, const Delivery& b) {
            return a.times.arrival < b.times.arrival;
        });
        Crew crew(plan, 4);
        PacedSource source(crew.channel, plan, planned, lost, tokens, pace(), settings);
        EXPECT_TRUE(source.evaluation() == nullptr);
        source.pace().begin({});
        take_all(source, plan, planned);
        source.stop();
        EXPECT_EQ(source.replies().open_requests(), 0);
        for (const auto& [rank, report] : source.pace_reports()) {
            EXPECT_EQ(report.wire_bytes, 100);
            EXPECT_EQ(report.overruns, 2);
        }
    }
}

TEST_F(PacedSourceScriptTest, WhatIsComputedBeforehandIsWaitedFor) {
    for (const bool before : {true, false}) {
        prefetch = before;
        Crew crew(plan, 3);
        PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
        source.evaluation();
        // without, a worker owes a report on every packet, and none has come
        EXPECT_EQ(source.replies().open_requests(), before ? 0 : std::ssize(deliveries));
        std::size_t packets = 0;
        for (const auto& [to, message] : crew.channel.sent) {
            const WorkRequest request = decode_request(message.bytes);
            EXPECT_EQ(request.release, before ? Release::Paced : Release::OnDemand);
            packets += request.work.items.size();
        }
        EXPECT_EQ(packets, deliveries.size());
    }
}

TEST_F(PacedSourceScriptTest, AWorkerIsToldThePlanOfTheDevicesThatItComputes) {
    // cut off: of a device that sends, of one that computes only, and of one of which nothing comes
    lost = {{0, 1, LostStage::Upload, Time(milliseconds(3)), Time(milliseconds(5)), 70},
            {0, 2, LostStage::Compute, Time(milliseconds(3)), Time(milliseconds(5)), 0},
            {3, 0, LostStage::Upload, Time(milliseconds(4)), Time(milliseconds(6)), 80}};
    std::erase_if(deliveries, [](const Delivery& one) { return one.device == 3; });
    Crew crew(plan, 3);
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    source.evaluation();
    source.pace().begin({});
    std::size_t uploads = 0;
    std::vector<std::int32_t> cut;
    for (const SmallPacedWorker& worker : crew.workers) {
        ASSERT_TRUE(worker.pace().has_value());
        EXPECT_EQ(worker.pace()->time_scale, 1000);
        EXPECT_EQ(worker.pace()->uploads.size(), worker.kept().size());
        for (const PacePlan::Upload& upload : worker.pace()->uploads) {
            EXPECT_TRUE(worker.kept().contains({upload.device, upload.packet}));
            const auto planned =
                std::find_if(deliveries.begin(), deliveries.end(), [&](const Delivery& one) {
                    return one.device == upload.device && one.packet == upload.packet;
                });
            ASSERT_TRUE(planned != deliveries.end());
            EXPECT_EQ(upload.times.compute_start, planned->times.compute_start);
            EXPECT_EQ(upload.times.send_end, planned->times.send_end);
            EXPECT_EQ(upload.times.arrival, planned->times.arrival);
            ++uploads;
        }
        for (const PacePlan::CutUpload& upload : worker.pace()->cut) {
            EXPECT_TRUE(worker.kept().contains({upload.device, 0}));
            EXPECT_EQ(upload.packet, 1);
            EXPECT_EQ(upload.start, Time(milliseconds(3)));
            EXPECT_EQ(upload.end, Time(milliseconds(5)));
            EXPECT_EQ(upload.sent_bytes, 70);
            cut.push_back(upload.device);
        }
    }
    EXPECT_EQ(uploads, deliveries.size());
    EXPECT_EQ(cut, std::vector<std::int32_t>{0});
}

TEST_F(PacedSourceScriptTest, GroupsAreDealtInTurn) {
    Crew crew(plan, 3);
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    source.evaluation();
    const ForwardRequests planned(plan, deliveries, tokens, false, 1);
    ASSERT_EQ(crew.channel.sent.size(), planned.entries().size());
    std::map<std::int32_t, int> worker_of;
    for (std::size_t i = 0; i < planned.entries().size(); ++i) {
        const auto first = static_cast<std::size_t>(planned.entries()[i].deliveries.front());
        worker_of[deliveries[first].device] = 1 + static_cast<int>(i % 2);
    }
    for (const auto& [to, message] : crew.channel.sent)
        for (const WorkItem& item : decode_request(message.bytes).work.items)
            EXPECT_EQ(to, worker_of.at(item.device));
}

TEST_F(PacedSourceScriptTest, AllBeginTogetherEachByItsOwnClock) {
    constexpr double kAhead_s = 1e6;
    Crew crew(plan, 4, WallClock::duration(kAhead_s));
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    source.evaluation();
    const double before_s = WallClock::now().time_since_epoch().count();
    source.pace().begin({});
    const double start_s = source.pace().clock().wall_at(Time{}).time_since_epoch().count();
    EXPECT_GT(start_s, before_s);  // there is time left to tell them
    for (std::size_t i = 0; i < crew.workers.size(); ++i) {
        ASSERT_TRUE(crew.workers[i].pace().has_value());
        const double offset_s = kAhead_s * static_cast<double>(i + 1);
        // a question that takes long says little: far less than the clocks differ
        EXPECT_NEAR(crew.workers[i].pace()->start_wall_s, start_s + offset_s, 0.01 * kAhead_s);
    }
}

TEST_F(PacedSourceScriptTest, WorkersAreToldToStopWhenTheyHaveSentTheirLastSegment) {
    Crew crew(plan, 3);
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    source.evaluation();
    source.pace().begin({});
    EXPECT_EQ(source.stop().size(), 2U);  // nothing was taken
    EXPECT_EQ(source.pace_reports().size(), 2U);
}

TEST_F(PacedSourceScriptTest, AnEarlierTimeIsNotWaitedFor) {
    Crew crew(plan, 2);
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    source.evaluation();
    source.pace().begin({});
    const int receives = crew.channel.receives;
    EXPECT_TRUE(source.next(Time(std::chrono::hours(1))) == nullptr);
    EXPECT_EQ(crew.channel.receives, receives);
    const Time first = source.next(Time::max())->at;
    // all has come by the time of the last, but what came later than asked is not told
    while (source.next(Time::max()) != nullptr) {
    }
    EXPECT_TRUE(source.next(Time(std::chrono::hours(1))) == nullptr);
    EXPECT_GE(source.delivery(source.delivered() - 1).times.arrival, first);
}

TEST_F(PacedSourceScriptTest, OfWhatHasComeOnlyTheEarlierIsTold) {
    Crew crew(plan, 2);
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    source.evaluation();
    source.pace().begin({});
    source.take(std::ssize(deliveries) - 1);  // all have come
    for (std::int64_t i = 0; i < std::ssize(deliveries); ++i) {
        const Time at = source.delivery(i).times.arrival;
        EXPECT_TRUE(source.next(at - VirtualClock::duration(1)) == nullptr);
        const FleetEvent* const event = source.next(at);
        ASSERT_TRUE(event != nullptr);
        EXPECT_EQ(event->at, at);
    }
}

TEST_F(PacedSourceScriptTest, TheForecastIsThePlanUntilSomethingHasHappened) {
    Crew crew(plan, 2);
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    std::size_t seen = 0;
    source.forecast([&](const FleetEvent& event) {
        EXPECT_EQ(event.at, deliveries[seen].times.arrival);
        EXPECT_EQ(event.device, DeviceId(deliveries[seen].device));
        ++seen;
        return true;
    });
    EXPECT_EQ(seen, deliveries.size());
    source.evaluation();
    source.pace().begin({});
    source.next(Time::max());
    EXPECT_THROW(source.forecast([](const FleetEvent&) { return true; }), Bug);
}

/// A source whose workers' pace has begun, and who say nothing but what the test has them say.
class PacedSourceSegmentTest : public PacedSourceScriptTest {
  protected:
    void SetUp() override {
        PacedSourceScriptTest::SetUp();
        if (IsSkipped()) return;
        crew.plays = false;
        source.emplace(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
        source->evaluation();
        source->pace().begin({});
    }

    void send(const Delivery& delivery,
              std::int32_t attempt,
              const Bytes& bytes,
              bool last,
              milliseconds overrun = {}) {
        Segment segment;
        segment.device = delivery.device;
        segment.packet = delivery.packet;
        segment.attempt = attempt;
        segment.last = last;
        segment.times = delivery.times;
        segment.overrun = overrun;
        segment.bytes = bytes;
        crew.channel.answer(1, kTagSegment, encode_segment(std::move(segment)));
    }
    /// The bytes of a packet, cut in so many places.
    std::vector<Bytes> cut(const Delivery& delivery, std::size_t pieces) const {
        const Bytes whole = encoded(plan, small_packet(plan, delivery));
        std::vector<Bytes> all(pieces);
        for (std::size_t i = 0; i < whole.size(); ++i)
            all[i * pieces / whole.size()].push_back(whole[i]);
        return all;
    }
    Packet next_packet() {
        const FleetEvent* const event = source->next(Time::max());
        return std::get<Packet>(source->take(event->id.value()));
    }

    Crew crew{plan, 2};
    std::optional<PacedSource> source;
};

TEST_F(PacedSourceSegmentTest, SegmentsOfDevicesAreKeptApart) {
    std::vector<std::vector<Bytes>> pieces;
    constexpr std::size_t kPieces = 7;
    for (const Delivery& delivery : deliveries) pieces.push_back(cut(delivery, kPieces));
    for (std::size_t i = 0; i < kPieces; ++i)
        for (std::size_t j = deliveries.size(); j-- > 0;)
            send(deliveries[j], 0, pieces[j][i], i + 1 == kPieces);
    for (std::size_t j = deliveries.size(); j-- > 0;)
        EXPECT_EQ(next_packet(), small_packet(plan, deliveries[j]));
}

TEST_F(PacedSourceSegmentTest, AHigherAttemptBeginsAnew) {
    const Delivery& delivery = deliveries[3];
    const std::vector<Bytes> pieces = cut(delivery, 3);
    send(delivery, 0, pieces[0], false);
    send(delivery, 0, pieces[1], false);
    send(delivery, 2, pieces[0], false);
    send(delivery, 3, pieces[0], false);
    send(delivery, 3, pieces[1], false);
    send(delivery, 3, pieces[2], true, milliseconds(4));
    EXPECT_EQ(next_packet(), small_packet(plan, delivery));
    EXPECT_EQ(source->delivery(0).overrun, milliseconds(4));
}

TEST_F(PacedSourceSegmentTest, AnArrivalIsStampedWhenItIsFound) {
    for (std::size_t i = 0; i < 3; ++i) {
        const Time before = source->pace().clock().now();
        send(deliveries[i], 0, encoded(plan, small_packet(plan, deliveries[i])), true);
        EXPECT_EQ(source->delivered(), static_cast<std::int64_t>(i));
        const Time at = source->next(Time::max())->at;
        EXPECT_GE(at, before);
        EXPECT_LE(at, source->pace().clock().now());
    }
}

TEST_F(PacedSourceSegmentTest, WhatIsNoSegmentOfAPlannedPacketBreaksTheProtocol) {
    const auto refusal = [&] {
        try {
            source->next(Time::max());
        } catch (const ProtocolError& error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    Delivery other = deliveries[0];
    other.device = 0;
    other.packet = 9;
    send(other, 0, Bytes(3), true);
    EXPECT_TRUE(contains(refusal(),
                         "message from rank 1 with tag 8: expected a segment of a "
                         "planned packet, got packet 9 of device 0"));
    crew.channel.answer(1, kTagPacket, encoded(plan, small_packet(plan, deliveries[0])));
    EXPECT_TRUE(contains(refusal(), "expected a segment, got a whole packet"));
    crew.channel.answer(1, 77, {});
    EXPECT_TRUE(contains(refusal(), "with tag 77"));
}

TEST_F(PacedSourceSegmentTest, APacketOfTheWrongBytesIsRefused) {
    const std::vector<Bytes> pieces = cut(deliveries[0], 2);
    send(deliveries[0], 0, pieces[1], false);
    send(deliveries[0], 0, pieces[0], true);
    EXPECT_THROW(source->next(Time::max()), TransportError);
}

TEST_F(PacedSourceScriptTest, WhoWaitsMayGiveUp) {
    Crew crew(plan, 2);
    crew.plays = false;
    bool gives_up = false;
    settings.on_wait = [&] {
        if (gives_up) throw GaveUp();
    };
    PacedSource source(crew.channel, plan, deliveries, lost, tokens, pace(), settings);
    source.evaluation();
    source.pace().begin({});
    gives_up = true;
    EXPECT_THROW(source.next(Time::max()), GaveUp);
    EXPECT_THROW(source.take(0), GaveUp);
    EXPECT_THROW(source.pace().wait_until(Time::max()), GaveUp);
    EXPECT_THROW(source.stop(), GaveUp);
}

TEST_F(PacedSourceScriptTest, WithoutAWorkerNothingCanBeComputed) {
    ScriptedChannel channel(1);
    EXPECT_THROW(PacedSource(channel, plan, deliveries, lost, tokens, pace(), settings), Bug);
}

}  // namespace
}  // namespace mobi::test
