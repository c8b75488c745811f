// SPDX-License-Identifier: Apache-2.0
#include "config/difference.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "config/dump.hpp"
#include "core/text.hpp"

namespace mobi::test {
namespace {

using DifferenceTest = ConfigFiles;

std::vector<std::string> keys(const std::vector<ConfigDifference>& differences) {
    std::vector<std::string> names;
    for (const ConfigDifference& one : differences) names.push_back(one.key);
    return names;
}

TEST_F(DifferenceTest, AConfigurationIsThatOfItsDump) {
    const RunConfig config = load("");
    EXPECT_TRUE(differences(config, parse_resolved(dump(config))).empty());
}

TEST_F(DifferenceTest, WhatOnlyThisHostSeesIsNoDifference) {
    const RunConfig config = load("");
    EXPECT_TRUE(
        differences(config, load("", {"run.output=elsewhere.h5", "run.threads=7"})).empty());
}

TEST_F(DifferenceTest, EveryKeyThatDiffersIsNamedWithBothValues) {
    const auto found = differences(load(""), load("", {"run.seed=99", "link.lte.uplink=1 Mbit/s"}));
    ASSERT_EQ(keys(found), (std::vector<std::string>{"link.lte.uplink", "run.seed"}));
    EXPECT_EQ(found[1].first, "1");
    EXPECT_EQ(found[1].second, "99");
    EXPECT_NE(differences_text(found).find("; run.seed = 1 there, 99 here"), std::string::npos);
}

TEST_F(DifferenceTest, AnEntryThatOnlyOneHasIsADifferenceOfItsKeys) {
    RunConfig more = load("");
    more.links["wifi2"] = more.links.at("lte");
    const auto found = differences(load(""), more);
    ASSERT_FALSE(found.empty());
    for (const std::string& key : keys(found)) EXPECT_EQ(key.find("link.wifi2."), 0U) << key;
    const std::string text = differences_text(found);
    EXPECT_NE(text.find("= nothing there, "), std::string::npos) << text;
    EXPECT_NE(text.find(" keys more"), std::string::npos) << text;
}

// Of every key there is: a change of it, and of it alone, is found.
TEST_F(DifferenceTest, AChangeOfAnyKeyIsFoundUnderItsName) {
    const RunConfig config = load("", {"fleet.availability=*:day", "availability.day.kind=daily"});
    const auto other_value = [](const auto& key, auto owner) {
        const std::string now = key.write(owner);
        std::vector<std::string> candidates{
            "1",        "2",     "0.5",      "0.25",      "true",       "false",
            "text",     "tx2:3", "tx2:wifi", "wifi",      "3 s",        "7 GB",
            "3 Mbit/s", "5 W",   "6 J",      "1 GFLOP/s", "2 W per B/s"};
        for (const auto word : split(key.accepted, '|')) candidates.emplace_back(trim(word));
        for (const std::string& candidate : candidates)
            if (key.read(owner, candidate) && key.write(owner) != now) return key.write(owner);
        return std::string();
    };
    int changed = 0;
    const auto check = [&](const RunConfig& changed_config, const std::string& name,
                           const std::string& before, const std::string& after) {
        const auto found = differences(config, changed_config);
        ASSERT_EQ(keys(found), std::vector<std::string>{name});
        EXPECT_EQ(found[0].first, before);
        EXPECT_EQ(found[0].second, after);
        const auto back = differences(changed_config, config);
        ASSERT_EQ(back.size(), 1U);
        EXPECT_EQ(back[0].second, before);
        ++changed;
    };
    for (const auto& key : run_keys()) {
        const std::string value = other_value(key, config);
        if (key.host_only || value.empty()) continue;
        RunConfig other = config;
        ASSERT_TRUE(key.read(other, value)) << key.name << " = " << value;
        check(other, key.name, key.write(config), value);
    }
    const auto entries = [&](const auto& all_keys, const std::string& prefix, auto member,
                             const std::string& name) {
        for (const auto& key : all_keys) {
            RunConfig other = config;
            auto& entry = (other.*member).at(name);
            const std::string before = key.write(entry), value = other_value(key, entry);
            ASSERT_FALSE(value.empty()) << prefix << key.name << ": " << key.accepted;
            ASSERT_TRUE(key.read(entry, value));
            check(other, prefix + name + "." + key.name, before, value);
        }
    };
    entries(device_keys(), "device.", &RunConfig::devices, "tx2");
    entries(link_keys(), "link.", &RunConfig::links, "lte");
    entries(backbone_keys(), "backbone.", &RunConfig::backbones, "big");
    entries(availability_keys(), "availability.", &RunConfig::availability, "day");
    EXPECT_GT(changed, 140);
}

TEST(DifferencesTextTest, FiveAreShownAndTheRestCounted) {
    std::vector<ConfigDifference> all;
    EXPECT_EQ(differences_text(all), "");
    for (int i = 0; i < 5; ++i) all.push_back({"k" + std::to_string(i), "a", ""});
    EXPECT_EQ(differences_text(all),
              "k0 = a there, nothing here; k1 = a there, nothing here; k2 = a there, nothing here; "
              "k3 = a there, nothing here; k4 = a there, nothing here");
    all.push_back({"k5", "a", "b"});
    all.push_back({"k6", "a", "b"});
    EXPECT_TRUE(differences_text(all).ends_with("; and 2 keys more"));
}

}  // namespace
}  // namespace mobi::test
