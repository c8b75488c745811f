// SPDX-License-Identifier: Apache-2.0
#include "transport/mpi_channel.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <mpi.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "support/processor_time.hpp"
#include "transport/communicator.hpp"
#include "transport/tag.hpp"

namespace mobi::test {
namespace {

using Seconds = WallClock::duration;
constexpr Seconds kPatience(20);  // of a test, so that it fails rather than hangs

/// `size` bytes (at least 4): `number`, then a pattern that depends on both.
Bytes numbered(std::uint32_t number, std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 4; i < size; ++i)
        bytes[i] = static_cast<std::byte>((i * 7 + number) & 255U);
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}

std::uint32_t number_of(const Bytes& bytes) {
    std::uint32_t number = 0;
    if (bytes.size() >= sizeof number) std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}

/// Receives `count` messages, unless one does not come.
std::vector<Message> receive_all(Channel& channel, std::size_t count) {
    std::vector<Message> messages;
    while (messages.size() < count) {
        std::optional<Message> message = channel.receive(kPatience);
        if (!message) {
            ADD_FAILURE() << "message " << messages.size() << " of " << count << " did not come";
            break;
        }
        messages.push_back(std::move(*message));
    }
    return messages;
}

TEST(MpiChannelTest, EveryMessageArrivesOnceAndInOrder) {
    MpiChannel channel;
    constexpr std::uint32_t rounds = 60;
    constexpr int tags = 3;
    for (std::uint32_t i = 0; i < rounds; ++i)
        for (int to = 0; to < channel.size(); ++to)  // itself too
            for (int tag = 0; tag < tags; ++tag)
                channel.send(to, tag, numbered(i, 4 + (i * 37 % 60) * 400));  // below and above
                                                                              // MPI's eager limit
    const auto ranks = static_cast<std::size_t>(channel.size());
    std::map<std::pair<int, int>, std::uint32_t> next;
    for (const Message& message : receive_all(channel, rounds * tags * ranks)) {
        const std::uint32_t expected = next[{message.source, message.tag}]++;
        EXPECT_EQ(number_of(message.bytes), expected);
        EXPECT_EQ(message.bytes, numbered(expected, 4 + (expected * 37 % 60) * 400));
    }
    EXPECT_EQ(next.size(), ranks * tags);
    EXPECT_FALSE(channel.receive(Seconds(0)));
    channel.flush();
}

TEST(MpiChannelTest, EmptyMessagesArrive) {
    MpiChannel channel;
    for (int to = 0; to < channel.size(); ++to) channel.send(to, kMaxTag, {});
    for (const Message& message : receive_all(channel, static_cast<std::size_t>(channel.size()))) {
        EXPECT_TRUE(message.bytes.empty());
        EXPECT_EQ(message.tag, kMaxTag);
    }
    channel.flush();
}

TEST(MpiChannelTest, SendingLargeMessagesDoesNotWaitForTheReceiver) {
    MpiChannel channel;
    constexpr std::size_t size = 5'000'000;
    constexpr std::uint32_t rounds = 3;
    for (std::uint32_t i = 0; i < rounds; ++i)  // all ranks send before any receives
        for (int to = 0; to < channel.size(); ++to) channel.send(to, 1, numbered(i, size));
    std::map<int, std::uint32_t> next;
    for (const Message& message :
         receive_all(channel, rounds * static_cast<std::size_t>(channel.size())))
        EXPECT_TRUE(message.bytes == numbered(next[message.source]++, size));
    channel.flush();
}

TEST(MpiChannelTest, RanksMayFlushToEachOther) {
    MpiChannel channel;
    constexpr std::size_t size = 5'000'000;
    const int to = (channel.rank() + 1) % channel.size();
    for (std::uint32_t i = 0; i < 2; ++i) channel.send(to, 1, numbered(i, size));
    channel.flush();  // before anything is received
    const std::vector<Message> messages = receive_all(channel, 2);
    for (std::uint32_t i = 0; i < messages.size(); ++i)
        EXPECT_TRUE(messages[i].bytes == numbered(i, size));
}

TEST(MpiChannelTest, AStormOf3000MessagesOntoOneRank) {
    MpiChannel channel;
    constexpr std::uint32_t total = 3000;
    const auto senders = static_cast<std::uint32_t>(std::max(1, channel.size() - 1));
    const bool sends = channel.size() == 1 || channel.rank() > 0;
    const std::uint32_t each = total / senders;
    const auto size_of = [](int source, std::uint32_t i) {
        RandomStream stream(1, Purpose::Test, static_cast<std::uint64_t>(source), i);
        return 4 + static_cast<std::size_t>(stream.below(40'000));
    };
    if (sends)
        for (std::uint32_t i = 0; i < each; ++i)
            channel.send(0, 2, numbered(i, size_of(channel.rank(), i)));
    if (channel.rank() == 0) {
        std::map<int, std::uint32_t> next;
        for (const Message& message : receive_all(channel, each * senders)) {
            const std::uint32_t expected = next[message.source]++;
            EXPECT_EQ(message.bytes, numbered(expected, size_of(message.source, expected)));
        }
        EXPECT_EQ(next.size(), senders);
    }
    channel.flush();
}

TEST(MpiChannelTest, AWaitWithoutAMessageEndsInTime) {
    MpiChannel channel;
    const WallClock::time_point start = WallClock::now();
    EXPECT_FALSE(channel.receive(Seconds(0)));
    EXPECT_FALSE(channel.receive(Seconds(-1)));
    EXPECT_LT((WallClock::now() - start).count(), 3.0);
    EXPECT_FALSE(channel.receive(Seconds(0.2)));
    EXPECT_GE((WallClock::now() - start).count(), 0.2);
    EXPECT_LT((WallClock::now() - start).count(), 5.0);
}

TEST(MpiChannelTest, AWaitingRankLeavesTheProcessorAlone) {
    MpiChannel channel;
    double start_s = processor_time_s();
    EXPECT_FALSE(channel.receive(Seconds(1)));
    EXPECT_LT(processor_time_s() - start_s, 0.2) << "in one wait";

    start_s = processor_time_s();
    const WallClock::time_point end = WallClock::now() + Seconds(1);
    while (WallClock::now() < end) EXPECT_FALSE(channel.receive(Seconds(0.002)));
    EXPECT_LT(processor_time_s() - start_s, 0.2) << "in many short waits";
}

TEST(MpiChannelTest, AMessageEndsAnInfiniteWait) {
    MpiChannel channel;
    const int last = channel.size() - 1;
    if (channel.rank() == last) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        for (int to = 0; to < channel.size(); ++to) channel.send(to, 1, numbered(7, 4));
    }
    const auto message = channel.receive(Seconds(std::numeric_limits<double>::infinity()));
    EXPECT_TRUE(message && number_of(message->bytes) == 7 && message->source == last);
    channel.flush();
}

TEST(MpiChannelTest, AnImpossibleRankOrTagIsABug) {
    MpiChannel channel;
    EXPECT_THROW(channel.send(channel.size(), 0, {}), Bug);
    EXPECT_THROW(channel.send(-1, 0, {}), Bug);
    EXPECT_THROW(channel.send(0, -1, {}), Bug);
}

TEST(MpiChannelTest, AnotherThreadMayNotUseIt) {
    MpiChannel channel;
    std::thread([&channel] {
        EXPECT_THROW(channel.receive(Seconds(0)), Bug);
        EXPECT_THROW(channel.send(0, 0, {}), Bug);
        EXPECT_THROW(channel.flush(), Bug);
    }).join();
}

// A rank that goes away with messages under way must not pull their bytes from under MPI.
TEST(MpiChannelTest, MessagesOutliveTheirChannel) {
    constexpr std::size_t size = 5'000'000;
    int to = 0;
    {
        MpiChannel channel;
        to = (channel.rank() + 1) % channel.size();
        channel.send(to, 1, numbered(3, size));
    }
    MpiChannel channel;
    for (const Message& message : receive_all(channel, 1))
        EXPECT_TRUE(message.bytes == numbered(3, size));
}

/// Every rank sends random messages to random ranks, its own too, and receives meanwhile.
TEST(MpiChannelPropertyTest, WhateverIsSentArrivesInTheOrderOfItsSender) {
    MpiChannel channel;
    const auto ranks = static_cast<std::uint64_t>(channel.size());
    constexpr int kMessages = 300;
    struct Sent {
        int to = 0;
        Message message;
    };
    const auto sent_by = [&](int rank) {
        RandomStream stream(3, Purpose::Test, static_cast<std::uint64_t>(rank));
        std::vector<Sent> all(kMessages);
        for (Sent& one : all) {
            one.to = static_cast<int>(stream.below(ranks));
            // about MPI's eager limit, empty ones and a large one now and then
            const std::size_t size = stream.below(50) == 0 ? 300'000 : stream.below(8000);
            one.message = {
                rank, static_cast<int>(stream.below(kMaxTag + 1)),
                Bytes(stream.below(4) == 0 ? 0 : size, static_cast<std::byte>(stream.below(256)))};
        }
        return all;
    };
    std::vector<std::vector<Message>> expected(ranks);
    std::size_t left = 0;
    for (int source = 0; source < channel.size(); ++source)
        for (Sent& one : sent_by(source)) {
            if (one.to != channel.rank()) continue;
            expected[static_cast<std::size_t>(source)].push_back(std::move(one.message));
            ++left;
        }
    std::vector<std::size_t> next(ranks);
    const auto take = [&](Seconds patience) {
        const auto message = channel.receive(patience);
        if (!message) return false;
        const auto source = static_cast<std::size_t>(message->source);
        if (next[source] == expected[source].size()) {
            ADD_FAILURE() << "more than was sent";
            return false;
        }
        EXPECT_TRUE(*message == expected[source][next[source]++]);
        --left;
        return true;
    };
    for (Sent& one : sent_by(channel.rank())) {
        channel.send(one.to, one.message.tag, std::move(one.message.bytes));
        take(Seconds(0));
    }
    channel.flush();
    while (left > 0 && take(kPatience)) {
    }
    EXPECT_EQ(left, 0U);
    MPI_Barrier(MPI_COMM_WORLD);
    EXPECT_FALSE(channel.receive(Seconds(0)));
}

/// MPI's own order would be the lowest rank's first, and the others last.
TEST(MpiChannelTest, SendersAreHeardInTurn) {
    MpiChannel channel;
    constexpr int kEach = 200;
    const int senders = channel.size() - 1;
    if (channel.rank() > 0)
        for (int i = 0; i < kEach; ++i) channel.send(0, 1, Bytes(16));
    MPI_Barrier(MPI_COMM_WORLD);  // all of them are under way
    if (channel.rank() == 0 && senders > 0) {
        std::vector<int> heard(static_cast<std::size_t>(channel.size()));
        const auto messages = receive_all(channel, static_cast<std::size_t>(senders * kEach));
        for (std::size_t i = 0; i < messages.size() / 2; ++i)
            ++heard[static_cast<std::size_t>(messages[i].source)];
        for (int source = 1; source < channel.size(); ++source)
            EXPECT_GE(heard[static_cast<std::size_t>(source)], kEach / 8) << "rank " << source;
    }
    channel.flush();
}

TEST(MpiChannelTest, ChannelsOverTwoCommunicatorsDoNotMix) {
    MPI_Comm other = MPI_COMM_NULL;
    ASSERT_EQ(MPI_Comm_dup(MPI_COMM_WORLD, &other), MPI_SUCCESS);
    {
        const Communicator view(other);
        MpiChannel first;
        MpiChannel second(view);
        const int to = (first.rank() + 1) % first.size();
        first.send(to, 1, numbered(1, 4));
        second.send(to, 1, numbered(2, 4));
        for (const Message& message : receive_all(second, 1))
            EXPECT_EQ(number_of(message.bytes), 2U);
        for (const Message& message : receive_all(first, 1))
            EXPECT_EQ(number_of(message.bytes), 1U);
        first.flush();
        second.flush();
    }
    MPI_Comm_free(&other);
}

TEST(MpiChannelTest, ARankOfAPartIsCountedInThePart) {
    const Communicator world(MPI_COMM_WORLD);
    MPI_Comm part = MPI_COMM_NULL;
    ASSERT_EQ(MPI_Comm_split(MPI_COMM_WORLD, world.rank() % 2, -world.rank(), &part), MPI_SUCCESS);
    {
        const Communicator view(part);
        MpiChannel channel(view);
        EXPECT_EQ(channel.size(), (world.size() + 1 - world.rank() % 2) / 2);
        for (int to = 0; to < channel.size(); ++to) channel.send(to, world.rank(), numbered(7, 4));
        for (const Message& message :
             receive_all(channel, static_cast<std::size_t>(channel.size()))) {
            EXPECT_EQ(message.tag % 2, world.rank() % 2);
            // of the highest rank of the world first
            EXPECT_EQ(message.tag / 2, channel.size() - 1 - message.source);
        }
        channel.flush();
    }
    MPI_Comm_free(&part);
}

TEST(MpiChannelTest, WhoeverWaitsMayGiveUp) {
    struct GaveUp {};
    bool gives_up = false;
    MpiChannel channel([&] {
        if (gives_up) throw GaveUp();
    });
    EXPECT_EQ(channel.receive(Seconds(0.01)), std::nullopt);
    gives_up = true;
    EXPECT_THROW(channel.receive(Seconds(20)), GaveUp);
    EXPECT_THROW(channel.receive({}), GaveUp) << "even if it does not wait";
    channel.flush();  // nothing to wait for
    // Larger than what MPI sends before its receiver asks for it.
    const Bytes large = numbered(1, 1 << 20);
    const int next = (channel.rank() + 1) % channel.size();
    channel.send(next, 1, large);
    EXPECT_THROW(channel.flush(), GaveUp);
    gives_up = false;
    channel.flush();
    EXPECT_EQ(receive_all(channel, 1).at(0).bytes, large) << "it is still sent";
}

}  // namespace
}  // namespace mobi::test
