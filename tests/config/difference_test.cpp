// SPDX-License-Identifier: Apache-2.0
#include "config/difference.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "config/config_files.hpp"
#include "config/dump.hpp"

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

}  // namespace
}  // namespace mobi::test
