// SPDX-License-Identifier: Apache-2.0
#include "device/fleet.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "device/compute_model.hpp"
#include "device/compute_profile.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

/// A configuration of two classes, and the fleet it makes.
struct Case {
    FleetParameters fleet;
    std::map<std::string, DeviceProfile> profiles{{"agx", {}}, {"tx2", {}}};
    std::map<std::string, LinkProfile> links{{"fast", {}}, {"slow", {}}};
    std::map<std::string, AvailabilityProfile> availability;
    std::uint64_t seed = 1;

    explicit Case(int tx2 = 2, int agx = 1) {
        fleet.mix = {{"tx2", tx2}, {"agx", agx}};
        fleet.backbones = {{"agx", "big"}, {"tx2", "small"}};
        fleet.links = {{"agx", {"fast"}}, {"tx2", {"slow"}}};
        for (auto& [name, profile] : profiles) profile.name = name;
        for (auto& [name, link] : links) link.name = name;
    }
    std::vector<Device> make() const {
        return make_fleet({fleet, profiles, links, availability, seed});
    }
};

TEST(FleetTest, HasTheClassesInTheOrderOfTheMix) {
    Case one;
    one.availability["night"].kind = AvailabilityKind::Daily;
    one.fleet.availability = {{"agx", "night"}};
    const auto devices = one.make();
    ASSERT_EQ(devices.size(), 3u);
    for (std::int32_t id = 0; id < 3; ++id) EXPECT_EQ(devices[static_cast<std::size_t>(id)].id, id);
    EXPECT_EQ(devices[1].profile.name, "tx2");
    EXPECT_EQ(devices[1].link.name, "slow");
    EXPECT_EQ(devices[1].backbone, "small");
    EXPECT_EQ(devices[1].availability, nullptr);
    EXPECT_EQ(devices[2].profile.name, "agx");
    EXPECT_EQ(devices[2].link.name, "fast");
    EXPECT_EQ(devices[2].backbone, "big");
    EXPECT_EQ(devices[2].availability->kind, AvailabilityKind::Daily);
}

TEST(FleetTest, SharesAddUpAndGoToTheLargestRemainders) {
    using Mix = std::vector<std::pair<std::string, int>>;
    EXPECT_EQ(shares_of({{"a", 3}, {"b", 1}}, 1000), (Mix{{"a", 750}, {"b", 250}}));
    // 3.33 each: the first of equal remainders has one more
    EXPECT_EQ(shares_of({{"a", 1}, {"b", 1}, {"c", 1}}, 10), (Mix{{"a", 4}, {"b", 3}, {"c", 3}}));
    // FLASH's weights: 53.15, 46.40 and 0.45 of 100
    EXPECT_EQ(shares_of({{"low", 18820}, {"middle", 16428}, {"high", 159}}, 100),
              (Mix{{"low", 53}, {"middle", 46}, {"high", 1}}));
    EXPECT_EQ(shares_of({{"a", 1000}, {"b", 1}}, 2), (Mix{{"a", 2}}));
    const Mix counts{{"a", 7}, {"b", 5}};
    EXPECT_EQ(shares_of(counts, 12), counts);
    EXPECT_TRUE(shares_of({}, 12).empty());
    EXPECT_EQ(shares_of({{"a", 10'000'000}, {"b", 10'000'000}}, 10'000'000)[0].second, 5'000'000);
}

TEST(FleetTest, OfSeveralLinksEachDeviceDrawsOne) {
    constexpr int kDevices = 30'000;
    Case one(kDevices);
    one.fleet.links["tx2"] = {"slow", "fast", "slow"};
    int slow = 0;
    const auto devices = one.make();
    for (int i = 0; i < kDevices; ++i)
        slow += devices[static_cast<std::size_t>(i)].link.name == "slow" ? 1 : 0;
    EXPECT_NEAR(slow / double{kDevices}, 2.0 / 3, 4 * std::sqrt(2.0 / 9 / kDevices));
    Case fewer(10);
    fewer.fleet.links = one.fleet.links;
    for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(fewer.make()[i].link.name, devices[i].link.name);
}

