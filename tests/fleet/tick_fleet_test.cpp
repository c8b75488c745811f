// SPDX-License-Identifier: Apache-2.0
// VirtualFleet against a simulation in small steps: every field of every event.
#include "fleet/tick_fleet.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "fleet/virtual_fleet.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;

constexpr Tick kLongestLeg = 10;

std::string text_of(const FleetEvent& event) {
    const auto ticks = [](Time time) {
        return static_cast<double>(time.time_since_epoch().count()) / 1'953'125;
    };
    return fmt::format("{} device {} task {} part {} outcome {} leg {} from {}", ticks(event.at),
                       event.device.value(), event.task.value(), event.part,
                       static_cast<int>(event.outcome), static_cast<int>(event.leg),
                       ticks(event.start));
}

auto order_of(const FleetEvent& event) {
    return std::tuple(event.at, event.device, event.task, event.part);
}

void sort(std::vector<FleetEvent>& events) {
    std::stable_sort(events.begin(), events.end(), [](const FleetEvent& a, const FleetEvent& b) {
        return order_of(a) < order_of(b);
    });
}

bool same(const Charges& a, const Charges& b) {
    return a.down_bytes == b.down_bytes && a.up_bytes == b.up_bytes;
}

/// What is defined of both: see FleetEvent.
void expect_same(const FleetEvent& event, const FleetEvent& expected) {
    ASSERT_EQ(order_of(event), order_of(expected));
    ASSERT_EQ(event.outcome, expected.outcome);
    ASSERT_TRUE(same(event.charges, expected.charges));
    if (event.outcome == Outcome::CutOff || event.outcome == Outcome::Recalled) {
        ASSERT_EQ(event.leg, expected.leg);
        ASSERT_EQ(event.start, expected.start);
    }
    if (event.outcome == Outcome::Recalled) {
        ASSERT_TRUE(same(event.before, expected.before));
    }
    if (event.outcome != Outcome::Done) return;
    const PartTimes &a = event.times, &b = expected.times;
    ASSERT_EQ(a.receive_start, b.receive_start);
    ASSERT_EQ(a.receive_end, b.receive_end);
    ASSERT_EQ(a.received, b.received);
    ASSERT_EQ(a.compute_start, b.compute_start);
    ASSERT_EQ(a.compute_end, b.compute_end);
    ASSERT_EQ(a.send_start, b.send_start);
    ASSERT_EQ(a.send_end, b.send_end);
    ASSERT_EQ(a.arrival, b.arrival);
}

/// What a test lets happen.
struct Mix {
    bool absences = false;
    bool half_duplex = false;
    bool radio = false;
    bool battery = false;
    bool rest = false;
    bool recalls = false;
    bool promises = false;
};

/// A random fleet, in both of its forms.
class Fleet {
  public:
    Fleet(const Mix& mix, std::uint64_t seed) : random_(seed, Purpose::Test) {
        const auto count = static_cast<std::int32_t>(1 + below(4));
        profiles_.resize(static_cast<std::size_t>(count));
        links_.resize(profiles_.size());
        availabilities_.resize(profiles_.size());
        std::vector<FleetDevice> devices;
        for (std::int32_t i = 0; i < count; ++i) {
            const TickDevice device = draw(mix);
            simulations_.emplace_back(device, i);
            ticks_.push_back(device);
            devices.push_back(describe(device, i));
        }
        clock_ = std::make_unique<VirtualFleet>(devices, FleetClockParameters{seed, 0});
    }

    RandomStream& random() { return random_; }
    Tick below(Tick bound) {
        return static_cast<Tick>(random_.below(static_cast<std::uint64_t>(bound)));
    }
    VirtualFleet& clock() { return *clock_; }
    std::vector<TickSimulation>& simulations() { return simulations_; }

