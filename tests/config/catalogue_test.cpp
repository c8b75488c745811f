// SPDX-License-Identifier: Apache-2.0
// The files of configs/ themselves.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/ini.hpp"
#include "config/load.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "support/shared_data.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const char* folder) {
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(source_path("configs") / folder))
        if (file.path().extension() == ".cfg") files.push_back(file.path());
    std::sort(files.begin(), files.end());
    EXPECT_FALSE(files.empty()) << folder;
    return files;
}

RunConfig load(const fs::path& file, const std::vector<std::string>& overrides = {}) {
    return load_config({file}, overrides, source_path("configs"));
}

// docs/method.md 4.4: a third of each kind, their rates and uplinks.
TEST(CatalogueTest, TheQuickStartHasTheFleetOfTheMethods) {
    const auto config = load(source_path("configs/quickstart.cfg"));
    const struct {
        const char* device;
        int count;
        double rate, memory, bandwidth;
        const char* link;
        double uplink;
        const char* backbone;
    } classes[] = {
        {"jetson_tx2", 34, 0.45e12, 7852e6, 59.7e9, "wifi_20", 20e6 / 8, "minilm-3"},
        {"xavier_nx", 33, 0.6e12, 7.8e9, 59.7e9, "wifi_50", 50e6 / 8, "minilm-6"},
        {"agx_xavier", 33, 1e12, 15.7e9, 137e9, "wifi_100", 100e6 / 8, "mpnet-12"},
    };
    ASSERT_EQ(config.fleet.mix.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& one = classes[i];
        EXPECT_EQ(config.fleet.mix[i], std::pair(std::string(one.device), one.count));
        const DeviceProfile& device = config.devices.at(one.device);
        EXPECT_EQ(device.rate_fp16_flop_per_s, one.rate);
        EXPECT_EQ(device.memory_bytes, one.memory);
        EXPECT_EQ(device.memory_bandwidth_bytes_per_s, one.bandwidth);
        EXPECT_EQ(config.fleet.links.at(one.device), std::vector<std::string>{one.link});
        EXPECT_EQ(config.links.at(one.link).uplink_bytes_per_s, one.uplink);
        EXPECT_EQ(config.links.at(one.link).latency_s, 0.005);
        EXPECT_EQ(config.fleet.backbones.at(one.device), one.backbone);
    }
    EXPECT_EQ(config.backbones.at("minilm-3").layers, 3);
    EXPECT_EQ(config.data.alpha, 1);
    EXPECT_EQ(config.server.epochs, 5);
    EXPECT_EQ(config.side.width, 384);
    EXPECT_EQ(config.forward.group_devices, 2);
    EXPECT_EQ(config.run.output, "results/quickstart/run.h5");
}

TEST(CatalogueTest, EveryDeviceAndLinkLoads) {
    for (const auto& file : files_in("devices")) {
        const std::string name = file.stem().string();
        const std::vector<std::string> fleet{"fleet.mix=" + name + ":1",
                                             "fleet.backbones=*:minilm-6", "fleet.links=*:wifi_20"};
        EXPECT_NO_THROW(load(source_path("configs/quickstart.cfg"), fleet)) << name;
    }
    for (const auto& file : files_in("links"))
        EXPECT_NO_THROW(
            load(source_path("configs/quickstart.cfg"), {"fleet.links=*:" + file.stem().string()}));
    for (const auto& file : files_in("backbones"))
        EXPECT_NO_THROW(load(source_path("configs/quickstart.cfg"),
                             {"fleet.backbones=*:" + file.stem().string()}));
}

TEST(CatalogueTest, EveryFigureHasItsMarkAndSource) {
    for (const char* folder : {"devices", "links"})
        for (const auto& path : files_in(folder)) {
            std::ifstream file(path);
            int number = 0;
            for (std::string line; std::getline(file, line);) {
                ++number;
                if (line.find('=') == std::string::npos || line.front() == '#') continue;
                const auto comment = line.find("# ");
                ASSERT_NE(comment, std::string::npos) << path << ":" << number << ": " << line;
                const std::string source = line.substr(comment + 2);
                EXPECT_NE(std::string("mske").find(source.substr(0, 1)), std::string::npos) << line;
                EXPECT_EQ(source.substr(1, 2), ": ") << path << ":" << number << ": " << line;
                EXPECT_GE(source.size(), std::string("m: same").size()) << path << ":" << number;
            }
        }
}

// What is an estimate says how far off it may be; memory decides who takes part, not what it costs.
TEST(CatalogueTest, EveryEstimateHasABand) {
    int estimates = 0;
    for (const char* folder : {"devices", "links"})
        for (const auto& path : files_in(folder)) {
            std::ifstream file(path);
            for (std::string line; std::getline(file, line);) {
                if (line.find("  # e: ") == std::string::npos || line.starts_with("memory ="))
                    continue;
                ++estimates;
                EXPECT_NE(line.substr(0, line.find('#')).find(" .. "), std::string::npos)
                    << path << ": " << line;
            }
        }
    EXPECT_GT(estimates, 100);
}