TEST(FleetTest, AFileChoosesLinkAndBackboneByName) {
    const TempFolder folder;
    Case one;
    one.links["fast"].uplink_bytes_per_s = 9;
    one.fleet.fit = {"middle"};
    one.fleet.devices_file = folder.write(
        "d.csv", "link,time_per_sample [ms],backbone\nslow,1,big\nfast,2,middle\nfast,3,small\n");
    const auto devices = one.make();
    EXPECT_EQ(devices[1].link.name, "fast");
    EXPECT_EQ(devices[1].link.uplink_bytes_per_s, 9);
    EXPECT_EQ(devices[1].backbone, "middle");
    EXPECT_EQ(devices[1].profile.time_per_sample_s, 2e-3);
    EXPECT_EQ(devices[2].backbone, "small");
    for (const auto& [line, what] :
         {std::pair("slow,1,huge", "device 0: 'huge': accepted: big, middle, small"),
          std::pair("wifi,1,big", "device 0: 'wifi': accepted: fast, slow")}) {
        one.fleet.devices_file =
            folder.write("d.csv", std::string("link,time_per_sample [ms],backbone\n") + line +
                                      "\nfast,2,big\nfast,3,big\n");
        try {
            one.make();
            FAIL() << line;
        } catch (const DataError& error) {
            EXPECT_NE(std::string(error.what()).find(what), std::string::npos) << error.what();
        }
    }
}

TEST(FleetTest, AnUnvalidatedFleetIsABug) {
    Case one;
    one.profiles.clear();
    EXPECT_THROW(one.make(), Bug);
}

// docs/devices.md 1: the AI Benchmark's phones have p90/p10 = 39, a log-normal of sigma 1.43.
TEST(FleetTest, SpeedsSpreadLogNormally) {
    constexpr int kDevices = 100'000;
    Case one(kDevices, 1);
    one.profiles["tx2"].rate_fp16_flop_per_s = 1e9;
    one.profiles["tx2"].memory_bandwidth_bytes_per_s = 2e9;
    one.profiles["tx2"].spread = 1.43;
    one.links["slow"].uplink_bytes_per_s = 1e6;
    one.links["slow"].downlink_bytes_per_s = 3e6;
    one.links["slow"].spread = 0.5;
    const auto devices = one.make();
    std::vector<double> rates;
    double sum = 0, squares = 0, both = 0;
    for (int i = 0; i < kDevices; ++i) {
        const Device& device = devices[static_cast<std::size_t>(i)];
        rates.push_back(device.profile.rate_fp16_flop_per_s);
        EXPECT_DOUBLE_EQ(device.profile.memory_bandwidth_bytes_per_s, 2 * rates.back());
        EXPECT_DOUBLE_EQ(device.link.downlink_bytes_per_s, 3 * device.link.uplink_bytes_per_s);
        const double log_rate = std::log(rates.back() / 1e9);
        sum += log_rate;
        squares += log_rate * log_rate;
        both += log_rate * std::log(device.link.uplink_bytes_per_s / 1e6);
    }
    const double root = std::sqrt(kDevices);
    EXPECT_NEAR(sum / kDevices, 0, 4 * 1.43 / root);
    EXPECT_NEAR(std::sqrt(squares / kDevices), 1.43, 4 * 1.43 / root);
    EXPECT_NEAR(both / kDevices, 0, 4 * 1.43 * 0.5 / root);
    std::sort(rates.begin(), rates.end());
    EXPECT_NEAR(rates[kDevices * 9 / 10] / rates[kDevices / 10], 39, 1.5);
}

TEST(FleetTest, ADrawBelongsToTheDeviceAndTheSeed) {
    Case one(50);
    one.profiles["tx2"].rate_fp16_flop_per_s = one.profiles["agx"].rate_fp16_flop_per_s = 1e9;
    one.profiles["tx2"].spread = 1;
    Case other(60);
    other.profiles = one.profiles;
    EXPECT_EQ(one.make()[49].profile.rate_fp16_flop_per_s,
              other.make()[49].profile.rate_fp16_flop_per_s);
    other.seed = 2;
    EXPECT_NE(one.make()[49].profile.rate_fp16_flop_per_s,
              other.make()[49].profile.rate_fp16_flop_per_s);
    EXPECT_EQ(one.make()[50].profile.rate_fp16_flop_per_s, 1e9);
}

