// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "config/dump.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

using LoadConfigTest = ConfigFiles;

TEST_F(LoadConfigTest, TakesWhatTheFleetUsesFromTheCatalogue) {
    const auto config = load("");
    ASSERT_EQ(config.devices.size(), 2u);
    const DeviceProfile& tx2 = config.devices.at("tx2");
    EXPECT_EQ(tx2.name, "tx2");
    EXPECT_EQ(tx2.rate_fp16_flop_per_s, 0.45e12);
    EXPECT_EQ(tx2.memory_bandwidth_bytes_per_s, 59.7e9);
    EXPECT_EQ(tx2.compute_w, 15);
    EXPECT_TRUE(std::isnan(tx2.idle_w));
    EXPECT_EQ(config.links.at("wifi").uplink_bytes_per_s, 2.5e6);
    EXPECT_EQ(config.links.at("wifi").latency_s, 0.005);
    EXPECT_EQ(config.links.at("lte").latency_s, 0.04);
    EXPECT_DOUBLE_EQ(config.links.at("lte").up_j_per_byte, 0.0767 / 125'000);
    EXPECT_EQ(config.backbones.at("small").layers, 3);
    EXPECT_EQ(config.backbones.at("big").path, "cache/big");
}

TEST_F(LoadConfigTest, LaterWins) {
    write("middle.cfg", "include = base.cfg\n[server]\nbatch = 2\nepochs = 2\n");
    write("last.cfg", "[server]\nepochs = 3\n");
    write("top.cfg", "include = middle.cfg\n[server]\nbatch = 4\n");
    const auto config = load_config({folder_ / "top.cfg", folder_ / "last.cfg"},
                                    {"eval.every=7", "eval.every = 8"}, folder_);
    EXPECT_EQ(config.server.batch, 4);   // a file after what it includes
    EXPECT_EQ(config.server.epochs, 3);  // the files in their order
    EXPECT_EQ(config.eval.every, 8);     // overrides last
}

TEST_F(LoadConfigTest, AFileIncludedTwiceIsReadOnce) {
    write("a.cfg", "include = base.cfg\n[data]\ntrain = a.tsv\n");
    write("b.cfg", "include = base.cfg\n[server]\nbatch = 2\n");
    const auto config = load("include = a.cfg\ninclude = b.cfg\n");
    EXPECT_EQ(config.data.train, "a.tsv");  // base.cfg does not come back with b.cfg
    EXPECT_EQ(config.server.batch, 2);
}

TEST_F(LoadConfigTest, IncludesAreRelativeToTheIncludingFile) {
    write("sub/deep/x.cfg", "include = ../y.cfg\n");
    write("sub/y.cfg", "include = ../base.cfg\n[server]\nbatch = 9\n");
    EXPECT_EQ(load_config({folder_ / "sub/deep/x.cfg"}, {}, folder_).server.batch, 9);
}

TEST_F(LoadConfigTest, AKeyOfAnEntryCanBeOverridden) {
    const auto config = load("[device.tx2]\npower_idle = 2 W\n",
                             {"device.tx2.memory=\"4 GiB\"", "link.lte.uplink=1 Mbit/s"});
    EXPECT_EQ(config.devices.at("tx2").memory_bytes, 0x1p32);
    EXPECT_EQ(config.devices.at("tx2").idle_w, 2);
    EXPECT_EQ(config.devices.at("nx").memory_bytes, 8e9);
    EXPECT_EQ(config.links.at("lte").uplink_bytes_per_s, 125'000);
}

TEST_F(LoadConfigTest, AStarStandsForEveryEntryOfTheFleet) {
    const auto config = load("", {"link.*.uplink=8 Mbit/s"});
    for (const auto& [name, link] : config.links) EXPECT_EQ(link.uplink_bytes_per_s, 1e6) << name;
}

TEST_F(LoadConfigTest, WithinAFileANameBeatsAStar) {
    const auto config = load("[device.tx2]\nmemory = 1 GB\n[device.*]\nmemory = 2 GB\nt0 = 1 ms\n");
    EXPECT_EQ(config.devices.at("tx2").memory_bytes, 1e9);
    EXPECT_EQ(config.devices.at("nx").memory_bytes, 2e9);
    EXPECT_EQ(config.devices.at("tx2").t0_s, 0.001);
}

TEST_F(LoadConfigTest, AKeyWithoutANameIsADefaultAndGivesWay) {
    const auto config = load("[device]\nt0 = 2 ms\nepochs = 3\n[link]\nlatency = 9 ms\n",
                             {"backbone.weight_dtype=int8", "device.power_compute=3 W"});
    EXPECT_EQ(config.devices.at("tx2").t0_s, 0.002);
    EXPECT_EQ(config.device_epochs, 3);
    EXPECT_DOUBLE_EQ(config.links.at("wifi").latency_s, 0.009);
    EXPECT_EQ(config.links.at("lte").latency_s, 0.04);  // its own
    EXPECT_EQ(config.backbones.at("big").weight_dtype, Precision::Int8);
    EXPECT_EQ(config.devices.at("tx2").compute_w, 15);  // its own
    EXPECT_EQ(config.devices.at("nx").compute_w, 3);
}

TEST_F(LoadConfigTest, ANewEntryCanBeDefinedInPlace) {
    const auto config = load(
        "[device.mine]\nrate_fp32 = 1 GFLOP/s\nmemory = 1 GB\nmemory_bandwidth = 1 GB/s\n"
        "[link.slow]\nuplink = 1 kbit/s\ndownlink = 2 kbit/s\n[backbone.own]\npath = x\n",
        {"fleet.mix=mine:5", "fleet.links=mine:slow", "fleet.backbones=mine:own"});
    EXPECT_EQ(config.devices.at("mine").rate_fp32_flop_per_s, 1e9);
    EXPECT_EQ(config.devices.size(), 1u);
    EXPECT_EQ(config.links.at("slow").uplink_bytes_per_s, 125);
    EXPECT_EQ(config.backbones.at("own").path, "x");
}

TEST_F(LoadConfigTest, AProfileOfTheCatalogueIsRelativeToItsFolder) {
    write("devices/board.cfg",
          "[device.board]\nprofile = points/board.csv\nmemory = 1 GB\n"
          "memory_bandwidth = 1 GB/s\n");
    const std::vector<std::string> fleet{"fleet.mix=board:1", "fleet.links=*:wifi",
                                         "fleet.backbones=*:big"};
    auto config = load("", fleet);
    const std::string in_catalogue = (folder_ / "devices/points/board.csv").lexically_normal();
    EXPECT_EQ(config.devices.at("board").profile_file, in_catalogue);
    EXPECT_EQ(parse_resolved(dump(config), {}, "t").devices.at("board").profile_file, in_catalogue);
    config = load("[device.board]\nprofile = mine.csv\n", fleet);
    EXPECT_EQ(config.devices.at("board").profile_file, "mine.csv");  // of the working directory
    config = load("[device.board]\nprofile =\nrate_fp32 = 1 GFLOP/s\n", fleet);
    EXPECT_EQ(config.devices.at("board").profile_file, "");
}

TEST_F(LoadConfigTest, AStarInTheFleetStandsForTheOtherClasses) {
    const auto config = load("", {"fleet.links=nx:lte *:wifi", "fleet.backbones=*:big"});
    EXPECT_EQ(config.fleet.links.at("tx2"), std::vector<std::string>{"wifi"});
    EXPECT_EQ(config.fleet.links.at("nx"), std::vector<std::string>{"lte"});
    EXPECT_EQ(config.fleet.backbones.at("tx2"), "big");
    EXPECT_FALSE(config.fleet.backbones.contains("*"));
}

TEST_F(LoadConfigTest, OfAThousandDevicesTheMixHasShares) {
    const auto config = load("", {"fleet.devices=1000", "fleet.mix=tx2:3 nx:1"});
    using Mix = std::vector<std::pair<std::string, int>>;
    EXPECT_EQ(config.fleet.mix, (Mix{{"tx2", 750}, {"nx", 250}}));
    EXPECT_EQ(parse_resolved(dump(config)).fleet.mix, config.fleet.mix);
    EXPECT_EQ(load("", {"fleet.devices=1", "fleet.mix=tx2:3 nx:1"}).devices.size(), 1u);
}

TEST_F(LoadConfigTest, EveryLinkThatADeviceCanDrawIsLoaded) {
    const auto config = load("", {"fleet.links=*:lte|wifi"});
    EXPECT_EQ(config.links.size(), 2u);
    EXPECT_EQ(parse_resolved(dump(config)).fleet.links, config.fleet.links);
    EXPECT_EQ(config.fleet.links.at("nx"), (std::vector<std::string>{"lte", "wifi"}));
}

TEST_F(LoadConfigTest, ClassesOutsideTheMixAreDropped) {
    const auto config = load("", {"fleet.mix=nx:4"});
    EXPECT_EQ(config.devices.size(), 1u);
    EXPECT_EQ(config.links.size(), 1u);
    EXPECT_FALSE(config.fleet.links.contains("tx2"));
}

TEST_F(LoadConfigTest, ANumberOfAThousandDevicesIsOneLine) {
    const auto config = load("", {"fleet.mix=nx:100000"});
    EXPECT_EQ(config.fleet.mix[0].second, 100'000);
}

TEST_F(LoadConfigTest, RunsAreIgnoredByARun) {
    EXPECT_EQ(load("[runs]\na = --set server.batch=1\n").server.batch, 32);
}

TEST_F(LoadConfigTest, FilesAtTheTopLevelMayUseFullNames) {
    write("flat.cfg", "include = base.cfg\nserver.batch = 5\ndevice.tx2.memory = 3 GB\n");
    const auto config = load_config({folder_ / "flat.cfg"}, {}, folder_);
    EXPECT_EQ(config.server.batch, 5);
    EXPECT_EQ(config.devices.at("tx2").memory_bytes, 3e9);
}

TEST_F(LoadConfigTest, AResolvedTextNeedsNoCatalogue) {
    const auto config = load("");
    const auto text = dump(config);
    std::filesystem::remove_all(folder_);
    expect_same(parse_resolved(text), config);
    EXPECT_EQ(parse_resolved(text, {"loss.kind=huber_residual"}).loss.kind,
              LossKind::HuberResidual);
}

TEST_F(LoadConfigTest, ListsTheRunsOfAnExperiment) {
    const auto file = write("experiment.cfg",
                            "include = base.cfg\n[runs]\n"
                            "one = --set server.batch=1 --set=server.epochs=2  # comment\n"
                            "two = 'device.tx2.memory=4 GiB' link.*.uplink=\"5 Mbit/s\"\n"
                            "as_it_is =\n");
    const auto runs = list_runs(file);
    ASSERT_EQ(runs.size(), 3u);
    EXPECT_EQ(runs[0].name, "one");
    EXPECT_EQ(runs[0].overrides, (std::vector<std::string>{"server.batch=1", "server.epochs=2"}));
    EXPECT_EQ(runs[1].overrides,
              (std::vector<std::string>{"device.tx2.memory=4 GiB", "link.*.uplink=5 Mbit/s"}));
    EXPECT_TRUE(runs[2].overrides.empty());
    EXPECT_EQ(load_config({file}, runs[1].overrides, folder_).devices.at("tx2").memory_bytes,
              0x1p32);
}

TEST_F(LoadConfigTest, KeysThatAreGoneAreReadInTheFilesOfOlderRunsAlone) {
    const std::string text = dump(load(""));
    const std::string older = text +
                              "[side]\narch = adapter_ladder\n[optimizer]\nkind = adamw\n"
                              "[inference]\nmode = local\n[eval]\ncount_replay = false\n";
    EXPECT_EQ(dump(parse_resolved(older)), text);
    EXPECT_THROW(parse_resolved(text, {"side.arch=adapter_ladder"}), ConfigError);
    EXPECT_THROW(parse_resolved(text + "[side]\nshape = ladder\n"), ConfigError);
}

}  // namespace
}  // namespace mobi::test
