// SPDX-License-Identifier: Apache-2.0
// Over MPI with rank 0 as the server and the others as workers; what the server asks for and when
// is tested on rank 0 alone, with workers that are a script.
#include "crew/fleet_source.hpp"

#include <deque>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "crew/scripted_channel.hpp"
#include "crew/small_worker.hpp"
#include "support/contains.hpp"
#include "transport/communicator.hpp"
#include "transport/mpi_channel.hpp"

namespace mobi::test {
namespace {

constexpr WallClock::duration kPatience(20);  // of a test, so that it fails rather than hangs

class FleetSourceTest : public ::testing::Test {
  protected:
    FleetSourceTest() {
        settings.forward.group_devices = 1;
        settings.forward.window_bytes = 1e9;
    }

    void evaluate(std::int32_t samples) {
        tokens = small_tokens(plan, {samples, samples});
        settings.truth = small_truth(samples);
    }
    /// Answers rank 0 until it says stop.
    void serve(Channel& channel) const {
        while (true) {
            const std::optional<Message> message = channel.receive(kPatience);
            ASSERT_TRUE(message) << "rank 0 is silent";
            if (message->tag == kTagStop) break;
            ASSERT_EQ(message->tag, kTagRequest);
            answer_request(plan, decode_request(message->bytes),
                           [&](int tag, Bytes bytes) { channel.send(0, tag, std::move(bytes)); });
        }
        channel.send(0, kTagReport, encode_worker_report({0, 0, 0, channel.rank()}));
        channel.flush();
    }
    /// What the requests hold, in the order in which they were sent.
    static std::vector<WorkRequest> requests(const ScriptedChannel& channel) {
        std::vector<WorkRequest> all;
        for (const auto& [to, message] : channel.sent)
            if (message.tag == kTagRequest) all.push_back(decode_request(message.bytes));
        return all;
    }
    std::int64_t index_of(const WorkItem& item) const {
        const auto found =
            std::find_if(deliveries.begin(), deliveries.end(), [&](const Delivery& one) {
                return one.device == item.device && one.packet == item.part;
            });
        return found - deliveries.begin();
    }

