// SPDX-License-Identifier: Apache-2.0
#include "config/experiment.hpp"

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "config/config_files.hpp"

namespace mobi::test {
namespace {

using Words = std::vector<std::string>;

Experiment experiment(std::string_view lines) {
    const IniText text = read_ini("[runs]\n" + std::string(lines), "e.cfg");
    EXPECT_EQ(text.problems, Words());
    return read_experiment(text.runs);
}

std::vector<ExperimentRun> runs_of(std::string_view lines) {
    Experiment made = experiment(lines);
    EXPECT_EQ(made.problems, Words());
    return made.runs;
}

Words names_of(std::string_view lines) {
    Words names;
    for (const ExperimentRun& run : runs_of(lines)) names.push_back(run.name);
    return names;
}

Words problems_of(std::string_view lines) {
    const Experiment made = experiment(lines);
    EXPECT_TRUE(made.runs.empty()) << "with problems there are no runs";
    return made.problems;
}

TEST(ExperimentTest, ListsMakeTheirProductTheLastFastest) {
    const auto runs = runs_of("run.seed = 1..2\ndata.alpha = 0.1 1 10  # FedPETuning's\n");
    ASSERT_EQ(runs.size(), 6U);
    EXPECT_EQ(runs[0].name, "seed=1-alpha=0.1");
    EXPECT_EQ(runs[0].overrides, (Words{"run.seed=1", "data.alpha=0.1"}));
    EXPECT_EQ(runs[2].name, "seed=1-alpha=10");
    EXPECT_EQ(runs[3].name, "seed=2-alpha=0.1");
    EXPECT_EQ(runs[5].overrides, (Words{"run.seed=2", "data.alpha=10"}));
}

TEST(ExperimentTest, AShortNameIsThatOfTheOneKeyThatHasIt) {
    const auto runs = runs_of("seed = 7 9\n");
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_EQ(runs[1].name, "seed=9");
    EXPECT_EQ(runs[1].overrides, Words{"run.seed=9"});
    EXPECT_EQ(problems_of("epochs = 1 2\nsed = 1 2\nzzzzzz = 3\n"),
              (Words{"e.cfg:2: epochs = 1 2: several keys have this name: device.epochs, "
                     "server.epochs",
                     "e.cfg:3: sed = 1 2: unknown key; did you mean run.seed?; or, for a run of "
                     "this name, --set key=value",
                     "e.cfg:4: zzzzzz = 3: unknown key; accepted: section.key; or, for a run of "
                     "this name, --set key=value"}));
}

TEST(ExperimentTest, EveryVariantIsRunWithEveryCombination) {
    const auto runs = runs_of(
        "seed = 1..2\nshared =\nsingle = --set server.mode=per_device --set server.batch=8\n");
    ASSERT_EQ(runs.size(), 4U);
    EXPECT_EQ(runs[0].name, "shared-seed=1");
    EXPECT_EQ(runs[3].name, "single-seed=2");
    EXPECT_EQ(runs[3].overrides, (Words{"server.mode=per_device", "server.batch=8", "run.seed=2"}));
}

TEST(ExperimentTest, WithoutListsARunIsALineAsItWas) {
    const auto runs = runs_of("one = --set server.batch=1\nseed = --set run.seed=3\nplain =\n");
    ASSERT_EQ(runs.size(), 3U);
    EXPECT_EQ(runs[1].name, "seed") << "a variant may be called as a key is";
    EXPECT_EQ(runs[1].overrides, Words{"run.seed=3"});
    EXPECT_TRUE(runs[2].overrides.empty());
    EXPECT_TRUE(runs_of("").empty());
}

TEST(ExperimentTest, RangesAndValuesMix) {
    EXPECT_EQ(names_of("run.seed = 3..3 7 9..10\n"),
              (Words{"seed=3", "seed=7", "seed=9", "seed=10"}));
}

TEST(ExperimentTest, NamesAreFitForAFile) {
    EXPECT_EQ(names_of("link.*.uplink = \"5 Mbit/s\" '20 Mbit/s'\n"),
              (Words{"uplink=5_Mbit_s", "uplink=20_Mbit_s"}));
    EXPECT_EQ(names_of("fleet.mix = \"a:1 b:2\" a:3\n"), (Words{"mix=a_1_b_2", "mix=a_3"}));
    EXPECT_EQ(names_of("server.epochs = 1 2\ndevice.*.battery = mains\n")[0],
              "epochs=1-battery=mains");
}

TEST(ExperimentTest, KeysWithTheSameLastPartAreNamedInFull) {
    EXPECT_EQ(names_of("link.a.uplink = \"1 MB/s\"\nlink.b.uplink = \"2 MB/s\"\n"),
              Words{"link.a.uplink=1_MB_s-link.b.uplink=2_MB_s"});
}

TEST(ExperimentTest, ValuesThatNamesCannotShowAreCounted) {
    EXPECT_EQ(names_of("data.train = a/b a_b\n"), (Words{"train=1", "train=2"})) << "look the same";
    EXPECT_EQ(names_of("data.pair = \"\" b\n"), (Words{"pair=1", "pair=2"}));
    EXPECT_EQ(names_of("data.train = " + std::string(41, 'x') + " y\n"),
              (Words{"train=1", "train=2"}));
}

TEST(ExperimentTest, NamesDiffer) {
    const auto names = names_of(
        "a =\nb = --set server.batch=3\nseed = 1..5\nalpha = 0.1 1\ndata.train = x-y y/x \"x "
        "y\"\n");
    EXPECT_EQ(names.size(), 60U);
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 60U);
}

TEST(ExperimentTest, MistakesInListsAreReportedWithTheirLine) {
    EXPECT_EQ(problems_of("run.sed = 1 2\n"),
              Words{"e.cfg:2: run.sed = 1 2: unknown key; did you mean run.seed?"});
    EXPECT_EQ(problems_of("run.seed =\n"),
              Words{"e.cfg:2: run.seed = : an empty list; accepted: values between blanks, or "
                    "1..10"});
    EXPECT_EQ(problems_of("seed =\n").size(), 1U) << "a list without values, no variant";
    EXPECT_EQ(problems_of("run.seed = 10..1\n"),
              Words{"e.cfg:2: run.seed = 10..1: an empty range: its last number is below its "
                    "first"});
    EXPECT_EQ(problems_of("data.alpha = 0.1 1 1e-1\n"),
              Words{"e.cfg:2: data.alpha = 0.1 1 1e-1: 0.1 and 1e-1 are the same value"});
    EXPECT_EQ(problems_of("run.seed = 1..3 2\n"),
              Words{"e.cfg:2: run.seed = 1..3 2: 2 and 2 are the same value"});
    EXPECT_EQ(problems_of("run.output = a b\n"),
              Words{"e.cfg:2: run.output = a b: not part of what a run is: all would be the same "
                    "run"});
}

TEST(ExperimentTest, AValueThatItsKeyRefusesIsNamed) {
    const auto problems = problems_of("run.seed = 1 x 2..\ndata.alpha = 1 -1 2\n");
    ASSERT_EQ(problems.size(), 3U);
    EXPECT_TRUE(problems[0].starts_with("e.cfg:2: run.seed = x: accepted: "));
    EXPECT_TRUE(problems[1].starts_with("e.cfg:2: run.seed = 2..: accepted: "));
    EXPECT_TRUE(problems[1].ends_with("; a range is two whole numbers, 1..10"));
    EXPECT_TRUE(problems[2].starts_with("e.cfg:3: data.alpha = -1: accepted: "));
    const auto unquoted = problems_of("link.*.uplink = 5 Mbit/s 20 Mbit/s\n");
    ASSERT_EQ(unquoted.size(), 2U);
    EXPECT_TRUE(unquoted[0].ends_with("; a value with a blank is in quotes: \"5 Mbit/s\""));
    EXPECT_TRUE(unquoted[1].ends_with("\"20 Mbit/s\""));
    EXPECT_EQ(problems_of("data.train = \"a\n"),
              Words{"e.cfg:2: data.train = \"a: a closing quote is missing"});
}

TEST(ExperimentTest, ListsThatSetTheSameKeyAreRefused) {
    EXPECT_EQ(problems_of("run.seed = 1 2\nseed = 3\n"),
              Words{"e.cfg:3: seed = 3: run.seed is a list of the same key, at e.cfg:2"});
    EXPECT_EQ(problems_of("link.*.uplink = \"1 MB/s\"\nlink.a.uplink = \"2 MB/s\"\n").size(), 1U);
    EXPECT_EQ(problems_of("warm = --set run.seed=5\nrun.seed = 1 2\n"),
              Words{"e.cfg:2: warm: run.seed = 5: run.seed is a list of the same key, at e.cfg:3"});
    EXPECT_EQ(runs_of("w = --set link.a.uplink=\"1 MB/s\"\nlink.a.downlink = \"2 MB/s\"\n").size(),
              1U);
}

TEST(ExperimentTest, AProductIsLimited) {
    EXPECT_EQ(runs_of("run.seed = 1..10000\n").size(), kMostRuns);
    EXPECT_EQ(problems_of("run.seed = 1..10001\n"),
              Words{"e.cfg:2: run.seed = 1..10001: accepted: at most 10000 runs"});
    EXPECT_EQ(problems_of("run.seed = 1..9223372036854775807\n").size(), 1U);
    EXPECT_EQ(problems_of("run.seed = 1..5001\ndata.alpha = 1 2\n"),
              Words{"e.cfg:3: data.alpha = 1 2: [runs] would be more than 10000 runs with this "
                    "list"});
    std::string many = "run.seed = 1..2\n";
    for (int i = 0; i < 5001; ++i) many += "v" + std::to_string(i) + " =\n";
    EXPECT_EQ(problems_of(many).size(), 1U) << "variants count too";
}

TEST(ExperimentTest, ANameThatNoFileCanHaveIsRefused) {
    EXPECT_EQ(problems_of(std::string(200, 'v') + " =\nseed = 1\n").size(), 1U);
    EXPECT_EQ(runs_of(std::string(190, 'v') + " =\nseed = 1\n").size(), 1U);
}

TEST(ExperimentTest, AVariantsNameHasNoDotsAndItsMistakesItsOwnPlace) {
    EXPECT_EQ(problems_of("* =\n"), Words{"e.cfg:2: * = : a run's name has letters, digits, _ and "
                                          "-"});
    EXPECT_EQ(problems_of("a.b =\n").size(), 1U);
    EXPECT_EQ(problems_of("d = oops\n").size(), 1U);
}

class SweepTest : public ConfigFiles {};

TEST_F(SweepTest, EveryRunOfTheProductLoads) {
    const auto file = write("sweep.cfg",
                            "include = base.cfg\n[runs]\nseed = 1..2\n"
                            "link.*.uplink = \"5 Mbit/s\" \"20 Mbit/s\"\n");
    std::set<std::pair<std::uint64_t, double>> made;
    for (const ExperimentRun& run : list_runs(file)) {
        const RunConfig config = load_config({file}, run.overrides, folder_);
        made.emplace(config.run.seed, config.links.at("lte").uplink_bytes_per_s);
    }
    EXPECT_EQ(made, (std::set<std::pair<std::uint64_t, double>>{
                        {1, 625e3}, {1, 2.5e6}, {2, 625e3}, {2, 2.5e6}}));
}

TEST_F(SweepTest, AMistakeInAListIsOneOfTheFilesProblems) {
    const auto text = report("[runs]\nseed = 1..x\nalpha = 0.1 much\n");
    EXPECT_NE(text.find("test.cfg:3: seed = 1..x: accepted: "), std::string::npos) << text;
    EXPECT_NE(text.find("test.cfg:4: alpha = much: accepted: "), std::string::npos) << text;
}

}  // namespace
}  // namespace mobi::test
