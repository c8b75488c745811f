// SPDX-License-Identifier: Apache-2.0
#include "core/blocking_queue.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

using std::chrono::milliseconds;

TEST(BlockingQueueTest, FirstInIsFirstOut) {
    BlockingQueue<int> queue;
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(queue.push(i));
    EXPECT_EQ(queue.size(), 1000U);
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(queue.pop(), i);
    EXPECT_EQ(queue.size(), 0U);
    EXPECT_EQ(queue.full_waits(), 0U);
}

TEST(BlockingQueueTest, HoldsWhatCannotBeCopied) {
    BlockingQueue<std::unique_ptr<int>> queue(1);
    queue.push(std::make_unique<int>(7));
    const auto value = queue.pop();
    ASSERT_TRUE(value);
    EXPECT_EQ(**value, 7);
}

TEST(BlockingQueueTest, AnEmptyOneGivesNothingWithoutWaiting) {
    BlockingQueue<int> queue;
    EXPECT_EQ(queue.try_pop(), std::nullopt);
    EXPECT_EQ(queue.pop_for(milliseconds(0)), std::nullopt);
    queue.push(1);
    EXPECT_EQ(queue.pop_for(milliseconds(0)), 1);
    queue.push(2);
    EXPECT_EQ(queue.try_pop(), 2);
}

TEST(BlockingQueueTest, WhatIsLeftWhenItClosesIsDrained) {
    BlockingQueue<int> queue;
    queue.push(1);
    queue.push(2);
    queue.push(3);
    queue.close();
    EXPECT_FALSE(queue.push(4));
    EXPECT_EQ(queue.pop(), 1);
    EXPECT_EQ(queue.pop_for(milliseconds(0)), 2);
    EXPECT_EQ(queue.try_pop(), 3);
    EXPECT_EQ(queue.pop(), std::nullopt);
    EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(BlockingQueueTest, AFullOneTakesNoMoreUntilThereIsRoom) {
    BlockingQueue<int> queue(2);
    queue.push(0);
    queue.push(1);
    std::jthread producer([&] { queue.push(2); });
    while (queue.full_waits() == 0) std::this_thread::yield();
    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(queue.pop(), 0);
    producer.join();
    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(queue.full_waits(), 1U);
    EXPECT_EQ(queue.pop(), 1);
    EXPECT_EQ(queue.pop(), 2);
}

TEST(BlockingQueueTest, ClosingFreesWhoWaitsForRoomAndDropsTheValue) {
    BlockingQueue<int> queue(1);
    queue.push(0);
    std::atomic<int> refused = 0;
    std::vector<std::jthread> producers;
    for (int i = 0; i < 3; ++i)
        producers.emplace_back([&] {
            if (!queue.push(1)) ++refused;
        });
    while (queue.full_waits() < 3) std::this_thread::yield();
    queue.close();
    for (std::jthread& producer : producers) producer.join();
    EXPECT_EQ(refused, 3);
    EXPECT_EQ(queue.pop(), 0);
    EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BlockingQueueTest, ClosingFreesAllWhoWaitForAnElement) {
    BlockingQueue<int> queue;
    std::atomic<int> ended = 0;
    std::vector<std::jthread> consumers;
    for (int i = 0; i < 3; ++i)
        consumers.emplace_back([&] {
            if (!queue.pop()) ++ended;
        });
    queue.close();
    for (std::jthread& consumer : consumers) consumer.join();
    EXPECT_EQ(ended, 3);
}

/// Every element comes out once, those of one producer in their order, and no more are held than
/// were allowed.
TEST(BlockingQueuePropertyTest, NothingIsLostOrRepeatedBetweenThreads) {
    constexpr int kEach = 2000;
    for (const std::size_t capacity : {0U, 1U, 3U}) {
        BlockingQueue<std::pair<int, int>> queue(capacity);
        std::vector<std::jthread> producers;
        for (int p = 0; p < 3; ++p)
            producers.emplace_back([&queue, p] {
                for (int i = 0; i < kEach; ++i) queue.push({p, i});
            });
        std::vector<std::vector<std::pair<int, int>>> got(2);
        std::atomic<bool> too_many = false;
        {
            std::vector<std::jthread> consumers;
            for (auto& list : got)
                consumers.emplace_back([&] {
                    while (const auto value = queue.pop()) {
                        list.push_back(*value);
                        if (capacity > 0 && queue.size() > capacity) too_many = true;
                    }
                });
            for (std::jthread& producer : producers) producer.join();
            queue.close();
        }
        EXPECT_FALSE(too_many);
        std::map<std::pair<int, int>, int> times;
        for (const auto& list : got) {
            std::map<int, int> last;
            for (const auto& [producer, number] : list) {
                const auto [before, first] = last.try_emplace(producer, number);
                if (!first) {
                    EXPECT_GT(number, before->second);
                    before->second = number;
                }
                ++times[{producer, number}];
            }
        }
        EXPECT_EQ(times.size(), 3U * kEach);
        for (const auto& [value, count] : times) ASSERT_EQ(count, 1);
    }
}

}  // namespace
}  // namespace mobi::test