    FleetPlan plan = small_plan();
    std::vector<Delivery> deliveries = small_deliveries(plan);
    TokenTable tokens = small_tokens(plan);
    LiveSettings settings;
};

TEST_F(FleetSourceTest, EveryPacketAndTheTestSetComeWhateverTheNumberOfRanks) {
    evaluate(600);
    MpiChannel channel;
    if (channel.rank() > 0) return serve(channel);
    settings.forward.group_devices = 2;
    FleetSource source(channel, plan, deliveries, tokens, settings);
    const auto evaluation = source.evaluation();
    for (std::size_t i = 0; i < deliveries.size(); ++i)
        EXPECT_EQ(std::get<Packet>(source.take(static_cast<std::int64_t>(i))),
                  small_packet(plan, deliveries[i]));
    const std::map<int, WorkerReport> reports = source.stop();
    EXPECT_EQ(std::ssize(reports), channel.size() - 1);
    for (const auto& [rank, report] : reports) EXPECT_EQ(report.threads, rank);
    std::int32_t asked = 0;
    std::int64_t samples = 0;
    for (const auto& [key, total] : source.replies().totals()) {
        asked += total.requests;
        samples += total.sum.counts.samples;
    }
    EXPECT_EQ(asked, 2 * 3 + 3);  // parts of the test set, pairs of devices
    EXPECT_EQ(samples, source.samples_planned());
    EXPECT_EQ(source.replies().open_requests(), 0);
    ASSERT_TRUE(evaluation != nullptr);
    // the output of a part begins with that of its packet
    for (std::int32_t k = 0; k < 2; ++k)
        for (std::int32_t part = 0; part < 3; ++part) {
            const Packet packet = test_packet(plan, k, part, 256 * part, part == 2 ? 88 : 256);
            const auto first = evaluation->backbones[static_cast<std::size_t>(k)].output.begin() +
                               256 * part * kClasses;
            EXPECT_TRUE(std::equal(packet.residual.begin(), packet.residual.end(), first));
        }
}

class FleetSourceScriptTest : public FleetSourceTest {
  protected:
    void SetUp() override {
        if (Communicator(MPI_COMM_WORLD).rank() > 0) GTEST_SKIP() << "on rank 0 alone";
    }
};

TEST_F(FleetSourceScriptTest, EveryGroupIsRequestedOnceInOrderOfItsFirstArrival) {
    for (const double window : {0.0, 200.0, 1000.0, 1e9}) {
        settings.forward.window_bytes = window;
        ScriptedChannel* rank0 = nullptr;
        ScriptedChannel channel(4, [&](int to, const Message& message) {
            answer_request(plan, decode_request(message.bytes),
                           [&](int tag, Bytes bytes) { rank0->answer(to, tag, std::move(bytes)); });
        });
        rank0 = &channel;
        FleetSource source(channel, plan, deliveries, tokens, settings);
        for (std::size_t i = 0; i < deliveries.size(); ++i)
            EXPECT_EQ(std::get<Packet>(source.take(static_cast<std::int64_t>(i))),
                      small_packet(plan, deliveries[i]));
        const std::vector<WorkRequest> all = requests(channel);
        const ForwardRequests planned(plan, deliveries, tokens, false, 1);
        ASSERT_EQ(all.size(), planned.entries().size());
        for (std::size_t i = 0; i < all.size(); ++i)
            EXPECT_EQ(encode_request(all[i]), encode_request(planned.build(i)));
    }
}

TEST_F(FleetSourceScriptTest, WithoutAWindowOnlyTheGroupThatIsWaitedForIsRequested) {
    settings.forward.window_bytes = 0;
    ScriptedChannel* rank0 = nullptr;
    ScriptedChannel channel(3, [&](int to, const Message& message) {
        answer_request(plan, decode_request(message.bytes),
                       [&](int tag, Bytes bytes) { rank0->answer(to, tag, std::move(bytes)); });
    });
    rank0 = &channel;
    FleetSource source(channel, plan, deliveries, tokens, settings);
    EXPECT_TRUE(source.evaluation() == nullptr);
    EXPECT_TRUE(channel.sent.empty());
    std::set<std::int32_t> devices;
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
        source.take(static_cast<std::int64_t>(i));
        devices.insert(deliveries[i].device);
        EXPECT_EQ(channel.sent.size(), devices.size()) << "delivery " << i;
    }
}

TEST_F(FleetSourceScriptTest, WhatIsRequestedAndNotTakenStaysBelowTheWindow) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        RandomStream random(seed, Purpose::Test);
        deliveries = small_deliveries(plan, seed);
        if (seed % 2 == 0)  // one device after another: a group is over before the next begins
            std::stable_sort(deliveries.begin(), deliveries.end(),
                             [](const Delivery& a, const Delivery& b) {
                                 return std::tie(a.device, a.packet) < std::tie(b.device, b.packet);
                             });
        settings.forward.window_bytes = static_cast<double>(random.below(1500));
        settings.forward.group_devices = static_cast<int>(1 + random.below(3));
        settings.threads_per_worker = 100;  // so that nothing but the window says no
        std::size_t wanted = 0;
        std::set<std::size_t> requested;
        ScriptedChannel* rank0 = nullptr;
        ScriptedChannel channel(3, [&](int to, const Message& message) {
            const WorkRequest request = decode_request(message.bytes);
            bool holds_wanted = false;
            for (const WorkItem& item : request.work.items) {
                const auto index = static_cast<std::size_t>(index_of(item));
                requested.insert(index);
                holds_wanted = holds_wanted || index == wanted;
            }
            double outstanding = 0;  // the wanted one may have been taken just now
            for (const std::size_t index : requested)
                if (index > wanted)
                    outstanding += static_cast<double>(
                        encoded(plan, small_packet(plan, deliveries[index])).size());
            EXPECT_TRUE(holds_wanted || outstanding <= settings.forward.window_bytes)
                << "seed " << seed;
            answer_request(plan, request,
                           [&](int tag, Bytes bytes) { rank0->answer(to, tag, std::move(bytes)); });
        });
        rank0 = &channel;
        FleetSource source(channel, plan, deliveries, tokens, settings);
        const ForwardRequests planned(plan, deliveries, tokens, false,
                                      settings.forward.group_devices);
        for (; wanted < deliveries.size(); ++wanted) {
            source.take(static_cast<std::int64_t>(wanted));
            if (channel.sent.size() == planned.entries().size()) continue;
            double needed = planned.entries()[channel.sent.size()].bytes;
            for (const std::size_t index : requested)
                if (index > wanted)
                    needed += static_cast<double>(
                        encoded(plan, small_packet(plan, deliveries[index])).size());
            EXPECT_GT(needed, settings.forward.window_bytes) << "there was room for more";
        }
        EXPECT_EQ(requested.size(), deliveries.size());
        if (HasFailure()) return;
    }
}