    void assign(Tick now) {
        const auto device = static_cast<std::int32_t>(below(std::ssize(simulations_)));
        const TickDevice& figures = ticks_[static_cast<std::size_t>(device)];
        const Tick ready = now + below(12);
        std::vector<TickPart> parts(static_cast<std::size_t>(1 + below(4)));
        DeviceTask task;
        task.id = TaskId(tasks_);
        task.device = DeviceId(device);
        task.ready = at_tick(ready);
        for (TickPart& part : parts) {
            if (below(2) == 0) part.down_bytes = (1 + below(8)) * figures.bytes_per_tick[0];
            if (below(3) > 0) part.samples = static_cast<std::int32_t>(1 + below(4));
            if (below(3) > 0 || part.samples + part.down_bytes == 0)
                part.up_bytes = (1 + below(kLongestLeg)) * figures.bytes_per_tick[1];
            Part same;
            same.down_bytes = part.down_bytes;
            same.compute.samples = part.samples;
            same.up_bytes = part.up_bytes;
            task.parts.push_back(same);
        }
        simulations_[static_cast<std::size_t>(device)].assign(tasks_, ready, parts);
        clock_->assign(std::move(task));
        device_of_.push_back(device);
        ++tasks_;
    }

    void recall(Tick now) {
        if (tasks_ == 0) return;
        const std::int64_t task = std::max<std::int64_t>(0, tasks_ - 1 - below(6));
        simulations_[static_cast<std::size_t>(device_of_[static_cast<std::size_t>(task)])].recall(
            task);
        clock_->recall(TaskId(task), at_tick(now));
    }

    void run_until(Tick tick) {
        for (TickSimulation& simulation : simulations_) simulation.run_until(tick);
        drain(at_tick(tick));
    }

    void drain(Time until) {
        int drained = 0;
        while (const FleetEvent* const event = clock_->next(until)) {
            ASSERT_LE(event->at, until);
            ASSERT_EQ(event->id, EventId(static_cast<std::int64_t>(events_.size())));
            if (drained > 0) {
                ASSERT_LE(order_of(events_.back()), order_of(*event)) << text_of(*event);
            }
            ++drained;
            events_.push_back(*event);
        }
    }

    void compare() {
        std::vector<FleetEvent> expected;
        for (const TickSimulation& simulation : simulations_)
            expected.insert(expected.end(), simulation.events().begin(), simulation.events().end());
        sort(expected);
        sort(events_);
        for (std::size_t i = 0; i < std::min(events_.size(), expected.size()); ++i) {
            SCOPED_TRACE("event " + text_of(events_[i]) + "\nexpected " + text_of(expected[i]));
            expect_same(events_[i], expected[i]);
            if (::testing::Test::HasFatalFailure()) return;
        }
        ASSERT_EQ(events_.size(), expected.size());
        for (std::size_t i = 0; i < simulations_.size(); ++i) {
            const auto emptied = simulations_[i].emptied();
            EXPECT_EQ(clock_->emptied(DeviceId(static_cast<std::int32_t>(i))),
                      emptied ? std::optional(at_tick(*emptied)) : std::nullopt);
        }
    }

  private:
    TickDevice draw(const Mix& mix) {
        TickDevice device;
        device.sample_ticks = 1 + below(3);
        device.bytes_per_tick = {1 + below(2000), 1 + below(2000)};
        device.latency = below(6);
        device.half_duplex = mix.half_duplex && below(3) > 0;
        if (mix.radio && below(3) > 0) {
            device.wake_up = 1 + below(3);
            device.wake_after = below(5);
        }
        if (mix.battery && below(3) > 0) device.battery_ticks = 1 + below(120);
        if (mix.rest && device.battery_ticks > 0) {
            device.battery_ticks = 64;  // so that shares of it are exact
            device.low_ticks = below(65);
            device.rest_ticks = below(9);
        }
        if (mix.absences && below(4) > 0) {
            // one span is long enough for any leg, so that nothing is hopeless
            const Tick long_span = 16 + below(30);
            const Tick first = below(20);
            device.on = {{first, first + long_span}};
            Tick end = first + long_span;
            for (Tick more = below(3); more > 0; --more) {
                const Tick start = end + 1 + below(9);
                end = start + 1 + below(6);
                device.on.emplace_back(start, end);
            }
            device.period = end + 1 + below(15);
        }
        return device;
    }