TEST(FleetTest, AFileSetsTheFiguresOfSingleDevices) {
    const TempFolder folder;
    Case one;
    one.profiles["tx2"].rate_fp16_flop_per_s = 5;
    one.fleet.devices_file =
        folder.write("fleet.csv", "time_per_sample [ms],uplink [kB/s]\n1,2\n3,4\n5,6\n");
    const auto devices = one.make();
    EXPECT_DOUBLE_EQ(devices[1].profile.time_per_sample_s, 3e-3);
    EXPECT_DOUBLE_EQ(devices[1].link.uplink_bytes_per_s, 4e3);
    EXPECT_DOUBLE_EQ(devices[2].link.uplink_bytes_per_s, 6e3);
    EXPECT_DOUBLE_EQ(devices[0].profile.rate_fp16_flop_per_s, 5);
    one.fleet.devices_file = folder.write("short.csv", "loss\n0.1\n");
    EXPECT_THROW(one.make(), DataError);
}

// Rounded down, plus one for the largest remainders: no count is a whole device off its share.
TEST(FleetTest, SharesAreWithinADeviceOfTheirPart) {
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        RandomStream random(seed, Purpose::Test);
        std::vector<std::pair<std::string, int>> mix;
        double total = 0;
        for (auto classes = 1 + random.below(8); classes > 0; --classes) {
            mix.emplace_back("c" + std::to_string(classes),
                             static_cast<int>(1 + random.below(1000)));
            total += mix.back().second;
        }
        const int devices = static_cast<int>(1 + random.below(5000));
        int sum = 0;
        std::map<std::string, int> counts;
        std::vector<std::string> order;
        for (const auto& [name, count] : shares_of(mix, devices)) {
            EXPECT_GT(count, 0) << seed;
            counts[name] = count;
            order.push_back(name);
            sum += count;
        }
        EXPECT_EQ(sum, devices) << seed;
        double least_up = 1, most_down = 0;  // remainders of those rounded up, and down
        std::size_t place = 0;
        for (const auto& [name, share] : mix) {
            const double exact = devices * (share / total);
            const int count = counts[name];
            EXPECT_LT(std::abs(count - exact), 1) << seed;
            const double remainder = exact - std::floor(exact);
            if (count > exact)
                least_up = std::min(least_up, remainder);
            else
                most_down = std::max(most_down, remainder);
            if (count == 0) continue;
            EXPECT_EQ(order.at(place++), name) << "in the order of the mix";
        }
        EXPECT_GE(least_up, most_down - 1e-9) << seed;
    }
}

TEST(ReadFilesTest, ALinksTraceIsItsRateOrHasItsMean) {
    const TempFolder folder;
    LinkProfile link;
    link.name = "l";
    link.trace_file = folder.write("up", "0 8\n1 24\n");  // 16 Mbit/s
    link.downlink_trace_file = folder.write("down", "0 4\n1 12\n");
    link.downlink_bytes_per_s = 1e6;
    LinkProfile measured = link;
    read_files_of(measured);
    EXPECT_DOUBLE_EQ(measured.uplink_bytes_per_s, 2e6);
    EXPECT_DOUBLE_EQ(measured.downlink_bytes_per_s, 1e6);
    link.trace_mean = TraceMean::Link;
    link.uplink_bytes_per_s = 5e5;
    read_files_of(link);
    EXPECT_DOUBLE_EQ(link.uplink_bytes_per_s, 5e5);
    EXPECT_DOUBLE_EQ(link.trace->mean_bits_per_s(), 4e6);
    EXPECT_DOUBLE_EQ(link.downlink_trace->mean_bits_per_s(), 8e6);
}

constexpr const char* kMeasured =
    "precision,flop [GFLOP],launches,weights [MB],time [ms],source\n"
    "fp16,1,100,10,15,x\nfp16,2,100,10,20,x\nfp16,3,100,10,25,x\n";  // 0.1 ms a launch, 200 GFLOP/s

