// SPDX-License-Identifier: Apache-2.0
#include "app/run_place.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "app/captured.hpp"
#include "support/contains.hpp"
#include "support/temp_folder.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;

class RunPlaceTest : public ::testing::Test {
  protected:
    RunPlaceTest() { config.run.output = (folder.path() / "run.h5").string(); }

    std::string refusal(const Words& files = {}) const {
        return refusal_by([&] { check_run_output(config, files); });
    }

    /// A file that is an input by the key that is set to it.
    std::string input(const std::string& name) {
        std::string file = folder.write(name, "what matters");
        config.run.output = file;
        return file;
    }

    static std::string refused(const std::string& path, const std::string& key) {
        return fmt::format("2: run.output: {} is an input of the run ({}); name another file", path,
                           key);
    }

    TempFolder folder;
    RunConfig config;
};

TEST_F(RunPlaceTest, AFileThatIsNotThereMayBeMade) {
    EXPECT_EQ(refusal({"a.cfg", "b.cfg"}), "accepted");
    config.run.output = (folder.path() / "new/folder/run.h5").string();
    EXPECT_EQ(refusal(), "accepted");
    EXPECT_TRUE(fs::is_empty(folder.path())) << "nothing is touched";
}

TEST_F(RunPlaceTest, NoInputIsEverReplaced) {
    const auto expect_refused = [&](const std::string& key, std::string& path) {
        path = input(key + ".txt");
        EXPECT_EQ(refusal(), refused(path, key));
        path.clear();
        EXPECT_NE(refusal(), refused(config.run.output, key)) << "it is none any more";
    };
    expect_refused("data.train", config.data.train);
    expect_refused("data.test", config.data.test);
    expect_refused("data.classes", config.data.classes);
    expect_refused("fleet.devices_file", config.fleet.devices_file);
    expect_refused("device.phone.load", config.devices["phone"].load_file);
    expect_refused("link.lte.trace", config.links["lte"].trace_file);
    expect_refused("link.lte.downlink_trace", config.links["lte"].downlink_trace_file);
    expect_refused("link.lte.atc_profile", config.links["lte"].atc_file);
    expect_refused("availability.night.trace", config.availability["night"].trace_file);
    expect_refused("backbone.small.path", config.backbones["small"].path);
}

TEST_F(RunPlaceTest, NorAConfigurationFile) {
    const std::string first = folder.write("first.cfg", "");
    const std::string second = input("second.cfg");
    EXPECT_EQ(refusal({first, second}), refused(second, "the configuration"));
    config.run.output = (folder.path() / "run.h5").string();
    EXPECT_EQ(refusal({first, second}), "accepted");
}

TEST_F(RunPlaceTest, AnInputIsOneUnderWhateverName) {
    config.data.train = folder.write("train.tsv", "text\tlabel\n");
    fs::create_directory(folder.path() / "inner");
    fs::create_symlink(config.data.train, folder.path() / "alias.h5");
    fs::create_hard_link(config.data.train, folder.path() / "twin.h5");
    for (const fs::path name : {"alias.h5", "twin.h5", "inner/../train.tsv", "./train.tsv"}) {
        config.run.output = (folder.path() / name).string();
        EXPECT_EQ(refusal(), refused(config.run.output, "data.train"));
    }
}

TEST_F(RunPlaceTest, AFolderOfInputsIsNotOneItself) {
    fs::create_directory(folder.path() / "model");
    config.backbones["small"].path = (folder.path() / "model").string();
    config.run.output = config.backbones["small"].path;
    EXPECT_TRUE(refusal().starts_with("5: ")) << "it is a folder, whoever's";
    EXPECT_TRUE(contains(refusal(), "a folder"));
    config.run.output += "/run.h5";
    EXPECT_EQ(refusal(), "accepted");
}

TEST_F(RunPlaceTest, WhatIsNoRunFileStays) {
    config.run.output = folder.write("notes.txt", "mine");
    EXPECT_TRUE(refusal().starts_with("2: run.output"));
    EXPECT_TRUE(contains(refusal(), "no run file"));
    EXPECT_TRUE(fs::exists(config.run.output));
}

}  // namespace
}  // namespace mobi::test
