// SPDX-License-Identifier: Apache-2.0
#include "crew/worker_replies.hpp"

#include <cstring>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "crew/scripted_channel.hpp"
#include "messages/bundle.hpp"
#include "messages/tags.hpp"
#include "server/small_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

/// 300 test samples: two parts of each backbone.
class WorkerRepliesTest : public ::testing::Test {
  protected:
    static constexpr std::int32_t kTest = 300;

    void handle(int tag, Bytes bytes, int worker = 1) {
        replies.handle({worker, tag, std::move(bytes)},
                       [this](Packet packet) { uploads.push_back(std::move(packet)); });
    }
    void handle(const Packet& packet) { handle(kTagPacket, encoded(plan, packet)); }

    std::string refusal(int tag, const Bytes& bytes) {
        try {
            handle(tag, bytes, 3);
        } catch (const ProtocolError& error) {
            return error.what();
        }
        return "accepted";
    }

    FleetPlan plan = small_plan();
    std::vector<Delivery> deliveries = small_deliveries(plan);
    TokenTable tokens = small_tokens(plan, {kTest, kTest});
    WorkerReplies replies{plan, tokens, small_truth(kTest)};
    std::vector<Packet> uploads;
};

TEST_F(WorkerRepliesTest, UploadsAreHandedOnAloneAndInBundles) {
    std::vector<Packet> expected;
    Bundle bundle;
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        expected.push_back(small_packet(plan, deliveries[i]));
        const Bytes bytes = encoded(plan, expected.back());
        if (i < 3)
            handle(kTagPacket, bytes);
        else
            bundle.add(bytes);
    }
    handle(kTagPackets, bundle.take());
    EXPECT_EQ(uploads, expected);
    handle(kTagPackets, {});
    EXPECT_EQ(uploads.size(), expected.size());
}

TEST_F(WorkerRepliesTest, TestTapsAreInTheirPlacesInWhateverOrderPartsCome) {
    EXPECT_EQ(replies.evaluation_open(), 2 * kTest);
    const std::vector<Packet> parts{
        test_packet(plan, 1, 1, 256, 44), test_packet(plan, 0, 0, 0, 256),
        test_packet(plan, 0, 1, 256, 44), test_packet(plan, 1, 0, 0, 256)};
    handle(parts[0]);
    EXPECT_EQ(replies.evaluation_open(), 2 * kTest - 44);
    Bundle bundle;
    for (std::size_t i = 1; i < parts.size(); ++i) bundle.add(encoded(plan, parts[i]));
    handle(kTagPackets, bundle.take());
    EXPECT_EQ(replies.evaluation_open(), 0);
    EXPECT_TRUE(uploads.empty());
    ASSERT_EQ(replies.evaluation()->backbones.size(), 2U);
    EXPECT_EQ(replies.evaluation()->truth.labels, small_truth(kTest).labels);
    for (const Packet& part : parts) {
        const auto k = static_cast<std::size_t>(part.backbone);
        const EvaluationData::Backbone& data = replies.evaluation()->backbones[k];
        const auto width = static_cast<std::size_t>(plan.backbones[k].layout.width);
        const auto taps = static_cast<std::size_t>(plan.backbones[k].layout.taps);
        EXPECT_EQ(data.width, plan.backbones[k].layout.width);
        EXPECT_EQ(data.taps.size(), taps * kTest * width);
        EXPECT_EQ(data.output.size(), std::size_t{kTest} * kClasses);
        const std::size_t rows = part.samples.size();
        for (std::size_t tap = 0; tap < taps; ++tap)
            for (std::size_t row = 0; row < rows; ++row) {
                const auto sample = static_cast<std::size_t>(part.samples[row]);
                EXPECT_EQ(std::memcmp(&data.taps[(tap * kTest + sample) * width],
                                      &part.taps[(tap * rows + row) * width * sizeof(float)],
                                      width * sizeof(float)),
                          0)
                    << "tap " << tap << " of sample " << sample;
            }
        for (std::size_t row = 0; row < rows; ++row)
            for (std::size_t c = 0; c < kClasses; ++c)
                EXPECT_EQ(data.output[static_cast<std::size_t>(part.samples[row]) * kClasses + c],
                          part.residual[row * kClasses + c]);
    }
}

TEST_F(WorkerRepliesTest, ABackboneWithoutTestSamplesIsNotThere) {
    const TokenTable some = small_tokens(plan, {0, 20});
    const WorkerReplies few(plan, some, small_truth(20));
    EXPECT_FALSE(few.evaluation()->backbones[0].is_there());
    EXPECT_TRUE(few.evaluation()->backbones[1].is_there());
    EXPECT_EQ(few.evaluation_open(), 20);
}

