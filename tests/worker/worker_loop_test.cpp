// SPDX-License-Identifier: Apache-2.0
#include "worker/worker_loop.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "messages/bundle.hpp"
#include "messages/pace_plan.hpp"
#include "messages/tags.hpp"
#include "messages/work_request.hpp"
#include "method/side/taps_program.hpp"
#include "support/shared_data.hpp"
#include "transport/local_channel.hpp"
#include "worker/test_program.hpp"

namespace mobi::test {
namespace {

WorkerSetup setup_for(const std::string& folder) {
    WorkerSetup setup;
    setup.classes = 2;
    setup.threads = 2;
    setup.measure_peak = false;
    setup.arithmetic = Precision::Fp32;
    WorkerSetup::Backbone backbone;
    backbone.parameters.name = "tiny";
    backbone.parameters.path = folder;
    backbone.tap_layers = {1};
    backbone.layout = {Precision::Fp32, 1, 32, 2, false};
    setup.backbones.push_back(backbone);
    return setup;
}

TEST(WorkerLoopTest, ReportsWhenItIsToldToStop) {
    auto [server, worker] = LocalChannel::make_pair();
    std::jthread thread(
        [&, &end = worker] { worker_loop(*end, setup_for("unused"), TapsProgram()); });
    server->send(1, kTagStop, {});
    const std::optional<Message> message = server->receive(WallClock::duration(20));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->tag, kTagReport);
    EXPECT_EQ(decode_worker_report(message->bytes).threads, 2);
}

TEST(WorkerLoopTest, AFailingForwardPassEndsTheLoopWithItsError) {
    auto [server, worker] = LocalChannel::make_pair();
    std::exception_ptr error;
    std::jthread thread([&, &end = worker] {
        try {
            worker_loop(*end, setup_for("/no/such/folder"), TapsProgram());
        } catch (const DataError&) {
            error = std::current_exception();
        }
    });
    WorkRequest request;
    WorkItem item;
    item.samples.push_back({0, 0, 0, {1, 2}, {}});
    request.work.items.push_back(item);
    server->send(1, kTagRequest, encode_request(request));
    thread.join();
    EXPECT_TRUE(error != nullptr);
}

TEST(WorkerLoopTest, AnUnknownTagBreaksTheProtocol) {
    auto [server, worker] = LocalChannel::make_pair();
    server->send(1, 99, {});
    EXPECT_THROW(worker_loop(*worker, setup_for("unused"), TapsProgram()), ProtocolError);
}

/// A worker in a thread of its own, and rank 0's end of the channel.
class WorkerLoopFixture : public ::testing::Test {
  protected:
    void begin(TestProgram::Run run, std::int32_t threads = 2) {
        program_.emplace(std::move(run));
        setup_ = bare_setup(threads);
        auto [server, worker] = LocalChannel::make_pair();
        server_ = std::move(server);
        thread_ = std::jthread([this, end = std::move(worker)] {
            try {
                worker_loop(*end, setup_, *program_);
            } catch (...) {
                error_ = std::current_exception();
            }
        });
    }
    void send(int tag, Bytes bytes = {}) { server_->send(1, tag, std::move(bytes)); }
    Message receive() {
        std::optional<Message> message = server_->receive(WallClock::duration(20));
        if (!message) throw std::runtime_error("the worker says nothing");
        return std::move(*message);
    }
    void stop() {
        send(kTagStop);
        EXPECT_EQ(receive().tag, kTagReport);
        thread_.join();
        EXPECT_EQ(error_, nullptr);
    }
    /// What ends the loop.
    std::string broken_protocol() {
        thread_.join();
        try {
            if (error_) std::rethrow_exception(error_);
        } catch (const ProtocolError& error) {
            return error.what();
        }
        return "ended well";
    }
    static Bytes id_of(std::int64_t content) {
        ByteWriter writer;
        writer.put(content);
        return writer.take();
    }
    static Bytes content(std::int64_t id, std::size_t size) {
        return encode_content(
            {id, std::make_shared<const Bytes>(size, static_cast<std::byte>(id))});
    }

