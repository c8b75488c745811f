// SPDX-License-Identifier: Apache-2.0
// Golden timelines of devices that share a cell or the server's link: hand-derived fractions.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/rng.hpp"
#include "fleet/one_shot.hpp"
#include "sharing/water_filling.hpp"

namespace mobi::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;
using Time = VirtualClock::time_point;

/// A fleet whose devices each send packets that are ready at given times.
class Fleet {
  public:
    explicit Fleet(double server_bytes_per_s = 0) {
        network_.server_bytes_per_s = server_bytes_per_s;
    }

    LinkProfile& link(std::string name, double bytes_per_s, int cell_devices, double cell) {
        LinkProfile profile;
        profile.name = std::move(name);
        profile.uplink_bytes_per_s = bytes_per_s;
        profile.latency_s = 0;
        profile.cell_devices = cell_devices;
        profile.cell_uplink_bytes_per_s = cell;
        links_.push_back(std::make_unique<LinkProfile>(std::move(profile)));
        return *links_.back();
    }

    /// One packet of so many bytes, ready at `ready_s`.
    void add(const LinkProfile& link, double ready_s, std::vector<std::int64_t> bytes) {
        profiles_.push_back(std::make_unique<DeviceProfile>());
        profiles_.back()->time_per_sample_s = ready_s;
        work_.emplace_back();
        for (std::size_t j = 0; j < bytes.size(); ++j)
            work_.back().push_back({{0, 0, 0, Precision::Fp16, j == 0 ? 1 : 0}, bytes[j]});
        used_.push_back(&link);
    }

    FleetSchedule run(const AvailabilityProfile* availability = nullptr) const {
        std::vector<Sender> senders;
        for (std::size_t i = 0; i < work_.size(); ++i)
            senders.push_back({static_cast<std::int32_t>(i), profiles_[i].get(), used_[i],
                               availability, work_[i]});
        return schedule_fleet(senders, network_);
    }

    std::vector<long long> ends() const {
        std::vector<long long> list;
        for (const PacketSchedule& packet : run().packets)
            list.push_back(packet.times.send_end.time_since_epoch().count());
        return list;
    }

  private:
    FleetClockParameters network_;
    std::vector<std::unique_ptr<LinkProfile>> links_;
    std::vector<std::unique_ptr<DeviceProfile>> profiles_;
    std::vector<std::vector<PacketWork>> work_;
    std::vector<const LinkProfile*> used_;
};

using Ends = std::vector<long long>;

TEST(WaterFillingTest, SmallDemandsAreMetAndTheRestShareEqually) {
    std::vector<double> demands{4, 1, 4};
    EXPECT_DOUBLE_EQ(fair_level(demands, 5), 2);
    demands = {4, 1, 4};
    EXPECT_DOUBLE_EQ(fair_level(demands, 2.4), 0.8);
    demands = {4, 1, 4};
    EXPECT_EQ(fair_level(demands, 9), std::numeric_limits<double>::infinity());
    demands = {};
    EXPECT_EQ(fair_level(demands, 1), std::numeric_limits<double>::infinity());
}

// A alone at 1 MB/s has 2 of 3 MB left at 1 s.  Both get 0.75 MB/s of the cell's 1.5 until B's 1 MB
// are sent at 1 + 4/3 s; A's last MB goes alone.
TEST(SharedUploadsTest, TwoDevicesOfACell) {
    Fleet fleet;
    const LinkProfile& link = fleet.link("l", 1e6, 2, 1.5e6);
    fleet.add(link, 0, {3'000'000});
    fleet.add(link, 1, {1'000'000});
    EXPECT_EQ(fleet.ends(), (Ends{3'333'333'333, 2'333'333'333}));
}