TEST_F(WorkerRepliesTest, WithoutATestSetNothingIsEvaluated) {
    const WorkerReplies none(plan, tokens, Truth{});
    EXPECT_TRUE(none.evaluation() == nullptr);
    EXPECT_EQ(none.evaluation_open(), 0);
}

TEST_F(WorkerRepliesTest, TestTapsThatNobodyAskedForBreakTheProtocol) {
    // a part that is not there, one that is too short, one too long
    EXPECT_TRUE(contains(refusal(kTagPacket, encoded(plan, test_packet(plan, 0, 2, 512, 1))),
                         "message from rank 3 with tag 2: expected a part of the test set"));
    EXPECT_NE(refusal(kTagPacket, encoded(plan, test_packet(plan, 0, 0, 0, 255))), "accepted");
    EXPECT_NE(refusal(kTagPacket, encoded(plan, test_packet(plan, 0, 1, 256, 45))), "accepted");
    EXPECT_EQ(replies.evaluation_open(), 2 * kTest);
    const TokenTable some = small_tokens(plan, {0, kTest});
    WorkerReplies few(plan, some, small_truth(kTest));
    WorkerReplies none(plan, some, Truth{});
    const Message message{1, kTagPacket, encoded(plan, test_packet(plan, 0, 0, 0, 256))};
    EXPECT_THROW(few.handle(message, [](const Packet&) {}), ProtocolError);
    EXPECT_THROW(none.handle(message, [](const Packet&) {}), ProtocolError);
}

