// SPDX-License-Identifier: Apache-2.0
#include "method/recorded_fleet.hpp"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

using std::chrono::milliseconds;
using Time = VirtualClock::time_point;

Delivery delivery(std::int32_t device, std::int32_t packet, int arrival_ms) {
    Delivery delivery;
    delivery.device = device;
    delivery.packet = packet;
    delivery.times.compute_end = Time(milliseconds(arrival_ms - 20));
    delivery.times.send_start = Time(milliseconds(arrival_ms - 10));
    delivery.times.arrival = Time(milliseconds(arrival_ms));
    delivery.charged_bytes = 100 + arrival_ms;
    return delivery;
}

std::vector<DeviceId> forecast(FleetClock& fleet) {
    std::vector<DeviceId> devices;
    fleet.forecast([&](const FleetEvent& event) {
        devices.push_back(event.device);
        return true;
    });
    return devices;
}

TEST(RecordedFleetTest, TellsEveryDeliveryOnceInOrder) {
    const std::vector<Delivery> deliveries{delivery(3, 0, 50), delivery(1, 0, 60),
                                           delivery(3, 1, 60)};
    RecordedFleet fleet(deliveries);
    fleet.assign({});
    fleet.promise_quiet(Time::max());
    EXPECT_EQ(forecast(fleet).size(), 3U);
    EXPECT_EQ(fleet.next(Time(milliseconds(49))), nullptr);
    const FleetEvent first = *fleet.next(Time(milliseconds(50)));
    EXPECT_EQ(first.id, EventId(0));
    EXPECT_EQ(first.at, Time(milliseconds(50)));
    EXPECT_EQ(first.device, DeviceId(3));
    EXPECT_EQ(first.outcome, Outcome::Done);
    EXPECT_EQ(first.times.compute_end, Time(milliseconds(30)));
    EXPECT_EQ(first.times.send_start, Time(milliseconds(40)));
    EXPECT_EQ(first.charges.up_bytes, 150);
    EXPECT_EQ(fleet.next(Time(milliseconds(59))), nullptr);
    EXPECT_EQ(fleet.delivered(), 1);
    const FleetEvent second = *fleet.next(Time::max());
    const FleetEvent third = *fleet.next(Time::max());
    EXPECT_EQ(second.task, TaskId(1));
    EXPECT_EQ(third.task, first.task);  // one task a device
    EXPECT_EQ(third.part, 1);
    EXPECT_EQ(fleet.next(Time::max()), nullptr);
    EXPECT_EQ(fleet.delivered(), 3);
    EXPECT_EQ(&fleet.delivery(third.id.value()), &deliveries[2]);
}

TEST(RecordedFleetTest, TheForecastIsWhatIsStillToCome) {
    const std::vector<Delivery> deliveries{delivery(0, 0, 30), delivery(1, 0, 40)};
    RecordedFleet fleet(deliveries);
    fleet.next(Time::max());
    EXPECT_EQ(forecast(fleet), std::vector<DeviceId>{DeviceId(1)});
}

TEST(RecordedFleetTest, ThePastIsAsItWas) {
    const std::vector<Delivery> disorder{delivery(0, 0, 50), delivery(1, 0, 40)};
    EXPECT_THROW(RecordedFleet{disorder}, Bug);
    RecordedFleet fleet({});
    EXPECT_EQ(fleet.next(Time::max()), nullptr);
    EXPECT_THROW(fleet.recall(TaskId(0), Time()), Bug);
    EXPECT_THROW(fleet.present(Time()), Bug);
    EXPECT_THROW(fleet.next_presence(Time()), Bug);
}

}  // namespace
}  // namespace mobi::test
