// SPDX-License-Identifier: Apache-2.0
#include "fleet/shared_ways.hpp"

#include <deque>
#include <string>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

class SharedWaysTest : public ::testing::Test {
  protected:
    LinkProfile& link(const std::string& name, int cell_devices, double up, double down) {
        LinkProfile& one = links_.emplace_back();
        one.name = name;
        one.cell_devices = cell_devices;
        one.cell_uplink_bytes_per_s = up;
        one.cell_downlink_bytes_per_s = down;
        return one;
    }
    void add(const LinkProfile& link) {
        devices_.push_back(
            {DeviceId(static_cast<std::int32_t>(10 * devices_.size())), &profile_, &link, nullptr});
    }

    DeviceProfile profile_;
    std::deque<LinkProfile> links_;
    std::vector<FleetDevice> devices_;
};

TEST_F(SharedWaysTest, CellsFillInTheOrderOfTheDevicesLinkByLink) {
    const LinkProfile& lte = link("lte", 2, 1e6, 1e6);
    const LinkProfile& wifi = link("wifi", 3, 1e6, 1e6);
    const LinkProfile& own = link("own", 0, kUnknown, kUnknown);
    for (const LinkProfile* one : {&lte, &wifi, &own, &lte, &wifi, &lte, &wifi, &wifi, &lte})
        add(*one);
    SharedWays ways(devices_, Way::Up, 0);
    const std::vector<std::vector<std::int32_t>> cells{{0, 3}, {1, 4, 6}, {5, 8}, {7}};
    ASSERT_EQ(ways.links(), 4);
    for (std::int32_t cell = 0; cell < 4; ++cell) {
        EXPECT_EQ(ways.members(cell), cells[static_cast<std::size_t>(cell)]);
        for (std::size_t member = 0; member < ways.members(cell).size(); ++member) {
            const std::int32_t device = ways.members(cell)[member];
            EXPECT_EQ(ways.place_of(device).link, cell);
            EXPECT_EQ(ways.place_of(device).member, static_cast<std::int32_t>(member));
            EXPECT_EQ(ways.device_of(cell, static_cast<std::int32_t>(member)), device);
        }
    }
    EXPECT_EQ(ways.place_of(2).link, -1);
}

TEST_F(SharedWaysTest, AWayWithoutACapacityIsNotShared) {
    const LinkProfile& lte = link("lte", 2, 1e6, kUnknown);
    for (int i = 0; i < 4; ++i) add(lte);
    EXPECT_EQ(SharedWays(devices_, Way::Up, 0).links(), 2);
    const SharedWays down(devices_, Way::Down, 0);
    EXPECT_EQ(down.links(), 0);
    for (std::int32_t device = 0; device < 4; ++device) EXPECT_EQ(down.place_of(device).link, -1);
}

TEST_F(SharedWaysTest, TheServersLinkIsOneForAllWithCellsInFrontOfIt) {
    const LinkProfile& lte = link("lte", 2, 300, kUnknown);
    const LinkProfile& own = link("own", 0, kUnknown, kUnknown);
    for (const LinkProfile* one : {&lte, &own, &lte, &lte}) add(*one);
    SharedWays ways(devices_, Way::Up, 1000);
    ASSERT_EQ(ways.links(), 1);
    for (std::int32_t device = 0; device < 4; ++device) {
        EXPECT_EQ(ways.place_of(device).link, 0);
        EXPECT_EQ(ways.device_of(0, ways.place_of(device).member), device);
    }
    // 0 and 2 share a cell: 150 each; 1 gets what it can, 3 its cell of its own: 300
    SharedLink& server = ways.link(0);
    for (std::int32_t device = 0; device < 4; ++device)
        server.start(ways.place_of(device).member, 500, 600, 0);
    // 600 bytes: 1 at 1000 - 600 = 400 bytes/s ends first
    const SharedLink::End first = server.next_end();
    EXPECT_EQ(ways.device_of(0, first.member), 1);
    EXPECT_NEAR(static_cast<double>(first.at), 1.5e9, 1);
}

}  // namespace
}  // namespace mobi::test