TEST(CatalogueTest, JetsonsPhonesAndWiFiHaveIdleAndRadioPowers) {
    const Catalogue catalogue = load_catalogue(source_path("configs"));
    for (const auto& [name, device] : catalogue.devices) {
        const bool known = name.find("xavier") != std::string::npos || name.starts_with("jetson") ||
                           name.starts_with("galaxy") || name.starts_with("pixel") ||
                           name.starts_with("iphone") || name.starts_with("sd");
        EXPECT_TRUE(!known || device.bands.find("power_idle", device.idle_w) != nullptr) << name;
    }
    for (const auto& [name, link] : catalogue.links)
        if (name.starts_with("wifi")) {
            EXPECT_NE(link.bands.find("power_up_base", link.up_base_w), nullptr) << name;
            EXPECT_NE(link.bands.find("power_down_base", link.down_base_w), nullptr) << name;
            EXPECT_EQ(link.up_j_per_byte, 0) << name;
        }
}

TEST(CatalogueTest, TheRealisticFleetHasWhatTheIdealisedLeavesOut) {
    const RunConfig config = load_config(
        {source_path("configs/fleets/realistic_100.cfg"), source_path("configs/tasks/wordnet.cfg")},
        {}, source_path("configs"));
    int devices = 0;
    bool batteries = false;
    for (const auto& [name, count] : config.fleet.mix) {
        const DeviceProfile& device = config.devices.at(name);
        devices += count;
        EXPECT_GT(device.spread, 0) << name;
        EXPECT_GT(device.compute_spread, 0) << name;
        EXPECT_GT(device.thermal_budget_s, 0) << name;
        batteries = batteries || device.battery_j > 0;
    }
    EXPECT_EQ(devices, 100);
    EXPECT_TRUE(batteries);
    EXPECT_FALSE(config.fleet.availability.empty());
    EXPECT_GT(config.server.access_bytes_per_s, 0);
    bool half_duplex = false;
    for (const auto& [name, link] : config.links) {
        EXPECT_GT(link.jitter_s, 0) << name;
        EXPECT_GT(link.loss, 0) << name;
        EXPECT_GT(link.spread, 0) << name;
        half_duplex = half_duplex || link.duplex == Duplex::Half;
    }
    EXPECT_TRUE(half_duplex);
}

TEST(CatalogueTest, EveryRunOfEveryExperimentLoads) {
    for (const auto& file : files_in("experiments")) {
        const auto runs = list_runs(file);
        EXPECT_FALSE(runs.empty()) << file;
        for (const auto& run : runs) EXPECT_NO_THROW(load(file, run.overrides)) << file << run.name;
        std::ifstream text(file);
        std::string head;
        for (std::string line; std::getline(text, line) && line.starts_with("#");)
            head += line + "\n";
        for (const char* word : {"Expected:", "Run time:", "Command: mpi_launch/run_experiment.sh"})
            EXPECT_NE(head.find(word), std::string::npos) << file << " does not say " << word;
    }
}

TEST(CatalogueTest, EveryFleetOfAnotherSimulatorFitsATask) {
    for (const char* name : {"fedscale.cfg", "flash.cfg", "flgo.cfg"}) {
        const RunConfig config = load_config(
            {source_path("configs/tasks/wordnet.cfg"), source_path("configs/fleets") / name}, {},
            source_path("configs"));
        int devices = 0;
        for (const auto& [device, count] : config.fleet.mix) devices += count;
        EXPECT_EQ(devices, 1000) << name;
    }
}

TEST(CatalogueTest, EveryTaskFitsTheQuickStart) {
    for (const auto& file : files_in("tasks"))
        EXPECT_NO_THROW(load_config({source_path("configs/fleets/jetsons_100.cfg"), file}, {},
                                    source_path("configs")))
            << file;
}

TEST(CatalogueTest, HasFortyDevicesAndThirtyLinksWithTheFiguresThatTimesNeed) {
    const Catalogue catalogue = load_catalogue(source_path("configs"));
    EXPECT_GE(catalogue.devices.size(), 40u);
    EXPECT_GE(catalogue.links.size(), 30u);
    for (const auto& [name, device] : catalogue.devices) {
        EXPECT_GT(device.memory_bytes, 0) << name;
        EXPECT_GT(device.memory_bandwidth_bytes_per_s, 0) << name;
        EXPECT_GT(device.rate_fp16_flop_per_s, 0) << name;
    }
    for (const auto& [name, link] : catalogue.links) {
        EXPECT_GT(link.uplink_bytes_per_s, 0) << name;
        EXPECT_GT(link.downlink_bytes_per_s, 0) << name;
    }
}

}  // namespace
}  // namespace mobi::test