TEST_F(WorkerRepliesTest, ReportsAreAddedUpByWorkerBackboneAndKind) {
    std::map<std::tuple<int, std::int32_t, PacketKind>, ForwardTotals> expected;
    RandomStream random(3, Purpose::Test);
    std::int64_t samples = 0;
    for (int i = 0; i < 60; ++i) {
        const int worker = static_cast<int>(1 + random.below(3));
        WorkReport report;
        report.backbone = static_cast<std::int32_t>(random.below(2));
        report.kind = random.below(2) == 0 ? PacketKind::Upload : PacketKind::Evaluation;
        report.counts.samples = static_cast<std::int64_t>(random.below(50));
        report.counts.tokens = static_cast<std::int64_t>(random.below(500));
        report.counts.clamped = static_cast<std::int64_t>(random.below(3));
        report.counts.done_flop = static_cast<double>(random.below(1000));
        report.wire_bytes = static_cast<std::int64_t>(random.below(10'000));
        report.wall_s = static_cast<double>(random.below(64)) / 8;  // exact sums
        report.cpu_s = static_cast<double>(random.below(64)) / 8;
        report.peak_flop_per_s = static_cast<double>(random.below(100));
        replies.expect(worker);
        handle(kTagDone, encode_report(report), worker);
        ForwardTotals& total = expected[{worker, report.backbone, report.kind}];
        samples += report.counts.samples;
        ++total.requests;
        total.sum.counts.samples += report.counts.samples;
        total.sum.counts.tokens += report.counts.tokens;
        total.sum.counts.clamped += report.counts.clamped;
        total.sum.counts.done_flop += report.counts.done_flop;
        total.sum.wire_bytes += report.wire_bytes;
        total.sum.wall_s += report.wall_s;
        total.sum.cpu_s += report.cpu_s;
        total.sum.peak_flop_per_s = std::max(total.sum.peak_flop_per_s, report.peak_flop_per_s);
    }
    EXPECT_EQ(replies.samples_done(), samples);
    EXPECT_EQ(replies.open_requests(), 0);
    ASSERT_EQ(replies.totals().size(), expected.size());
    for (const auto& [key, total] : expected) {
        const ForwardTotals& found = replies.totals().at(key);
        EXPECT_EQ(found.requests, total.requests);
        EXPECT_EQ(found.sum.counts.samples, total.sum.counts.samples);
        EXPECT_EQ(found.sum.counts.tokens, total.sum.counts.tokens);
        EXPECT_EQ(found.sum.counts.clamped, total.sum.counts.clamped);
        EXPECT_EQ(found.sum.counts.done_flop, total.sum.counts.done_flop);
        EXPECT_EQ(found.sum.wire_bytes, total.sum.wire_bytes);
        EXPECT_EQ(found.sum.wall_s, total.sum.wall_s);
        EXPECT_EQ(found.sum.cpu_s, total.sum.cpu_s);
        EXPECT_EQ(found.sum.peak_flop_per_s, total.sum.peak_flop_per_s);
    }
}

TEST_F(WorkerRepliesTest, AWorkersReportIsKeptByRank) {
    handle(kTagReport, encode_worker_report({2.5, 1.5, 4096, 3}), 2);
    ASSERT_EQ(replies.reports().size(), 1U);
    const WorkerReport& report = replies.reports().at(2);
    EXPECT_EQ(report.wall_s, 2.5);
    EXPECT_EQ(report.cpu_s, 1.5);
    EXPECT_EQ(report.peak_rss_bytes, 4096);
    EXPECT_EQ(report.threads, 3);
}

TEST_F(WorkerRepliesTest, TheIdlestWorkerIsTheFirstWithTheFewestRequests) {
    constexpr int kRanks = 5;
    std::vector<std::int32_t> open(kRanks, 0);
    RandomStream random(5, Purpose::Test);
    for (int i = 0; i < 200; ++i) {
        const auto fewest = std::min_element(open.begin() + 1, open.end());
        EXPECT_EQ(replies.idlest_worker(kRanks), fewest - open.begin());
        const auto worker = 1 + random.below(kRanks - 1);
        if (open[worker] > 0 && random.below(2) == 0) {
            --open[worker];
            handle(kTagDone, encode_report({}), static_cast<int>(worker));
        } else {
            ++open[worker];
            replies.expect(static_cast<int>(worker));
        }
        EXPECT_EQ(replies.open_requests(static_cast<int>(worker)), open[worker]);
        EXPECT_EQ(replies.open_requests(), std::accumulate(open.begin(), open.end(), 0));
    }
}

TEST_F(WorkerRepliesTest, AReportOnARequestThatWasNotSentBreaksTheProtocol) {
    EXPECT_TRUE(contains(refusal(kTagDone, encode_report({})), "message from rank 3 with tag 3"));
    replies.expect(3);
    EXPECT_EQ(refusal(kTagDone, encode_report({})), "accepted");
    EXPECT_NE(refusal(kTagDone, encode_report({})), "accepted");
    EXPECT_EQ(replies.open_requests(3), 0);
}

TEST_F(WorkerRepliesTest, WhatIsNoAnswerBreaksTheProtocol) {
    for (const int tag :
         {int{kTagRequest}, int{kTagStop}, int{kTagResult}, int{kTagContent}, int{kTagForget},
          int{kTagClock}, int{kTagPace}, int{kTagSegment}, int{kTagPaced}, 0, 99})
        EXPECT_TRUE(
            contains(refusal(tag, {}), "message from rank 3 with tag " + std::to_string(tag) +
                                           ": expected a packet or a report, got another tag"));
}

TEST_F(WorkerRepliesTest, APacketOfNoBackboneBreaksTheProtocol) {
    constexpr std::size_t kBackboneAt = 16;  // wire/packet.hpp
    for (const std::int32_t number : {2, -1, std::numeric_limits<std::int32_t>::max()}) {
        Bytes bytes = encoded(plan, small_packet(plan, deliveries[0]));
        std::memcpy(bytes.data() + kBackboneAt, &number, sizeof number);
        EXPECT_TRUE(
            contains(refusal(kTagPacket, bytes),
                     "expected a backbone of the run, got number " + std::to_string(number)));
    }
}

TEST_F(WorkerRepliesTest, WhatIsNoPacketIsRefused) {
    Bytes bytes = encoded(plan, small_packet(plan, deliveries[0]));
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{10}, std::size_t{39}, bytes.size() - 1})
        EXPECT_THROW(handle(kTagPacket, Bytes(bytes.begin(),
                                              bytes.begin() + static_cast<std::ptrdiff_t>(size))),
                     TransportError);
    bytes[0] ^= std::byte{1};
    EXPECT_THROW(handle(kTagPacket, bytes), TransportError);
    EXPECT_THROW(handle(kTagPackets, bytes), TransportError);  // no lengths
    EXPECT_THROW(handle(kTagDone, Bytes(3)), TransportError);
    EXPECT_THROW(handle(kTagReport, Bytes(3)), TransportError);
    EXPECT_TRUE(uploads.empty());
}

TEST_F(WorkerRepliesTest, StoppingTellsEveryWorkerAndWaitsForTheirReports) {
    ScriptedChannel channel(4);
    int pumped = 0;
    const auto reports = stop_workers(channel, replies, [&] {
        ASSERT_LT(pumped, 3) << "all have reported";
        EXPECT_EQ(channel.sent.size(), 3U);
        const int worker = 3 - pumped++;
        handle(kTagReport, encode_worker_report({0, 0, 0, worker}), worker);
    });
    ASSERT_EQ(channel.sent.size(), 3U);
    for (int worker = 1; worker < 4; ++worker) {
        const auto& [to, message] = channel.sent[static_cast<std::size_t>(worker - 1)];
        EXPECT_EQ(to, worker);
        EXPECT_EQ(message.tag, kTagStop);
        EXPECT_TRUE(message.bytes.empty());
        EXPECT_EQ(reports.at(worker).threads, worker);
    }
    EXPECT_EQ(reports.size(), 3U);
    EXPECT_EQ(channel.flushes, 1);
}

}  // namespace
}  // namespace mobi::test
