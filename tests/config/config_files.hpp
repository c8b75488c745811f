// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "config/load.hpp"
#include "config/options.hpp"
#include "core/error.hpp"

namespace mobi::test {

/// A folder with a small catalogue (devices `tx2`, `nx`; links `wifi`, `lte`; backbones `small`,
/// `big`) and a file `base.cfg` that runs; removed at the end.
class ConfigFiles : public ::testing::Test {
  protected:
    ConfigFiles() {
        const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
        folder_ = std::filesystem::temp_directory_path() /
                  (std::string("mobi_config_") + test->name() + std::to_string(::getpid()));
        std::filesystem::remove_all(folder_);
        write("devices/tx2.cfg",
              "[device.tx2]\nrate_fp16 = 0.45 TFLOP/s\nmemory = 8 GB\n"
              "memory_bandwidth = 59.7 GB/s\npower_compute = 15 W\n");
        write("devices/nx.cfg",
              "[device.nx]\nrate_fp16 = 0.6 TFLOP/s\nmemory = 8 GB\nmemory_bandwidth = 50 GB/s\n");
        write("links/wifi.cfg", "[link.wifi]\nuplink = 20 Mbit/s\ndownlink = 20 Mbit/s\n");
        write("links/lte.cfg",
              "[link.lte]\nuplink = 5 Mbit/s\ndownlink = 30 Mbit/s\nlatency = 40 ms\n"
              "power_up_base = 2926 mW\npower_up_slope = 76.7 mW per Mbit/s\n");
        write("backbones/small.cfg", "[backbone.small]\npath = cache/small\nlayers = 3\n");
        write("backbones/big.cfg", "[backbone.big]\npath = cache/big\n");
        write("base.cfg",
              "[data]\ntrain = train.tsv\ntest = test.tsv\n"
              "[fleet]\nmix = tx2:2 nx:1\nbackbones = tx2:small nx:big\nlinks = tx2:wifi nx:lte\n");
    }
    ~ConfigFiles() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path write(const std::string& name, std::string_view text) const {
        const auto path = folder_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }

    /// `text` over `base.cfg`.
    RunConfig load(std::string_view text, const std::vector<std::string>& overrides = {}) const {
        write("test.cfg", "include = base.cfg\n" + std::string(text));
        return load_config({folder_ / "test.cfg"}, overrides, folder_);
    }

    /// The report of a configuration that is refused; paths without the folder.
    std::string report(std::string_view text,
                       const std::vector<std::string>& overrides = {}) const {
        try {
            load(text, overrides);
        } catch (const ConfigError& error) {
            return shorten(error.what());
        }
        return "accepted";
    }

    std::string shorten(std::string text) const {
        const std::string prefix = folder_.string() + "/";
        for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
            text.erase(at, prefix.size());
        return text;
    }

    std::filesystem::path folder_;
};

/// Every key of two configurations is equal, a NaN equal to a NaN.  Exact, because every key's
/// text gives back its value exactly (value_test).
inline void expect_same(const RunConfig& a, const RunConfig& b) {
    for (const auto& key : run_keys())
        EXPECT_TRUE(key.host_only || key.write(a) == key.write(b)) << key.name;
    const auto entries = [](const auto& keys, const auto& of_a, const auto& of_b) {
        ASSERT_EQ(of_a.size(), of_b.size());
        for (const auto& [name, entry] : of_a) {
            ASSERT_TRUE(of_b.contains(name)) << name;
            EXPECT_EQ(of_b.at(name).name, name);
            for (const auto& key : keys)
                EXPECT_EQ(key.write(entry), key.write(of_b.at(name))) << name << " " << key.name;
        }
    };
    entries(device_keys(), a.devices, b.devices);
    entries(link_keys(), a.links, b.links);
    entries(backbone_keys(), a.backbones, b.backbones);
    entries(availability_keys(), a.availability, b.availability);
}

/// `function(keys, prefix)` on the keys of the run and on those of every kind of entry, whose full
/// names begin with `prefix` and, of entries, with a name.
template <typename Function>
void for_all_keys(Function function) {
    function(run_keys(), std::string());
    function(device_keys(), std::string("device."));
    function(link_keys(), std::string("link."));
    function(backbone_keys(), std::string("backbone."));
    function(availability_keys(), std::string("availability."));
}

}  // namespace mobi::test