TEST_F(FleetSourceScriptTest, AWorkerHasNoMoreRequestsThanItsThreadsCanHold) {
    evaluate(600);
    for (const std::int32_t threads : {1, 2}) {
        settings.threads_per_worker = threads;
        std::deque<std::pair<int, WorkRequest>> open;
        std::map<int, int> of_worker;
        int most = 0;
        ScriptedChannel channel(3, [&](int to, const Message& message) {
            open.emplace_back(to, decode_request(message.bytes));
            most = std::max(most, ++of_worker[to]);
        });
        channel.on_idle = [&] {  // the last request first
            if (open.empty()) return;
            const auto [worker, request] = open.back();
            open.pop_back();
            --of_worker[worker];
            answer_request(plan, request, [&, to = worker](int tag, Bytes bytes) {
                channel.answer(to, tag, std::move(bytes));
            });
        };
        FleetSource source(channel, plan, deliveries, tokens, settings);
        EXPECT_TRUE(source.evaluation() != nullptr);
        for (std::size_t i = 0; i < deliveries.size(); ++i)
            EXPECT_EQ(std::get<Packet>(source.take(static_cast<std::int64_t>(i))),
                      small_packet(plan, deliveries[i]));
        EXPECT_EQ(most, 2 * threads);
        EXPECT_EQ(requests(channel).size(), 2U * 3 + 5);
    }
}

TEST_F(FleetSourceScriptTest, APacketThatWasNotPlannedBreaksTheProtocol) {
    ScriptedChannel channel(2);
    channel.answer(1, kTagPacket, encoded(plan, small_packet(plan, 0, 0, 9, {1})));
    FleetSource source(channel, plan, deliveries, tokens, settings);
    try {
        source.take(0);
        ADD_FAILURE() << "accepted";
    } catch (const ProtocolError& error) {
        EXPECT_TRUE(contains(error.what(),
                             "message from rank 1 with tag 2: expected a planned "
                             "packet, got packet 9 of device 0"));
    }
}

TEST_F(FleetSourceScriptTest, WhoWaitsMayGiveUp) {
    ScriptedChannel channel(2);
    int left = 3;
    settings.on_wait = [&] {
        if (--left == 0) throw GaveUp();
    };
    FleetSource source(channel, plan, deliveries, tokens, settings);
    EXPECT_THROW(source.take(0), GaveUp);
    evaluate(4);
    left = 3;
    FleetSource other(channel, plan, deliveries, tokens, settings);
    EXPECT_THROW(other.evaluation(), GaveUp);
}

TEST_F(FleetSourceScriptTest, WithoutAWorkerNothingCanBeComputed) {
    ScriptedChannel channel(1);
    EXPECT_THROW(FleetSource(channel, plan, deliveries, tokens, settings), Bug);
}

}  // namespace
}  // namespace mobi::test
