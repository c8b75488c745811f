// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "app/captured.hpp"
#include "app/catalogue_text.hpp"
#include "app/command.hpp"
#include "architecture/model_folder.hpp"
#include "config/dump.hpp"
#include "core/text.hpp"
#include "prepare/estimate.hpp"
#include "prepare/outlook.hpp"
#include "prepare/run_record.hpp"
#include "prepare/tiny_run.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;

class CheckTest : public TinyRun {
  protected:
    ~CheckTest() override { fs::current_path(home_); }

    Answer check(Words words) const {
        words.insert(words.begin(), path("run.cfg").string());
        return answer_of(check_command, words);
    }

    std::string refusal(Words words) const {
        words.insert(words.begin(), path("run.cfg").string());
        return without_folder(refusal_by([&] { check_command(words); }));
    }

    /// A run file of a configuration, as far as its layout.
    std::string run_file(const std::vector<std::string>& settings,
                         record::RunStatus status = record::RunStatus::Finished) const {
        const PreparedRun run = prepare(settings);
        RecordFacts facts;
        facts.class_names = run.class_names;
        facts.train = run.train;
        facts.packets = facts.trained = false;
        const fs::path file = path("made.h5");
        record::Writer writer(file, run_layout(run.config, run.plan, facts), run.config.record);
        writer.close(status);
        return file.string();
    }

  private:
    fs::path home_ = fs::current_path();
};

TEST_F(CheckTest, PrintsTheConfigurationSourcesAndAnEstimate) {
    const Answer answer = check({});
    EXPECT_EQ(answer.code, 0);
    const PreparedRun run = prepare();
    std::string sources;
    for (const auto& [whose, notes] : run.sources)
        for (const SourceNote& note : notes) sources += whose + ": " + describe(note) + "\n";
    EXPECT_FALSE(sources.empty()) << "the pooling of bert is from a file of its own";
    EXPECT_EQ(answer.text, dump(run.config) + "\n# Sources\n" + sources + "\n# Estimate\n" +
                               estimate_text(run) + outlook_text(look_ahead(run)));
}

TEST_F(CheckTest, ItsConfigurationIsThatOfTheRun) {
    const Answer answer = check({"--set", "run.seed=7", "--set=server.batch=3", "--no-estimate"});
    files.write("resolved.cfg", answer.text);
    const RunConfig again = load_config({path("resolved.cfg")}, {}, files.path());
    EXPECT_EQ(dump(again), answer.text);
    EXPECT_EQ(again.run.seed, 7U);
    EXPECT_EQ(again.server.batch, 3);
}

TEST_F(CheckTest, WithoutAnEstimateNoTextAndNoBackboneIsRead) {
    for (const char* name : {"train.tsv", "test.tsv", "bert", "mpnet"}) fs::remove_all(path(name));
    EXPECT_EQ(check({"--no-estimate"}).text, dump(config()));
    EXPECT_TRUE(refusal({}).starts_with("3: train.tsv: no such file"));
}

TEST_F(CheckTest, NothingIsMadeOnTheWay) {
    check({});
    EXPECT_FALSE(fs::exists(path("run.h5")));
    EXPECT_FALSE(fs::exists(path("prepared")));
}

TEST_F(CheckTest, LaterFilesComeOverEarlierOnes) {
    files.write("more.cfg", "[run]\nseed = 42\n");
    EXPECT_TRUE(contains(check({path("more.cfg").string(), "--no-estimate"}).text, "seed = 42\n"));
    EXPECT_TRUE(
        contains(check({path("more.cfg").string(), "--no-estimate", "--set", "run.seed=43"}).text,
                 "seed = 43\n"));
}

TEST_F(CheckTest, MistakesComeInsteadOfAPageOfConfiguration) {
    EXPECT_EQ(refusal({"--set", "server.epoch=3"}),
              "2: --set: server.epoch = 3: unknown key; did you mean server.epochs?");
    EXPECT_TRUE(contains(refusal({"--set", "run.output=" + path("train.tsv").string()}),
                         "is an input of the run (data.train)"));
    EXPECT_TRUE(contains(refusal({"--set", "run.output=" + path("run.cfg").string()}),
                         "is an input of the run (the configuration)"));
    EXPECT_TRUE(contains(refusal({"--set", "device.*.memory=3 kB"}), "no device is admitted"));
    EXPECT_TRUE(refusal_by([] { check_command(Words{"nowhere.cfg"}); }).starts_with("2: nowhere"));
}

TEST_F(CheckTest, DefaultsAreThoseOfTheConfigurationItself) {
    EXPECT_EQ(answer_of(check_command, {"--print-defaults"}).text, print_defaults());
}

