// SPDX-License-Identifier: Apache-2.0
#include "device/figure_band.hpp"

#include <gtest/gtest.h>

#include "device/fleet.hpp"

namespace mobi::test {
namespace {

TEST(FigureBandTest, LowIsTheEndThatCostsLess) {
    const FigureBand band{3, 1, 9};
    EXPECT_EQ(band.at(Figures::Nominal, Cheaper::WithMore), 3);
    EXPECT_EQ(band.at(Figures::Low, Cheaper::WithMore), 9) << "a faster rate";
    EXPECT_EQ(band.at(Figures::High, Cheaper::WithMore), 1);
    EXPECT_EQ(band.at(Figures::Nominal, Cheaper::WithLess), 3);
    EXPECT_EQ(band.at(Figures::Low, Cheaper::WithLess), 1) << "a shorter time";
    EXPECT_EQ(band.at(Figures::High, Cheaper::WithLess), 9);
}

TEST(FigureBandsTest, AFigureThatWasSetToSomethingElseHasNone) {
    FigureBands bands{{"rate", {3, 1, 9}}};
    for (const double value : {3.0, 1.0, 9.0}) ASSERT_NE(bands.find("rate", value), nullptr);
    EXPECT_EQ(bands.find("rate", 2), nullptr) << "within, but not an end of it";
    EXPECT_EQ(bands.find("rates", 3), nullptr);
    bands.set("rate", {2, 2, 2});
    EXPECT_EQ(*bands.find("rate", 2), (FigureBand{2, 2, 2}));
    EXPECT_EQ(bands.find("rate", 3), nullptr) << "the band before it";
    bands.erase("rate");
    EXPECT_TRUE(bands.empty());
}

// A hundred thousand devices do not each carry what is known of their class.
TEST(FigureBandsTest, SingleDevicesHaveNone) {
    FleetParameters fleet;
    fleet.mix = {{"phone", 3}};
    fleet.backbones = {{"phone", "small"}};
    fleet.links = {{"phone", {"wifi"}}};
    std::map<std::string, DeviceProfile> profiles;
    profiles["phone"].bands.set("t0", {0, 0, 1});
    std::map<std::string, LinkProfile> links;
    ASSERT_FALSE(links["wifi"].bands.empty()) << "of the latency, by default";
    const std::map<std::string, AvailabilityProfile> patterns;
    for (const Device& device : make_fleet({fleet, profiles, links, patterns, 1})) {
        EXPECT_TRUE(device.profile.bands.empty());
        EXPECT_TRUE(device.link.bands.empty());
    }
}

}  // namespace
}  // namespace mobi::test
