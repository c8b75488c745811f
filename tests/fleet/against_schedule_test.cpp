// SPDX-License-Identifier: Apache-2.0
// Random fleets of one task a device: the event loop against device/schedule.hpp, to the
// nanosecond.
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "device/schedule.hpp"
#include "device/trace_file.hpp"
#include "fleet/virtual_fleet.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;

class RandomFleet {
  public:
    explicit RandomFleet(std::uint64_t seed) : random_(seed, Purpose::Test) {
        network.seed = seed;
        if (chance(0.3)) network.server_bytes_per_s = between(2e5, 5e6);
        const std::size_t kinds = 1 + random_.below(3);
        for (std::size_t k = 0; k < kinds; ++k) {
            links_.push_back(link(std::to_string(k)));
            profiles_.push_back(profile());
        }
        // Where a link is shared the schedule may miss the rest of a time on, when a transfer ends
        // before it was expected to: those it tells are compared for devices that are always on.
        const bool shares = network.server_bytes_per_s > 0 ||
                            std::any_of(links_.begin(), links_.end(),
                                        [](const auto& one) { return one->cell_devices > 0; });
        const bool comes_and_goes = !shares && chance(0.7);
        availability_.name = "a";
        availability_.kind = AvailabilityKind::Markov;
        availability_.mean_on_s = between(0.1, 0.5);
        availability_.mean_off_s = between(0.02, 0.5);
        const auto count = static_cast<std::int32_t>(1 + random_.below(30));
        for (std::int32_t i = 0; i < count; ++i) {
            const std::size_t kind = random_.below(links_.size());
            devices.push_back({DeviceId(i), profiles_[kind].get(), links_[kind].get(),
                               comes_and_goes ? &availability_ : nullptr});
            work.emplace_back(1 + random_.below(6));
            for (PacketWork& packet : work.back())
                packet = {{between(1e5, 3e7), 1e5, 1e3, Precision::Fp16, 4},
                          static_cast<std::int64_t>(between(500, 40'000))};
        }
    }

    NetworkParameters network;
    std::vector<FleetDevice> devices;
    std::vector<std::vector<PacketWork>> work;

  private:
    bool chance(double share) { return random_.uniform() < share; }
    double between(double least, double most) { return least + (most - least) * random_.uniform(); }

    std::unique_ptr<LinkProfile> link(const std::string& name) {
        auto made = std::make_unique<LinkProfile>();
        LinkProfile& one = *made;
        one.name = name;
        one.uplink_bytes_per_s = between(5e4, 2e6);
        one.latency_s = chance(0.5) ? 0 : 0.004;
        if (chance(0.3)) one.jitter_s = 0.003;
        if (chance(0.3)) one.loss = 0.1;
        if (chance(0.3)) one.wake_up_s = 0.006, one.wake_after_s = 0.02;
        if (chance(0.3)) one.uplink_deviation_bytes_per_s = one.uplink_bytes_per_s / 3;
        if (chance(0.4)) {
            one.cell_devices = chance(0.2) ? 100 : static_cast<int>(2 + random_.below(6));
            one.cell_uplink_bytes_per_s = between(1e5, 2e6);
        }
        if (chance(0.3)) {
            one.uplink_deviation_bytes_per_s = 0;
            one.trace = std::make_shared<RateTrace>(
                parse_trace("0 0.8\n0.2 0\n0.3 9\n0.5 2\n", "t", TraceEnd::Wrap).trace);
            if (chance(0.5)) one.trace_start = TraceStart::Random;
        }
        return made;
    }

    std::unique_ptr<DeviceProfile> profile() {
        auto made = std::make_unique<DeviceProfile>();
        DeviceProfile& one = *made;
        one.name = "d";
        one.rate_fp16_flop_per_s = between(1e8, 1e9);
        one.memory_bandwidth_bytes_per_s = 1e9;
        if (chance(0.3)) one.compute_spread = 0.3;
        if (chance(0.3)) one.compute_deviation = 0.2;
        if (chance(0.3)) one.thermal_budget_s = 0.05, one.thermal_decay_s = 0.1;
        if (chance(0.3)) {
            one.battery_j = between(0.1, 2);
            one.compute_w = 5;
            one.battery_rest_s = chance(0.5) ? 0.01 : 0;
        }
        if (chance(0.3))
            one.load =
                std::make_shared<RateTrace>(parse_load("0 0.2\n0.05 1\n0.1 0\n0.13 0.7\n", "l"));
        return made;
    }

    RandomStream random_;
    std::vector<std::unique_ptr<LinkProfile>> links_;
    std::vector<std::unique_ptr<DeviceProfile>> profiles_;
    AvailabilityProfile availability_;
};

/// Device, packet, whether it was an upload, from, to, bytes.
using Lost = std::tuple<std::int32_t, std::int32_t, bool, Time, Time, std::int64_t>;

/// By device and packet; of those that never arrive, nothing.
using Arrived = std::map<std::pair<std::int32_t, std::int32_t>, std::vector<Time>>;

struct Story {
    Arrived arrived;
    std::vector<Lost> lost;
};

Story scheduled(const RandomFleet& random) {
    std::vector<DeviceTask> tasks;
    for (std::size_t i = 0; i < random.devices.size(); ++i) {
        const FleetDevice& device = random.devices[i];
        tasks.push_back(
            {device.id.value(), device.profile, device.link, device.availability, random.work[i]});
    }
    const FleetSchedule schedule = schedule_fleet(tasks, random.network);
    Story story;
    std::size_t next = 0;
    for (std::size_t i = 0; i < random.work.size(); ++i)
        for (std::size_t j = 0; j < random.work[i].size(); ++j) {
            const PacketSchedule& one = schedule.packets[next++];
            const PacketTimes& times = one.times;
            if (one.delivered)
                story.arrived[{static_cast<std::int32_t>(i), static_cast<std::int32_t>(j)}] = {
                    times.compute_start, times.compute_end, times.send_start, times.send_end,
                    times.arrival};
        }
    for (const LostAttempt& one : schedule.lost)
        story.lost.emplace_back(one.task, one.packet, one.upload, one.start, one.end,
                                one.sent_bytes);
    return story;
}

Story told(const RandomFleet& random) {
    VirtualFleet fleet(random.devices, {random.network.seed, random.network.server_bytes_per_s});
    for (std::size_t i = 0; i < random.devices.size(); ++i) {
        FleetTask task;
        task.id = TaskId(static_cast<std::int64_t>(i));
        task.device = random.devices[i].id;
        for (const PacketWork& packet : random.work[i])
            task.parts.push_back({0, packet.compute, packet.charged_bytes});
        fleet.assign(std::move(task));
    }
    Story story;
    while (const FleetEvent* const event = fleet.next(Time::max())) {
        const PartTimes& times = event->times;
        if (event->outcome == Outcome::Done)
            story.arrived[{event->device.value(), event->part}] = {
                times.compute_start, times.compute_end, times.send_start, times.send_end,
                times.arrival};
        if (event->outcome == Outcome::CutOff)
            story.lost.emplace_back(event->device.value(), event->part, event->leg == Leg::Upload,
                                    event->start, event->at, event->charges.up_bytes);
    }
    std::sort(story.lost.begin(), story.lost.end(), [](const Lost& a, const Lost& b) {
        return std::tie(std::get<0>(a), std::get<1>(a), std::get<3>(a)) <
               std::tie(std::get<0>(b), std::get<1>(b), std::get<3>(b));
    });
    return story;
}

TEST(AgainstScheduleTest, TheEventsOfOneTaskADeviceAreThoseOfTheSchedule) {
    std::size_t packets = 0, lost = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        const RandomFleet random(seed);
        const Story expected = scheduled(random), found = told(random);
        ASSERT_EQ(found.arrived, expected.arrived) << "seed " << seed;
        ASSERT_EQ(found.lost, expected.lost) << "seed " << seed;
        packets += found.arrived.size();
        lost += found.lost.size();
    }
    EXPECT_GT(packets, 10'000u);
    EXPECT_GT(lost, 1'000u);
}

}  // namespace
}  // namespace mobi::test
