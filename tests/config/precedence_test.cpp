// SPDX-License-Identifier: Apache-2.0
// What is later wins (config/load.hpp): random layers against the rule as it is stated.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "core/rng.hpp"

namespace mobi::test {
namespace {

struct Line {
    std::string entry;  ///< a name, `*`, or nothing: the default of all
    std::string key;
    int value = 0;
};

/// Keys that any whole number suits, and none of which another depends on.
const std::vector<std::string> kKeys{"t0", "battery_rest", "thermal_decay"};

double value_of(const DeviceProfile& device, const std::string& key) {
    if (key == "t0") return device.t0_s;
    return key == "battery_rest" ? device.battery_rest_s : device.thermal_decay_s;
}

class PrecedenceTest : public ConfigFiles {
  protected:
    std::vector<Line> draw(RandomStream& random, std::size_t most) {
        std::vector<Line> lines;
        for (auto count = random.below(most + 1); count > 0; --count) {
            const char* entries[] = {"", "*", "tx2", "nx"};
            lines.push_back({entries[random.below(4)], kKeys[random.below(kKeys.size())], ++last_});
        }
        return lines;
    }
    /// One line for each name: a file has none twice.
    static std::vector<Line> once(std::vector<Line> lines) {
        std::map<std::string, Line> unique;
        for (const Line& line : lines) unique[full_name(line)] = line;
        lines.clear();
        for (const auto& [name, line] : unique) lines.push_back(line);
        return lines;
    }
    static std::string full_name(const Line& line) {
        return "device." + (line.entry.empty() ? "" : line.entry + ".") + line.key;
    }
    static std::string text_of(const Line& line) {
        return fmt::format("{}={} s", full_name(line), line.value);
    }

    int last_ = 0;  // every value is another
};

TEST_F(PrecedenceTest, LaterFilesNamesAndOverridesWin) {
    const std::string tx2 =
        "[device.tx2]\nrate_fp16 = 1 TFLOP/s\nmemory = 8 GB\nmemory_bandwidth = 1 GB/s\n";
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE(seed);
        RandomStream random(seed, Purpose::Test);
        // the catalogue, of one of the devices
        std::map<std::string, int> catalogue;
        std::string entry = tx2;
        for (const std::string& key : kKeys)
            if (random.below(3) == 0) {
                catalogue[key] = ++last_;
                entry += fmt::format("{} = {} s\n", key, last_);
            }
        write("devices/tx2.cfg", entry);
        // a chain of files, each of which includes the one before, and one more on the command line
        std::vector<std::vector<Line>> layers;
        for (int file = 0; file < 4; ++file) {
            std::vector<Line> lines = once(draw(random, 5));
            random.shuffle(std::span(lines));
            std::string text = file == 0 || file == 3 ? "include = base.cfg\n"
                                                      : fmt::format("include = {}.cfg\n", file - 1);
            for (const Line& line : lines) text += text_of(line) + "\n";
            write(fmt::format("{}.cfg", file), text);
            // within a file a name beats `*`
            std::stable_partition(lines.begin(), lines.end(),
                                  [](const Line& line) { return line.entry == "*"; });
            layers.push_back(lines);
        }
        std::vector<std::string> overrides;
        layers.push_back(draw(random, 6));
        for (const Line& line : layers.back()) overrides.push_back(text_of(line));

        const RunConfig config =
            load_config({folder_ / "2.cfg", folder_ / "3.cfg"}, overrides, folder_);
        for (const std::string name : {"tx2", "nx"})
            for (const std::string& key : kKeys) {
                std::optional<double> expected;
                for (const auto& lines : layers)  // a default gives way to whoever says more
                    for (const Line& line : lines)
                        if (line.key == key && line.entry.empty()) expected = line.value;
                if (name == "tx2" && catalogue.contains(key)) expected = catalogue.at(key);
                for (const auto& lines : layers)
                    for (const Line& line : lines)
                        if (line.key == key && (line.entry == name || line.entry == "*"))
                            expected = line.value;
                EXPECT_EQ(value_of(config.devices.at(name), key),
                          expected.value_or(value_of(DeviceProfile{}, key)))
                    << name << " " << key;
            }
        if (HasFailure()) return;
    }
}

// One and the same value, in each of the places where a key may stand.
TEST_F(PrecedenceTest, EveryKeyOfTheRunCanBeSetEverywhere) {
    for (const auto& key : run_keys()) {
        if (key.name.starts_with("fleet.") || key.name.starts_with("data.")) continue;
        const std::string value = key.write(RunConfig{});
        if (value.empty()) continue;
        const std::size_t dot = key.name.find('.');
        const std::string section = fmt::format("[{}]\n{} = {}\n", key.name.substr(0, dot),
                                                key.name.substr(dot + 1), value);
        for (const RunConfig& config :
             {load(section), load(key.name + " = " + value + "\n"),
              load("", {key.name + "=" + value}), load("", {key.name + " = \"" + value + "\""})})
            EXPECT_EQ(key.write(config), value) << key.name;
    }
}

}  // namespace
}  // namespace mobi::test