TEST(SharedUploadsTest, WhoIsDoneLeavesItsShareToTheOthers) {
    Fleet fleet;
    LinkProfile& link = fleet.link("l", 4e6, 3, 5e6);
    fleet.add(link, 0, {10'000'000});
    fleet.add(link, 0, {2'000'000});
    fleet.add(link, 0, {4'000'000});
    // 5/3 each until the second is done at 1.2 s; 2.5 each until the third is, with 2 MB left, at
    // 2 s; then the first has 8 - 2 MB left at 4 MB/s
    EXPECT_EQ(fleet.ends(), (Ends{3'500'000'000, 1'200'000'000, 2'000'000'000}));
}

TEST(SharedUploadsTest, ThirdDeviceGoesToTheNextCell) {
    Fleet fleet;
    const LinkProfile& link = fleet.link("l", 1e6, 2, 1e6);
    for (int i = 0; i < 3; ++i) fleet.add(link, 0, {1'000'000});
    EXPECT_EQ(fleet.ends(), (Ends{2'000'000'000, 2'000'000'000, 1'000'000'000}));
}

// Three packets of two devices in a cell that is the bottleneck throughout: 7 MB at 1 MB/s.
TEST(SharedUploadsTest, PacketsOfADeviceFollowEachOtherWithoutAGap) {
    Fleet fleet;
    const LinkProfile& link = fleet.link("l", 1e6, 2, 1e6);
    fleet.add(link, 0, {1'000'000, 2'000'000});
    fleet.add(link, 0, {4'000'000});
    // 0.5 MB/s each: the first ends at 2 s, the second at 6 s, when B has 1 MB left
    EXPECT_EQ(fleet.ends(), (Ends{2'000'000'000, 6'000'000'000, 7'000'000'000}));
}

// Cells of 3 MB/s for two devices of 2 MB/s; the server takes 4: each of four gets 1, and when the
// two of the first cell are done at 1 s, the others get 1.5 (their cell) for their second MB.
TEST(SharedUploadsTest, TheServersLinkIsSharedByAllCells) {
    Fleet fleet(4e6);
    const LinkProfile& link = fleet.link("l", 2e6, 2, 3e6);
    fleet.add(link, 0, {1'000'000});
    fleet.add(link, 0, {1'000'000});
    fleet.add(link, 0, {2'000'000});
    fleet.add(link, 0, {2'500'000});
    // at 1 s: 1 and 1.5 MB left at 1.5 MB/s each; the first of them ends at 5/3 s; the last 0.5 MB
    // go at the link's own 2 MB/s
    EXPECT_EQ(fleet.ends(), (Ends{1'000'000'000, 1'000'000'000, 1'666'666'667, 1'916'666'667}));
}

// 1/3 of 1 MB/s each, many times over: no rounding adds up.
TEST(SharedUploadsTest, AHundredRoundsOfThirdsStayExact) {
    Fleet fleet;
    const LinkProfile& link = fleet.link("l", 1e6, 3, 1e6);
    const std::vector<std::int64_t> packets(100, 1'000'001);
    for (int i = 0; i < 3; ++i) fleet.add(link, 0, packets);
    const Ends ends = fleet.ends();
    for (int j = 0; j < 100; ++j)
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(ends[static_cast<std::size_t>(i * 100 + j)], 3'000'003'000LL * (j + 1));
}

TEST(SharedUploadsTest, ATraceOfTheOwnLinkBoundsTheShare) {
    Fleet fleet;
    LinkProfile& link = fleet.link("l", 1e6, 1, 1.5e6);
    link.trace = std::make_shared<RateTrace>(
        "t",
        std::vector<RateTrace::Step>{
            {seconds(0), 8'000'000}, {seconds(1), 0}, {seconds(2), 80'000'000}},
        seconds(3), TraceEnd::Wrap);
    fleet.add(link, 0, {4'000'000});
    // 1 MB in the first second, none in the next, 1.5 (the cell) in the third, then 1 and the
    // outage; the last 0.5 MB at 1.5 MB/s
    EXPECT_EQ(fleet.ends(), (Ends{5'333'333'333}));
}

TEST(SharedUploadsTest, ADeviceThatGoesOffLeavesItsShareAndBeginsAnew) {
    Fleet fleet;
    const LinkProfile& link = fleet.link("l", 1e6, 2, 1e6);
    fleet.add(link, 0, {1'000'000});
    fleet.add(link, 0, {3'000'000});
    AvailabilityProfile pattern;
    pattern.kind = AvailabilityKind::Trace;
    pattern.trace = std::make_shared<AvailabilityTrace>(
        parse_availability_trace("0,0,1\n0,4,100\n1,0,100\n", "a", 100));
    // A is cut off at 1 s with half a MB sent; B goes on alone and has 2.5 - 2.5 left at 3.5 s; A
    // begins anew at 4 s
    const FleetSchedule done = fleet.run(&pattern);
    EXPECT_EQ(done.packets[1].times.send_end, Time(nanoseconds(3'500'000'000)));
    EXPECT_EQ(done.packets[0].times.send_start, Time(seconds(4)));
    EXPECT_EQ(done.packets[0].times.send_end, Time(seconds(5)));
    ASSERT_EQ(done.lost.size(), 1u);
    EXPECT_EQ(done.lost[0].sent_bytes, 500'000);
}

/// A random fleet; shared with room for all it has the times of devices that are alone.
TEST(SharedUploadsTest, WithRoomForAllNothingIsShared) {
    for (std::uint32_t round = 0; round < 50; ++round) {
        RandomStream random(1, Purpose::Test, round);
        AvailabilityProfile pattern;
        pattern.kind = AvailabilityKind::Markov;
        pattern.mean_on_s = 3;
        pattern.mean_off_s = 2;
        const auto trace = std::make_shared<RateTrace>(
            "t",
            std::vector<RateTrace::Step>{
                {seconds(0), 8'000'000}, {seconds(1), 1'000'000}, {seconds(2), 12'000'000}},
            seconds(3), TraceEnd::Wrap);
        Fleet alone;
        Fleet shared(1e12);
        for (Fleet* fleet : {&alone, &shared}) {
            RandomStream draws = random;
            for (int d = 0; d < 8; ++d) {
                LinkProfile& link =
                    fleet->link("l" + std::to_string(d), 1e5 + draws.uniform() * 1e6,
                                fleet == &shared ? 3 : 0, 1e12);
                if (d % 3 == 0) link.trace = trace;
                link.wake_up_s = 0.1;
                link.wake_after_s = 0.5;
                link.loss = 0.05;
                std::vector<std::int64_t> bytes;
                for (int j = 0; j < 10; ++j)
                    bytes.push_back(static_cast<std::int64_t>(draws.below(300'000)));
                fleet->add(link, draws.uniform() * 2, bytes);
            }
        }
        const FleetSchedule a = alone.run(&pattern);
        const FleetSchedule b = shared.run(&pattern);
        ASSERT_EQ(a.packets.size(), b.packets.size());
        ASSERT_EQ(a.lost.size(), b.lost.size()) << round;
        for (std::size_t i = 0; i < a.packets.size(); ++i) {
            EXPECT_EQ(a.packets[i].delivered, b.packets[i].delivered);
            // alone, every packet is rounded to a nanosecond, or up to one over a trace
            EXPECT_NEAR(static_cast<double>(
                            (a.packets[i].times.send_end - b.packets[i].times.send_end).count()),
                        0, 10)
                << round << " " << i;
        }
    }
}

}  // namespace
}  // namespace mobi::test
