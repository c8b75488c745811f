// SPDX-License-Identifier: Apache-2.0
#include "fleet/roster.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;

/// Devices of every pattern, some always on, and who is on as each of them says.
class RosterTest : public ::testing::Test {
  protected:
    RosterTest() {
        for (const auto kind : {AvailabilityKind::Daily, AvailabilityKind::Markov,
                                AvailabilityKind::DayCycle, AvailabilityKind::Trace}) {
            AvailabilityProfile& profile = patterns_.emplace_back();
            profile.name = "p";
            profile.kind = kind;
            profile.mean_on_s = 1800;
            profile.mean_off_s = 5400;
            profile.time_zones = 24;
            profile.join_s = 7200;
        }
        patterns_.back().trace = std::make_shared<const AvailabilityTrace>(
            parse_availability_trace("0,0,900\n1,100,4000\n1,5000,5001\n", "t", 7200));
    }

    void add(int devices, const AvailabilityProfile* pattern) {
        for (int i = 0; i < devices; ++i)
            devices_.push_back({DeviceId(static_cast<std::int32_t>(2 * devices_.size())), nullptr,
                                nullptr, pattern});
    }

    std::optional<Time> next_of(std::size_t place, Time time) const {
        const FleetDevice& device = devices_[place];
        return presence_of(device.availability, 7, device.id.value()).next_on(time);
    }
    std::vector<DeviceId> on(Time time, const std::vector<bool>& gone) const {
        std::vector<DeviceId> ids;
        for (std::size_t i = 0; i < devices_.size(); ++i)
            if (!gone[i] && next_of(i, time) == time) ids.push_back(devices_[i].id);
        return ids;
    }
    std::optional<Time> next(Time time, const std::vector<bool>& gone) const {
        std::optional<Time> first;
        for (std::size_t i = 0; i < devices_.size(); ++i)
            if (const auto at = next_of(i, time); !gone[i] && at && (!first || *at < *first))
                first = at;
        return first;
    }

    /// Compares at random times, while devices leave for good now and then.
    void compare(double mean_step_s) {
        Roster roster(devices_, 7);
        RandomStream random(1, Purpose::Test, devices_.size());
        std::vector<bool> gone(devices_.size());
        Time now{};
        for (int i = 0; i < 100; ++i) {
            if (random.uniform() < 0.05) {
                const std::size_t place = random.below(devices_.size());
                gone[place] = true;
                roster.remove(static_cast<std::int32_t>(place));
            }
            if (random.uniform() < 0.5)
                ASSERT_EQ(roster.at(now), on(now, gone)) << i;
            else
                ASSERT_EQ(roster.next(now), next(now, gone)) << i;
            if (const auto first = next(now, gone); first && random.uniform() < 0.3)
                now = *first;                 // at the very moment
            else if (random.uniform() < 0.9)  // else asked once more
                now += std::chrono::duration_cast<VirtualClock::duration>(
                    std::chrono::duration<double>(-mean_step_s * std::log(1 - random.uniform())));
        }
    }

    std::deque<AvailabilityProfile> patterns_;
    std::vector<FleetDevice> devices_;
};

TEST_F(RosterTest, EveryPatternIsAsItsDevicesSay) {
    for (const AvailabilityProfile& pattern : patterns_) {
        devices_.clear();
        add(5, &pattern);
        for (const double step_s : {60.0, 3000.0, 30000.0}) compare(step_s);
    }
}

TEST_F(RosterTest, AMixedFleetIsInTheOrderOfItsDevices) {
    for (const AvailabilityProfile& pattern : patterns_) {
        add(2, nullptr);
        add(3, &pattern);
    }
    compare(2000);
}

TEST_F(RosterTest, WhoIsAlwaysOnIsOnFromTheStartAndWhoLeftNever) {
    add(3, nullptr);
    Roster roster(devices_, 7);
    EXPECT_EQ(roster.next(Time()), Time());
    EXPECT_EQ(roster.at(Time()), (std::vector{DeviceId(0), DeviceId(2), DeviceId(4)}));
    roster.remove(1);
    EXPECT_EQ(roster.at(Time()), (std::vector{DeviceId(0), DeviceId(4)}));
    roster.remove(0);
    roster.remove(2);
    EXPECT_EQ(roster.next(Time()), std::nullopt);
}

TEST_F(RosterTest, PeriodsOfANanosecondTakeNoLonger) {
    AvailabilityProfile& pattern = patterns_.emplace_back();
    pattern.name = "short";
    pattern.kind = AvailabilityKind::Trace;
    pattern.trace = std::make_shared<const AvailabilityTrace>(
        parse_availability_trace("0,0,1e-9\n", "t", 2e-9));
    add(1, &pattern);
    Roster roster(devices_, 7);
    const Time far(std::chrono::hours(24 * 365));
    EXPECT_EQ(roster.at(far).size(), 1U);
    EXPECT_TRUE(roster.at(far + VirtualClock::duration(1)).empty());
    EXPECT_EQ(roster.next(far + VirtualClock::duration(1)), far + VirtualClock::duration(2));
}

}  // namespace
}  // namespace mobi::test