TEST_F(CheckTest, TheRunsOfAnExperimentAreListedAsAShellReadsThem) {
    files.write("experiment.cfg",
                "include = run.cfg\n"
                "[runs]\n"
                "first = --set run.seed=2 --set \"server.rate=1 TFLOP/s\"\n"
                "second = run.seed=3\n");
    const Answer answer =
        answer_of(check_command, {"--list-runs", path("experiment.cfg").string()});
    EXPECT_EQ(answer.text,
              "first\t--set \"run.seed=2\" --set \"server.rate=1 TFLOP/s\"\n"
              "second\t--set \"run.seed=3\"\n");
    EXPECT_TRUE(refusal_by([] {
                    check_command(Words{"--list-runs", "nowhere.cfg"});
                }).starts_with("2: nowhere.cfg"));
}

TEST_F(CheckTest, AFinishedRunIsOfThisConfigurationOrNot) {
    const std::string file = run_file({"run.seed=5"});
    const Answer same = check({"--same-as", file, "--set", "run.seed=5"});
    EXPECT_EQ(same.code, 0);
    EXPECT_EQ(same.text, "");
    EXPECT_EQ(check({"--same-as", file, "--set", "run.seed=5", "--set", "run.threads=4"}).text, "")
        << "which is the host's";
    EXPECT_EQ(refusal({"--same-as", file}),
              "2: made.h5 is of another configuration: run.seed = 5 there, 1 here");
    EXPECT_TRUE(refusal({"--same-as", path("train.tsv").string()}).starts_with("3: "));
    EXPECT_TRUE(refusal({"--same-as", "nowhere.h5"}).starts_with("3: run file 'nowhere.h5'"));
}

TEST_F(CheckTest, ARunThatDidNotFinishIsNone) {
    const std::string file = run_file({}, record::RunStatus::Aborted);
    EXPECT_TRUE(refusal({"--same-as", file}).starts_with("3: run file 'made.h5'"));
}

TEST_F(CheckTest, TablesAreThoseOfTheCatalogueInTheWorkingDirectory) {
    fs::create_directories(path("place/configs/devices"));
    fs::create_directories(path("place/configs/links"));
    files.write("place/configs/devices/phone.cfg",
                "[device.phone]\nrate_fp16 = 1 TFLOP/s\nmemory = 1 GB\n"
                "memory_bandwidth = 10 GB/s\n");
    files.write("place/configs/links/lte.cfg",
                "[link.lte]\nuplink = 5 Mbit/s\ndownlink = 30 Mbit/s\n");
    fs::current_path(path("place"));
    const Catalogue catalogue = load_catalogue("configs");
    const std::string devices = devices_text(catalogue.devices, std::nullopt);
    const std::string links = links_text(catalogue.links, 36'864);
    EXPECT_TRUE(contains(devices, "phone"));
    EXPECT_EQ(answer_of(check_command, {"--devices"}).text, devices);
    EXPECT_EQ(answer_of(check_command, {"--links"}).text, links);
    EXPECT_EQ(answer_of(check_command, {"--links", "--devices"}).text, devices + links);
    EXPECT_EQ(answer_of(check_command, {"--laws"}).text, "");
    files.write("place/configs/devices/board.cfg",
                "[device.board]\nprofile = points.csv\nmemory = 1 GB\n"
                "memory_bandwidth = 10 GB/s\n");
    files.write("place/configs/devices/points.csv",
                "precision,flop [GFLOP],time [ms],source\nfp16,1,10,a page\n");
    EXPECT_EQ(answer_of(check_command, {"--laws"}).text,
              "board fp16: work / 100 GFLOP/s; 1 point (a plain rate: one point tells no more)\n"
              "     1 GFLOP     0 launches      10 ms  law   +0 %  a page\n");
    EXPECT_TRUE(contains(answer_of(check_command, {"--devices"}).text, "100 GFLOP/s"));
    fs::remove(path("place/configs/devices/board.cfg"));

    SampleCost cost;
    BackboneParameters parameters;
    parameters.path = parameters.name = path("bert").string();
    cost.size = inspect_backbone(parameters).size;
    EXPECT_EQ(answer_of(check_command, {"--devices", "--backbone", parameters.path}).text,
              devices_text(catalogue.devices, cost));
    cost.tokens = 17;
    EXPECT_EQ(
        answer_of(check_command, {"--devices", "--backbone", parameters.path, "--tokens", "17"})
            .text,
        devices_text(catalogue.devices, cost));
    EXPECT_TRUE(
        refusal_by([&] {
            check_command(Words{"--devices", "--backbone", parameters.path, "--tokens", "0"});
        }).starts_with("2: --tokens 0: accepted: "));
}

}  // namespace
}  // namespace mobi::test