    FleetDevice describe(const TickDevice& device, std::int32_t id) {
        const auto place = static_cast<std::size_t>(id);
        const auto seconds = [](Tick ticks) { return static_cast<double>(ticks) * kTickS; };
        DeviceProfile& profile = profiles_[place];
        profile.name = "d";
        profile.time_per_sample_s = seconds(device.sample_ticks);
        profile.battery_j = seconds(device.battery_ticks);
        profile.compute_w = 1;
        profile.battery_low = 0;
        if (device.battery_ticks > 0)
            profile.battery_low =
                static_cast<double>(device.low_ticks) / static_cast<double>(device.battery_ticks);
        profile.battery_rest_s = seconds(device.rest_ticks);
        LinkProfile& link = links_[place];
        link.name = "l";
        link.downlink_bytes_per_s = 512 * static_cast<double>(device.bytes_per_tick[0]);
        link.uplink_bytes_per_s = 512 * static_cast<double>(device.bytes_per_tick[1]);
        link.latency_s = seconds(device.latency);
        link.wake_up_s = seconds(device.wake_up);
        link.wake_after_s = seconds(device.wake_after);
        link.duplex = device.half_duplex ? Duplex::Half : Duplex::Full;
        if (device.on.empty()) return {DeviceId(id), &profile, &link, nullptr};
        std::string text;
        for (const auto& [on, off] : device.on)
            text += fmt::format("0,{:.9f},{:.9f}\n", seconds(on), seconds(off));
        AvailabilityProfile& availability = availabilities_[place];
        availability.name = "a";
        availability.kind = AvailabilityKind::Trace;
        availability.trace = std::make_shared<const AvailabilityTrace>(
            parse_availability_trace(text, "trace", seconds(device.period)));
        return {DeviceId(id), &profile, &link, &availability};
    }

    RandomStream random_;
    std::vector<DeviceProfile> profiles_;
    std::vector<LinkProfile> links_;
    std::vector<AvailabilityProfile> availabilities_;
    std::vector<TickDevice> ticks_;
    std::vector<TickSimulation> simulations_;
    std::unique_ptr<VirtualFleet> clock_;
    std::vector<std::int32_t> device_of_;  // of a task
    std::int64_t tasks_ = 0;
    std::vector<FleetEvent> events_;
};

/// Runs a random fleet through random commands, then to its end.
void run(const Mix& mix, std::uint64_t seed) {
    Fleet fleet(mix, seed);
    Tick now = 0;
    for (int command = 0; command < 25; ++command) {
        const Tick next = now + fleet.below(4) * fleet.below(10);
        if (mix.promises && fleet.below(2) == 0) fleet.clock().promise_quiet(at_tick(next));
        now = next;
        fleet.run_until(now);
        if (::testing::Test::HasFatalFailure()) return;
        if (mix.recalls && fleet.below(3) == 0)
            fleet.recall(now);
        else
            fleet.assign(now);
    }
    if (mix.promises) fleet.clock().promise_quiet(Time::max());
    for (TickSimulation& simulation : fleet.simulations())
        while (!simulation.idle()) {
            simulation.run_until(simulation.now() + 1);
            ASSERT_LT(simulation.now(), 100'000) << "the simulation does not end";
        }
    fleet.drain(Time::max());
    if (::testing::Test::HasFatalFailure()) return;
    fleet.compare();
}

void run_many(const Mix& mix) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        SCOPED_TRACE(seed);
        run(mix, seed);
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(TickFleetTest, TasksOfPartsFollowEachOther) {
    run_many({});
}

TEST(TickFleetTest, WhatIsPromisedChangesNothing) {
    run_many({.absences = true, .half_duplex = true, .radio = true, .promises = true});
}

TEST(TickFleetTest, AbsencesCutOffAndBeginAnew) {
    run_many({.absences = true});
}

TEST(TickFleetTest, HalfDuplexIsOneQueue) {
    run_many({.half_duplex = true});
}

TEST(TickFleetTest, TheRadioFallsIdleAndWakesUp) {
    run_many({.absences = true, .radio = true});
}

TEST(TickFleetTest, BatteriesRunEmpty) {
    run_many({.absences = true, .battery = true});
}

TEST(TickFleetTest, BatteriesRest) {
    run_many({.absences = true, .battery = true, .rest = true});
}

TEST(TickFleetTest, TasksAreRecalledAtAnyTime) {
    run_many({.recalls = true});
}

TEST(TickFleetTest, TasksOfDevicesThatComeAndGoAreRecalledAtAnyTime) {
    run_many({.absences = true, .half_duplex = true, .radio = true, .recalls = true});
}

TEST(TickFleetTest, EverythingAtOnce) {
    run_many({.absences = true,
              .half_duplex = true,
              .radio = true,
              .battery = true,
              .recalls = true,
              .promises = true});
}

}  // namespace
}  // namespace mobi::test