/// A class of the case whose `profile` names these points.
DeviceProfile& measured(Case& one, const TempFolder& folder) {
    DeviceProfile& profile = one.profiles["tx2"];
    profile.profile_file = folder.write("points.csv", kMeasured);
    return profile;
}

template <typename Function>
std::string words_of(Function&& function) {
    try {
        function();
    } catch (const Error& error) {
        return error.what();
    }
    return "accepted";
}

TEST(ReadFilesTest, MeasuredPointsAndARateOfOnePrecisionAreRefused) {
    const TempFolder folder;
    DeviceProfile device;
    device.name = "d";
    device.profile_file = folder.write("points.csv", kMeasured);
    device.rate_int8_flop_per_s = 1e9;
    read_files_of(device);
    ASSERT_NE(device.measured, nullptr);
    ASSERT_NE(device.measured->law(Precision::Fp16), nullptr);
    device.rate_fp16_flop_per_s = 1e9;
    const std::string words = words_of([&] { read_files_of(device); });
    EXPECT_TRUE(words.starts_with("device.d.rate_fp16: ")) << words;
    EXPECT_NE(words.find("points.csv has measured points of this precision"), std::string::npos);
    device.rate_fp16_flop_per_s = kUnknown;
    device.memory_bandwidth_bytes_per_s = 1e8;  // 10 MB take 100 ms
    EXPECT_NE(words_of([&] { read_files_of(device); }).find("one of the two figures is wrong"),
              std::string::npos);
}

TEST(FleetTest, FiguresOfSingleDevicesDoNotHideMeasuredPoints) {
    const TempFolder folder;
    Case one(3, 1);
    DeviceProfile& profile = measured(one, folder);
    read_files_of(profile);
    const auto words = [&](const std::string& column) {
        one.fleet.devices_file = folder.write("devices.csv", column + "\n1\n2\n3\n4\n");
        return words_of([&] { one.make(); });
    };
    EXPECT_NE(words("rate_fp16 [GFLOP/s]").find("column 'rate_fp16': device.tx2.profile has "),
              std::string::npos);
    EXPECT_NE(words("time_per_sample [ms]").find("device.tx2.profile has measured points"),
              std::string::npos);
    EXPECT_EQ(words("memory [GB]"), "accepted");
    EXPECT_EQ(words("rate_int8 [GFLOP/s]"), "accepted");
}

TEST(FleetTest, ASpreadIsASpeedOfTheMeasuredLaw) {
    const TempFolder folder;
    Case one(50, 1);
    DeviceProfile& profile = measured(one, folder);
    profile.memory_bandwidth_bytes_per_s = 1e12;
    profile.spread = 0.5;
    read_files_of(profile);
    ComputeWork work;
    work.flop = 4e9;
    work.launches = 100;
    const double whole = std::chrono::duration<double>(compute_time(profile, work)).count();
    EXPECT_NEAR(whole, 0.030, 1e-9);
    for (const Device& device : one.make()) {
        if (device.profile.name != "tx2") continue;
        EXPECT_NE(device.profile.speed, 1);
        EXPECT_NEAR(std::chrono::duration<double>(compute_time(device.profile, work)).count(),
                    whole / device.profile.speed, 2e-9);
    }
}

TEST(ReadFilesTest, AMissingFileIsNamedAndNoFileIsNoTrace) {
    LinkProfile link;
    read_files_of(link);
    EXPECT_EQ(link.trace, nullptr);
    DeviceProfile device;
    read_files_of(device);
    EXPECT_EQ(device.load, nullptr);
    AvailabilityProfile pattern;
    read_files_of(pattern);
    EXPECT_EQ(pattern.trace, nullptr);
    link.trace_file = device.load_file = pattern.trace_file = "no/such/file";
    pattern.kind = AvailabilityKind::Trace;
    const auto words = [](auto& entry) -> std::string {
        try {
            read_files_of(entry);
        } catch (const DataError& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_NE(words(link).find("no/such/file"), std::string::npos);
    EXPECT_NE(words(device).find("no/such/file"), std::string::npos);
    EXPECT_NE(words(pattern).find("no/such/file"), std::string::npos);
}

}  // namespace
}  // namespace mobi::test
