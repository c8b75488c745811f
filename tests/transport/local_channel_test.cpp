// SPDX-License-Identifier: Apache-2.0
#include "transport/local_channel.hpp"

#include <cstring>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "support/contains.hpp"
#include "support/processor_time.hpp"
#include "transport/tag.hpp"

namespace mobi::test {
namespace {

using Seconds = WallClock::duration;
constexpr Seconds kForEver(std::numeric_limits<double>::infinity());

Bytes numbered(std::uint32_t number, std::size_t size) {
    Bytes bytes(size + sizeof number);
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}

std::uint32_t number_of(const Message& message) {
    std::uint32_t number = 0;
    std::memcpy(&number, message.bytes.data(), sizeof number);
    return number;
}

TEST(LocalChannelTest, TheEndsAreRanks0And1) {
    const auto [server, worker] = LocalChannel::make_pair();
    EXPECT_EQ(server->rank(), 0);
    EXPECT_EQ(worker->rank(), 1);
    EXPECT_EQ(server->size(), 2);
    EXPECT_EQ(worker->size(), 2);
}

TEST(LocalChannelTest, AMessageArrivesWithSourceAndTag) {
    const auto [server, worker] = LocalChannel::make_pair();
    server->send(1, 5, Bytes(3, std::byte{9}));
    worker->send(0, 6, {});
    EXPECT_EQ(worker->receive(Seconds(0)), (Message{0, 5, Bytes(3, std::byte{9})}));
    EXPECT_EQ(server->receive(Seconds(0)), (Message{1, 6, {}}));
    EXPECT_FALSE(worker->receive(Seconds(0)));
}

TEST(LocalChannelTest, TheBytesAreMovedNotCopied) {
    const auto [server, worker] = LocalChannel::make_pair();
    Bytes bytes(5'000'000);
    const std::byte* const place = bytes.data();
    server->send(1, 0, std::move(bytes));
    EXPECT_EQ(worker->receive(Seconds(0))->bytes.data(), place);
}

TEST(LocalChannelTest, AStormFromAnotherThreadArrivesInOrder) {
    const auto pair = LocalChannel::make_pair();
    constexpr std::uint32_t count = 3000;
    std::jthread thread([&worker = *pair.second] {
        for (std::uint32_t i = 0; i < count; ++i) worker.send(0, 1, numbered(i, i % 100));
        for (std::uint32_t i = 0; i < count; ++i)
            EXPECT_EQ(number_of(worker.receive(kForEver).value()), i);
    });
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::optional<Message> message = pair.first->receive(kForEver);
        ASSERT_TRUE(message);
        EXPECT_EQ(number_of(*message), i);
        EXPECT_EQ(message->bytes.size(), 4 + i % 100);
        pair.first->send(1, 1, numbered(i, 0));
    }
}

TEST(LocalChannelTest, AWaitEndsInTimeAndCostsNoProcessorTime) {
    const auto [server, worker] = LocalChannel::make_pair();
    const WallClock::time_point start = WallClock::now();
    const double processor_start_s = processor_time_s();
    EXPECT_FALSE(server->receive(Seconds(0.3)));
    EXPECT_LT(processor_time_s() - processor_start_s, 0.06);
    EXPECT_GE((WallClock::now() - start).count(), 0.3);
    EXPECT_LT((WallClock::now() - start).count(), 3.0);
}

TEST(LocalChannelTest, AMessageEndsAnInfiniteWait) {
    const auto pair = LocalChannel::make_pair();
    std::jthread thread([&worker = *pair.second] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        worker.send(0, 1, numbered(7, 0));
    });
    EXPECT_EQ(number_of(pair.first->receive(kForEver).value()), 7U);
}

TEST(LocalChannelTest, AClosedEndDeliversWhatItSentThenSaysWhy) {
    const auto [server, worker] = LocalChannel::make_pair();
    worker->send(0, 1, numbered(7, 0));
    worker->close("the worker ran out of memory");
    worker->close("twice does nothing");
    EXPECT_EQ(number_of(server->receive(kForEver).value()), 7U);
    try {
        server->receive(kForEver);
        FAIL();
    } catch (const TransportError& error) {
        EXPECT_STREQ(error.what(),
                     "the other end of the in-process channel is closed: the worker ran out of "
                     "memory");
    }
    EXPECT_THROW(server->send(1, 1, {}), TransportError);
}

TEST(LocalChannelTest, AnEndThatGoesAwayWakesTheOther) {
    auto pair = LocalChannel::make_pair();
    std::jthread thread([worker = std::move(pair.second)]() mutable {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        worker.reset();
    });
    EXPECT_THROW(pair.first->receive(kForEver), TransportError);
}

TEST(LocalChannelTest, AMessageToItselfOrNobodyIsABug) {
    const auto [server, worker] = LocalChannel::make_pair();
    EXPECT_THROW(server->send(0, 1, {}), Bug);
    EXPECT_THROW(server->send(2, 1, {}), Bug);
    EXPECT_THROW(server->send(1, -1, {}), Bug);
}

/// Two ends send and receive as they like: each receives what the other sent, in its order.
TEST(LocalChannelPropertyTest, BothEndsGetWhatTheOtherSent) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto pair = LocalChannel::make_pair();
        constexpr std::size_t kMessages = 500;
        const auto sent_by = [seed](int rank) {
            RandomStream stream(seed, Purpose::Test, static_cast<std::uint64_t>(rank));
            std::vector<Message> messages(kMessages);
            for (Message& message : messages)
                message = {rank, static_cast<int>(stream.below(kMaxTag + 1)),
                           Bytes(stream.below(50), static_cast<std::byte>(stream.below(256)))};
            return messages;
        };
        const auto live = [&](LocalChannel& channel, std::uint32_t index) {
            RandomStream stream(seed, Purpose::Test, 2, index);
            const std::vector<Message> mine = sent_by(channel.rank());
            std::vector<Message> got;
            std::size_t sent = 0;
            while (sent < kMessages || got.size() < kMessages) {
                if (sent < kMessages && stream.below(2) == 0) {
                    channel.send(1 - channel.rank(), mine[sent].tag, mine[sent].bytes);
                    ++sent;
                } else if (got.size() < kMessages) {
                    const bool waits = sent == kMessages;
                    if (auto message = channel.receive(waits ? kForEver : Seconds(0)))
                        got.push_back(std::move(*message));
                }
            }
            EXPECT_EQ(got, sent_by(1 - channel.rank()));
        };
        std::jthread thread([&] { live(*pair.second, 1); });
        live(*pair.first, 0);
    }
}

TEST(LocalChannelTest, AFlushHasNothingToWaitFor) {
    const auto [server, worker] = LocalChannel::make_pair();
    server->send(1, 1, numbered(7, 0));
    server->flush();
    EXPECT_EQ(number_of(worker->receive(Seconds(-1)).value()), 7U) << "it is there already";
}

TEST(LocalChannelTest, AClosedEndStillHearsWhatTheOtherSays) {
    const auto [server, worker] = LocalChannel::make_pair();
    server->send(1, 1, numbered(7, 0));
    worker->close("enough");
    EXPECT_EQ(number_of(worker->receive(Seconds(0)).value()), 7U);
    EXPECT_FALSE(worker->receive(Seconds(0)));
    try {
        server->send(1, 1, {});
        FAIL() << "sent to nobody";
    } catch (const TransportError& error) {
        EXPECT_TRUE(contains(error.what(), "enough"));
    }
}

}  // namespace
}  // namespace mobi::test
