// SPDX-License-Identifier: Apache-2.0
#include "fleet/event_queue.hpp"

#include <map>
#include <tuple>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;
using Key = std::tuple<Time, DeviceId, TaskId, std::int32_t>;

Key key_of(const FleetEvent& event) {
    return {event.at, event.device, event.task, event.part};
}

/// Few times and devices, so that many events have the same.
FleetEvent random_event(RandomStream& random, std::int64_t from) {
    FleetEvent event;
    event.at = Time(VirtualClock::duration(from + static_cast<std::int64_t>(random.below(50))));
    event.device = DeviceId(static_cast<std::int32_t>(random.below(5)));
    event.task = TaskId(static_cast<std::int64_t>(random.below(4)));
    event.part = static_cast<std::int32_t>(random.below(3));
    event.charges.up_bytes = static_cast<std::int64_t>(random.next_u32());
    return event;
}

// Pushes one by one and in bursts, pops in between: as a sorted list.
TEST(EventQueueTest, TellsEventsInOrderHoweverTheyCome) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        EventQueue queue;
        std::multimap<Key, std::pair<FleetEvent, std::int32_t>> plain;  // equal keys: as pushed
        std::int64_t now = 0;
        std::int32_t slot = 0;
        for (int step = 0; step < 120; ++step) {
            const std::uint64_t burst = random.below(10) == 0 ? 700 : random.below(4);
            for (std::uint64_t i = 0; i < burst; ++i) {
                const FleetEvent event = random_event(random, now);
                queue.push(event, slot);
                plain.emplace(key_of(event), std::pair(event, slot));
                ++slot;
            }
            const std::uint64_t pops = random.below(2) == 0 ? 0 : random.below(40);
            for (std::uint64_t i = 0; i < pops && !plain.empty(); ++i) {
                ASSERT_FALSE(queue.empty());
                const auto [event, expected_slot] = plain.begin()->second;
                plain.erase(plain.begin());
                ASSERT_EQ(queue.next_at(), event.at);
                const EventQueue::Taken taken = queue.pop();
                ASSERT_EQ(key_of(taken.event), key_of(event));
                ASSERT_EQ(taken.slot, expected_slot);
                ASSERT_EQ(taken.event.charges.up_bytes, event.charges.up_bytes);
                now = event.at.time_since_epoch().count();
            }
            ASSERT_EQ(queue.empty(), plain.empty());
        }
    }
}

TEST(EventQueueTest, OfOneInstantDeviceThenTaskThenPartDecides) {
    const auto event = [](std::int32_t device, std::int64_t task, std::int32_t part) {
        FleetEvent one;
        one.device = DeviceId(device);
        one.task = TaskId(task);
        one.part = part;
        return one;
    };
    const std::vector<FleetEvent> ordered{event(0, 9, 9), event(1, 2, 7), event(1, 3, 0),
                                          event(1, 3, 1), event(2, 0, 0)};
    EventQueue queue;
    for (const std::size_t i : {3U, 0U, 4U, 2U, 1U})
        queue.push(ordered[i], static_cast<std::int32_t>(i));
    for (std::int32_t i = 0; i < 5; ++i) EXPECT_EQ(queue.pop().slot, i);
    EXPECT_TRUE(queue.empty());
}

// Ends go before beginnings (fleet/event_queue.hpp): a transfer that ends as its device goes off
// has ended, a computation that ends lets a task begin that is ready at the same time.
TEST(WakeUpTest, OfOneInstantTheKindDecides) {
    const std::vector<Wake> order{Wake::LinkEnd,       Wake::TransferEnd, Wake::OwnRate,
                                  Wake::Look,          Wake::Received,    Wake::ComputeEnd,
                                  Wake::TransferStart, Wake::Ready};
    WakeUps wake_ups;
    for (std::size_t i = order.size(); i-- > 0;)
        wake_ups.push({7, order[i], static_cast<std::int32_t>(100 - i), 0});
    wake_ups.push({6.5L, Wake::Ready, 1000, 0});
    EXPECT_EQ(wake_ups.top().at, 6.5L);
    wake_ups.pop();
    for (const Wake kind : order) {
        EXPECT_EQ(wake_ups.top().kind, kind);
        wake_ups.pop();
    }
}

TEST(WakeUpTest, AFractionOfANanosecondIsLater) {
    const Instant year = 3600.0L * 24 * 365 * 1e9L;
    EXPECT_TRUE((WakeUp{year + 0.01L, Wake::LinkEnd, 0, 0} > WakeUp{year, Wake::Ready, 9, 9}));
    EXPECT_FALSE((WakeUp{year, Wake::Ready, 9, 9} > WakeUp{year, Wake::Ready, 9, 9}));
}

}  // namespace
}  // namespace mobi::test