    std::optional<TestProgram> program_;
    WorkerSetup setup_;
    std::exception_ptr error_;
    std::jthread thread_;
    std::unique_ptr<LocalChannel> server_;  // closes first, which ends the worker of a failed test
};

TEST_F(WorkerLoopFixture, ContentsReachTheRequestsThatNameThem) {
    begin([](const Work& work, const Workshop&, const Emit& emit) {
        for (const WorkItem& item : work.items) {
            Bytes all;
            for (const Content& part : item.brief.shared)
                all.insert(all.end(), part.bytes->begin(), part.bytes->end());
            all.insert(all.end(), item.brief.own.begin(), item.brief.own.end());
            emit.result(item, std::move(all));
        }
        return WorkCounts{};
    });
    send(kTagContent, content(5, 3));
    send(kTagContent, content(6, 2));
    WorkRequest request;
    request.work.items.resize(2);
    request.work.items[0].brief = {{{6, nullptr}, {5, nullptr}}, Bytes(1, std::byte{9})};
    request.work.items[0].up_bytes = 6;
    request.work.items[1].brief.shared = {{5, nullptr}};
    request.work.items[1].up_bytes = 3;
    send(kTagRequest, encode_request(request));
    send(kTagForget, id_of(5));  // what was asked before has it
    const auto bytes = [](std::initializer_list<int> values) {
        Bytes made;
        for (const int value : values) made.push_back(static_cast<std::byte>(value));
        return made;
    };
    for (const Bytes& expected : {bytes({6, 6, 5, 5, 5, 9}), bytes({5, 5, 5})}) {
        const Message message = receive();
        EXPECT_EQ(message.tag, kTagResult);
        EXPECT_EQ(decode_result(message.bytes).bytes, expected);
    }
    EXPECT_EQ(receive().tag, kTagDone);
    send(kTagContent, content(6, 4));  // again: the last one counts
    request.work.items.resize(1);
    request.work.items[0].brief = {{{6, nullptr}}, {}};
    request.work.items[0].up_bytes = 4;
    send(kTagRequest, encode_request(request));
    EXPECT_EQ(decode_result(receive().bytes).bytes, bytes({6, 6, 6, 6}));
    EXPECT_EQ(receive().tag, kTagDone);
    stop();
}

TEST_F(WorkerLoopFixture, AContentThatWasForgottenOrNeverSentBreaksTheProtocol) {
    for (const bool forgotten : {true, false}) {
        error_ = nullptr;
        begin([](const Work&, const Workshop&, const Emit&) { return WorkCounts{}; });
        if (forgotten) {
            send(kTagContent, content(5, 3));
            send(kTagForget, id_of(5));
        }
        WorkRequest request;
        request.work.items.resize(1);
        request.work.items[0].brief.shared = {{5, nullptr}};
        send(kTagRequest, encode_request(request));
        EXPECT_EQ(broken_protocol(),
                  "message from rank 0 with tag 1: expected a content sent before, got content 5");
    }
}

TEST_F(WorkerLoopFixture, SmallPacketsTravelTogetherAndLargeOnesAloneInTheirOrder) {
    const auto packet_of = [](const WorkItem& item) {
        return Bytes(static_cast<std::size_t>(item.up_bytes), static_cast<std::byte>(item.part));
    };
    begin(
        [&](const Work& work, const Workshop&, const Emit& emit) {
            for (const WorkItem& item : work.items) emit.packet(packet_of(item));
            return WorkCounts{};
        },
        1);
    WorkRequest request;
    RandomStream stream(1, Purpose::Test);
    for (std::int32_t part = 0; part < 60; ++part) {
        WorkItem& item = request.work.items.emplace_back();
        item.part = part;
        item.up_bytes = static_cast<std::int64_t>(
            stream.below(4) == 0 ? Bundle::kAlone + 1 : stream.below(Bundle::kAlone));
    }
    request.work.items[10].up_bytes = Bundle::kAlone;  // the largest that does not travel alone
    send(kTagRequest, encode_request(request));
    std::size_t next = 0;
    const auto expect_next = [&](std::span<const std::byte> packet, bool alone) {
        ASSERT_LT(next, request.work.items.size());
        const Bytes expected = packet_of(request.work.items[next++]);
        EXPECT_TRUE(std::equal(packet.begin(), packet.end(), expected.begin(), expected.end()))
            << next;
        EXPECT_EQ(alone, packet.size() > Bundle::kAlone) << packet.size();
    };
    std::int64_t wire_bytes = 0;
    Message message = receive();
    for (; message.tag != kTagDone; message = receive()) {
        if (message.tag == kTagPackets) {
            EXPECT_LT(message.bytes.size(), Bundle::kBytes + Bundle::kAlone + 4);
            for_each_packet(message.bytes, [&](auto packet) { expect_next(packet, false); });
        } else {
            ASSERT_EQ(message.tag, kTagPacket);
            expect_next(message.bytes, true);
        }
    }
    EXPECT_EQ(next, request.work.items.size()) << "the report comes behind all of them";
    for (const WorkItem& item : request.work.items) wire_bytes += item.up_bytes;
    EXPECT_EQ(decode_report(message.bytes).wire_bytes, wire_bytes);
    stop();
}

TEST_F(WorkerLoopFixture, TellsItsClock) {
    begin([](const Work&, const Workshop&, const Emit&) { return WorkCounts{}; });
    const double before = WallClock::now().time_since_epoch().count();
    send(kTagClock);
    const Message message = receive();
    const double after = WallClock::now().time_since_epoch().count();
    EXPECT_EQ(message.tag, kTagClock);
    ByteReader reader(message.bytes, "clock");
    const double told = reader.get<double>();
    reader.finish();
    EXPECT_GE(told, before);  // one machine, one clock
    EXPECT_LE(told, after);
    stop();
}

TEST_F(WorkerLoopFixture, AMessageThatCannotBeReadEndsTheLoop) {
    begin([](const Work&, const Workshop&, const Emit&) { return WorkCounts{}; });
    send(kTagRequest, Bytes(3));
    thread_.join();
    ASSERT_NE(error_, nullptr);
    EXPECT_THROW(std::rethrow_exception(error_), TransportError);
}

TEST_F(WorkerLoopFixture, TheReportTellsWhatTheProcessTook) {
    begin([](const Work&, const Workshop&, const Emit&) { return WorkCounts{}; }, 3);
    send(kTagStop);
    const WorkerReport report = decode_worker_report(receive().bytes);
    EXPECT_EQ(report.threads, 3);
    EXPECT_GE(report.wall_s, 0);
    EXPECT_GT(report.cpu_s, 0);
    EXPECT_GT(report.peak_rss_bytes, 1 << 20U);
}

/// Devices 3 and 4 send one packet each, the first computed before the pace begins, the second when
/// its device computes it.  What arrives in segments are the packets, then what pacing cost.
TEST_F(WorkerLoopFixture, PacedPacketsGoInSegmentsOfTheirDevices) {
    const auto packet_of = [this](const WorkItem& item) {
        Packet packet;
        packet.device = item.device;
        packet.packet = item.part;
        for (int i = 0; i < 40; ++i) packet.samples.push_back(i);
        packet.taps.resize(40 * 32 * 4);
        packet.residual.assign(40 * 2, static_cast<float>(item.device));
        return encode_packet(packet, setup_.backbones[0].layout);
    };
    std::atomic<int> computed = 0;
    begin([&](const Work& work, const Workshop&, const Emit& emit) {
        for (const WorkItem& item : work.items) {
            emit.packet(packet_of(item));
            ++computed;
        }
        return WorkCounts{};
    });
    std::vector<WorkItem> items(2);
    for (std::int32_t d = 0; d < 2; ++d) {
        items[static_cast<std::size_t>(d)].device = 3 + d;
        items[static_cast<std::size_t>(d)].part = 2 * d;
        WorkRequest request;
        request.release = d == 0 ? Release::Paced : Release::OnDemand;
        request.work.items = {items[static_cast<std::size_t>(d)]};
        send(kTagRequest, encode_request(request));
    }
    EXPECT_EQ(receive().tag, kTagDone);
    send(kTagClock);
    EXPECT_EQ(receive().tag, kTagClock) << "both requests have been taken";
    EXPECT_EQ(computed, 1);

    const auto at = [](int ms) { return VirtualClock::time_point(std::chrono::milliseconds(ms)); };
    PacePlan plan;
    plan.start_wall_s = WallClock::now().time_since_epoch().count();
    plan.time_scale = 10;
    plan.uploads = {{3, 0, {at(0), at(100), at(100), at(300), at(310)}},
                    {4, 2, {at(50), at(200), at(200), at(400), at(410)}}};
    send(kTagPace, encode_pace_plan(plan));
    std::map<std::int32_t, Bytes> whole;
    std::set<std::int32_t> ended;
    std::int64_t wire_bytes = 0;
    std::optional<PaceReport> report;
    for (int open = 1; open > 0 || !report;) {
        Message message = receive();
        if (message.tag == kTagDone) {  // of the one that was computed on demand
            --open;
            continue;
        }
        if (message.tag == kTagPaced) {
            report = decode_pace_report(message.bytes);
            continue;
        }
        EXPECT_FALSE(report) << "nothing comes behind the report";
        ASSERT_EQ(message.tag, kTagSegment);
        wire_bytes += static_cast<std::int64_t>(message.bytes.size());
        const Segment segment = decode_segment(std::move(message.bytes));
        EXPECT_FALSE(ended.contains(segment.device)) << "nothing comes behind the last segment";
        if (segment.last) {
            ended.insert(segment.device);
            EXPECT_LE(segment.times.compute_start, segment.times.compute_end);
            EXPECT_LE(segment.times.compute_end, segment.times.send_start);
            EXPECT_LE(segment.times.send_start, segment.times.send_end);
        }
        Bytes& bytes = whole[segment.device];
        bytes.insert(bytes.end(), segment.bytes.begin(), segment.bytes.end());
    }
    EXPECT_EQ(ended, (std::set<std::int32_t>{3, 4}));
    EXPECT_EQ(whole[3], packet_of(items[0]));
    EXPECT_EQ(whole[4], packet_of(items[1]));
    EXPECT_EQ(computed, 2);
    EXPECT_EQ(report->wire_bytes, wire_bytes);
    EXPECT_GE(report->overruns, 0);
    EXPECT_EQ(report->overruns == 0, report->worst_overrun_s == 0);
    stop();
}

}  // namespace
}  // namespace mobi::test
