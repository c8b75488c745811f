// SPDX-License-Identifier: Apache-2.0
#include "device/fleet.hpp"

#include <gtest/gtest.h>

#include "core/error.hpp"

namespace mobi::test {
namespace {

TEST(FleetTest, HasTheClassesInTheOrderOfTheMix) {
    FleetParameters fleet;
    fleet.mix = {{"tx2", 2}, {"agx", 1}};
    fleet.backbones = {{"agx", "big"}, {"tx2", "small"}};
    fleet.links = {{"agx", "fast"}, {"tx2", "slow"}};
    const std::map<std::string, DeviceProfile> profiles{{"agx", {}}, {"tx2", {}}};
    const std::map<std::string, LinkProfile> links{{"fast", {}}, {"slow", {}}};

    const auto devices = make_fleet(fleet, profiles, links);

    ASSERT_EQ(devices.size(), 3u);
    for (std::int32_t id = 0; id < 3; ++id) EXPECT_EQ(devices[static_cast<std::size_t>(id)].id, id);
    EXPECT_EQ(devices[1].profile, &profiles.at("tx2"));
    EXPECT_EQ(devices[1].link, &links.at("slow"));
    EXPECT_EQ(devices[1].backbone, "small");
    EXPECT_EQ(devices[2].profile, &profiles.at("agx"));
    EXPECT_EQ(devices[2].link, &links.at("fast"));
    EXPECT_EQ(devices[2].backbone, "big");
}

TEST(FleetTest, AnUnvalidatedFleetIsABug) {
    FleetParameters fleet;
    fleet.mix = {{"tx2", 1}};
    EXPECT_THROW(make_fleet(fleet, {}, {}), Bug);
}

}  // namespace
}  // namespace mobi::test
