// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "app/captured.hpp"
#include "app/command.hpp"
#include "prepare/run_record.hpp"
#include "prepare/tiny_run.hpp"
#include "record/run_reader.hpp"
#include "support/contains.hpp"

namespace mobi::test {
namespace {

namespace fs = std::filesystem;

/// Run files as far as they tell a replay that there is nothing to replay.
class ReplayTest : public TinyRun {
  protected:
    std::string run_file(const std::vector<std::string>& settings,
                         record::RunStatus status = record::RunStatus::Finished) const {
        const PreparedRun run = prepare(settings);
        RecordFacts facts;
        facts.class_names = run.class_names;
        facts.train = run.train;
        facts.test_samples = static_cast<std::int64_t>(run.test.size());
        facts.packets = run.config.run.compute != RunCompute::None;
        facts.trained = run.config.run.compute == RunCompute::All;
        const fs::path file = path("run.h5");
        record::Writer writer(file, run_layout(run.config, run.plan, facts), run.config.record);
        write_plan(writer, run.config, run.plan, *run.method, run.deliveries, run.leftovers, facts);
        writer.close(status);
        return file.string();
    }

    std::string refusal(const std::string& file, const Words& settings = {}) const {
        Words words{file};
        for (const std::string& setting : settings) {
            words.emplace_back("--set");
            words.push_back(setting);
        }
        return without_folder(refusal_by([&] { replay_command(words); }));
    }
};

TEST_F(ReplayTest, WhatWasNotComputedCannotBeTrainedOn) {
    for (const char* compute : {"run.compute=none", "run.compute=packets"})
        EXPECT_EQ(refusal(run_file({compute})),
                  "2: run.h5: its packets were not computed (run.compute), so there is nothing to "
                  "train on");
    EXPECT_FALSE(fs::exists(path("run_replay.h5"))) << "no file is left";
}

TEST_F(ReplayTest, WhatDecidedTheUploadsCannotBeChanged) {
    const std::string file = run_file({});
    for (const char* setting :
         {"packet.dtype=int8", "packet.samples=3", "data.alpha=3", "device.slow.memory=1 MB",
          "link.thin.uplink=1 Mbit/s", "backbone.small.layers=1", "plan.embedding=true",
          "cost.padding=max", "device.epochs=2", "server.deadline=1 s", "server.enough=0.5",
          "residual.output=logits", "forward.dtype=fp32"})
        EXPECT_TRUE(refusal(file, {setting})
                        .starts_with("2: --set: a replay takes text, fleet and packets from the "
                                     "log; run.seed, run.output and the keys of"))
            << setting;
}

TEST_F(ReplayTest, WhatTheServerDoesCan) {
    const std::string file = run_file({});
    for (const char* setting :
         {"run.seed=3", "method.name=central_side", "side.bottleneck=3", "align.projection=type",
          "loss.kind=huber_residual", "optimizer.lr=0.5", "server.epochs=7", "server.batch=3",
          "eval.every=2", "record.flush=1 s"})
        EXPECT_TRUE(contains(refusal(file, {setting}), "its packets were not computed"))
            << setting << " is not what it is refused for";
}

TEST_F(ReplayTest, ARunIsNotReplayedOverItself) {
    const std::string file = run_file({});
    EXPECT_EQ(refusal(file, {"run.output=" + file}),
              "2: run.output: a replay cannot write over the run it reads");
    fs::create_symlink(file, path("alias.h5"));
    EXPECT_EQ(refusal(file, {"run.output=" + path("alias.h5").string()}),
              "2: run.output: a replay cannot write over the run it reads");
    EXPECT_NO_THROW(record::RunReader{file}) << "it is whole";
}

TEST_F(ReplayTest, AnIncompleteRunIsRefused) {
    EXPECT_TRUE(
        refusal(run_file({}, record::RunStatus::Aborted)).starts_with("3: run file 'run.h5'"));
    EXPECT_TRUE(refusal(path("train.tsv").string()).starts_with("3: run file 'train.tsv'"));
    EXPECT_TRUE(refusal("nowhere.h5").starts_with("3: run file 'nowhere.h5'"));
}

TEST_F(ReplayTest, SettingsAreReadAsThoseOfAConfiguration) {
    const std::string file = run_file({});
    EXPECT_EQ(refusal(file, {"server.epoch=3"}),
              "2: --set: server.epoch = 3: unknown key; did you mean server.epochs?");
    EXPECT_TRUE(
        refusal(file, {"server.epochs=many"}).starts_with("2: --set: server.epochs = many"));
}

}  // namespace
}  // namespace mobi::test
