// SPDX-License-Identifier: Apache-2.0
#include "prepare/run_preparation.hpp"

#include <chrono>
#include <numeric>
#include <set>

#include "core/virtual_time.hpp"
#include "device/memory_model.hpp"
#include "prepare/run_record.hpp"
#include "prepare/tiny_run.hpp"
#include "support/contains.hpp"
#include "wire/layer_plan.hpp"

namespace mobi::test {
namespace {

using Layers = std::vector<std::int32_t>;
using Names = std::vector<std::string>;

class RunPreparationTest : public TinyRun {
  protected:
    Names backbones_of(const PreparedRun& run) const {
        Names names;
        for (const BackbonePlan& backbone : run.plan.backbones) names.push_back(backbone.name);
        return names;
    }

    /// Another configuration file, over the first.
    PreparedRun prepare_with(const std::string& text) const {
        files.write("more.cfg", text);
        return prepare_run(load_config({path("run.cfg"), path("more.cfg")}, {}, files.path()));
    }
};

TEST_F(RunPreparationTest, EverySampleIsOfOneDeviceAndKnowsItsPacket) {
    for (const char* partition : {"dirichlet", "uniform", "one_class"}) {
        const PreparedRun run = prepare({std::string("data.partition=") + partition});
        std::set<std::int32_t> dealt;
        for (const DevicePlan& device : run.plan.devices)
            for (std::size_t place = 0; place < device.samples.size(); ++place) {
                const std::int32_t id = device.samples[place];
                EXPECT_TRUE(dealt.insert(id).second) << id << " is dealt twice";
                const SamplePlan& sample = run.plan.samples[static_cast<std::size_t>(id)];
                EXPECT_EQ(sample.device, device.id);
                EXPECT_EQ(sample.packet, static_cast<std::int32_t>(place / 4));
            }
        EXPECT_EQ(dealt.size(), kTrain) << partition;
        EXPECT_EQ(run.plan.samples.size(), kTrain);
    }
}

TEST_F(RunPreparationTest, TextsAreReadWithTheTokenizerOfTheirDevice) {
    const PreparedRun run = prepare();
    for (const DevicePlan& device : run.plan.devices)
        for (const std::int32_t id : device.samples) {
            const auto i = static_cast<std::size_t>(id);
            const auto expected =
                device.profile.name == "slow"
                    ? plain_ids(bert_pieces(), train_texts[i], "[CLS]", "[SEP]", 12)
                    : plain_ids(mpnet_pieces(), train_texts[i], "<s>", "</s>", 12);
            EXPECT_EQ(run.tokens.train[i].ids, expected);
            EXPECT_EQ(run.plan.samples[i].tokens, static_cast<std::int32_t>(expected.size()));
        }
    ASSERT_EQ(run.tokens.test.size(), 2U);
    for (std::size_t i = 0; i < kTest; ++i) {
        EXPECT_EQ(run.tokens.test[0][i].ids,
                  plain_ids(bert_pieces(), test_texts[i], "[CLS]", "[SEP]", 12));
        EXPECT_EQ(run.tokens.test[1][i].ids,
                  plain_ids(mpnet_pieces(), test_texts[i], "<s>", "</s>", 12));
    }
}

TEST_F(RunPreparationTest, ClassesAreThoseOfTheTrainingTable) {
    const PreparedRun run = prepare();
    EXPECT_EQ(run.class_names, (Names{"animal", "plant", "star", "stone"}));
    EXPECT_EQ(run.train.classes, 4);
    EXPECT_EQ(run.test.classes, 4);
    ASSERT_EQ(run.train.size(), kTrain);
    ASSERT_EQ(run.test.size(), kTest);
    for (std::size_t i = 0; i < kTrain; ++i)
        EXPECT_EQ(run.train.labels[i], static_cast<std::int32_t>(i % 4));
    EXPECT_TRUE(run.train.targets.empty());
}

TEST_F(RunPreparationTest, ARegressionHasTargetsAndOneOutput) {
    std::string table = "text\tlabel\n";
    for (std::size_t i = 0; i < kTrain; ++i)
        table += fmt::format("{}\t{}\n", train_texts[i], 0.25 * static_cast<double>(i));
    files.write("numbers.tsv", table);
    const std::string data = path("numbers.tsv").string();
    const PreparedRun run =
        prepare({"data.train=" + data, "data.test=" + data, "data.train_samples=30",
                 "data.classes=1", "data.partition=uniform"});
    EXPECT_TRUE(run.class_names.empty());
    EXPECT_TRUE(run.train.regression());
    ASSERT_EQ(run.train.targets.size(), 30U);
    ASSERT_EQ(run.test.targets.size(), 10U) << "what follows the training samples";
    EXPECT_EQ(run.test.targets[0], 7.5F);
    for (std::size_t i = 0; i < 30; ++i)
        EXPECT_EQ(run.tokens.train[i].target, run.train.targets[i]);
    EXPECT_EQ(run.plan.backbones[0].layout.classes, 1);
    EXPECT_EQ(worker_setup(run, 1).classes, 1);
}

TEST_F(RunPreparationTest, BackbonesAreThoseOfTheirFoldersInTheOrderOfTheMix) {
    const PreparedRun run = prepare();
    EXPECT_EQ(backbones_of(run), (Names{"small", "large"}));
    const PreparedRun reversed = prepare({"fleet.mix=fast:4 slow:3"});
    EXPECT_EQ(backbones_of(reversed), (Names{"large", "small"}));
    for (const BackbonePlan& backbone : run.plan.backbones) {
        EXPECT_EQ(backbone.size.layers, 2);
        EXPECT_EQ(backbone.size.width, 24);
        EXPECT_EQ(backbone.size.heads, 3);
        EXPECT_EQ(backbone.size.ffn, 40);
        EXPECT_EQ(backbone.weight_dtype, Precision::Fp32);
        EXPECT_EQ(backbone.layout, (PacketLayout{Precision::Fp32, 2, 24, 4, false}));
    }
    EXPECT_EQ(run.plan.backbones[0].family, "bert");
    EXPECT_EQ(run.plan.backbones[0].vocabulary, 50);
    EXPECT_EQ(run.plan.backbones[1].family, "mpnet");
    EXPECT_EQ(run.plan.backbones[1].vocabulary, 60);
    EXPECT_EQ(run.plan.backbones[0].devices, 3);
    EXPECT_EQ(run.plan.backbones[1].devices, 4);
}

TEST_F(RunPreparationTest, PacketsHaveTheShapeThatTheConfigurationAsksFor) {
    const PreparedRun run =
        prepare({"packet.dtype=int4", "packet.labels=true", "plan.embedding=true", "plan.layers=1",
                 "packet.samples=3", "device.epochs=2"});
    for (const BackbonePlan& backbone : run.plan.backbones)
        EXPECT_EQ(backbone.layout, (PacketLayout{Precision::Int4, 2, 24, 4, true}));
    EXPECT_EQ(run.plan.packet_samples, 3);
    EXPECT_EQ(run.plan.device_epochs, 2);
    EXPECT_EQ(static_cast<std::int64_t>(run.deliveries.size()), run.plan.packets_planned());
    for (const Delivery& delivery : run.deliveries) EXPECT_LE(delivery.samples.size(), 3U);
    EXPECT_EQ(
        prepare({"method.name=central_side", "packet.dtype=int4"}).plan.backbones[0].layout.dtype,
        make_method(config({"method.name=central_side"}))
            ->tap_precision(config({"packet.dtype=int4"}).packet));
}

TEST_F(RunPreparationTest, TheShallowestBackboneGivesTheNumberOfBlocks) {
    const PreparedRun run =
        prepare_with("[backbone.large]\npath = " + path("deep").string() + "\n");
    EXPECT_EQ(run.plan.backbones[0].tap_layers, (Layers{1, 2}));
    EXPECT_EQ(run.plan.backbones[1].tap_layers, (Layers{2, 4})) << "spread over its four";
    EXPECT_EQ(block_count(run.plan), 2);
    for (const char* rule : {"first", "last", "random"}) {
        const PreparedRun other = prepare_with(fmt::format(
            "[backbone.large]\npath = {}\n[plan]\nrule = {}\n", path("deep").string(), rule));
        EXPECT_EQ(other.plan.backbones[1].tap_layers,
                  sampled_layers(other.config.plan, 4, 2, other.config.run.seed));
    }
    const PreparedRun cut = prepare({"backbone.small.layers=1"});
    EXPECT_EQ(cut.plan.backbones[1].tap_layers, (Layers{2}));
    EXPECT_EQ(block_count(cut.plan), 1);
    const PreparedRun embedded = prepare({"plan.embedding=true"});
    EXPECT_EQ(embedded.plan.backbones[0].tap_layers, (Layers{0, 1, 2}));
    EXPECT_EQ(block_count(embedded.plan), 2) << "the embedding is none";
}

TEST_F(RunPreparationTest, ThePivotIsTheFoldersOwnUnlessOneIsAskedFor) {
    files.write("bert/1_Pooling/config.json",
                R"({"pooling_mode": "cls", "embedding_dimension": 24})");
    files.write("mpnet/1_Pooling/config.json",
                R"({"pooling_mode": "mean", "embedding_dimension": 24})");
    const PreparedRun own = prepare();
    EXPECT_EQ(own.plan.backbones[0].pivot, Pivot::First);
    EXPECT_EQ(own.plan.backbones[1].pivot, Pivot::Mean);
    const PreparedRun asked = prepare({"packet.pivot=last"});
    for (const BackbonePlan& backbone : asked.plan.backbones)
        EXPECT_EQ(backbone.pivot, Pivot::Last);
}

TEST_F(RunPreparationTest, TheTaskTellsWhereItWasReadFrom) {
    const PreparedRun run = prepare();
    Names whose;
    for (const auto& [name, notes] : run.sources) whose.push_back(name);
    EXPECT_EQ(whose,
              (Names{"tokenizer.small", "tokenizer.large", "backbone.small", "backbone.large"}));
    const PreparedRun one = prepare({"device.fast.memory=3 kB"});
    whose.clear();
    for (const auto& [name, notes] : one.sources) whose.push_back(name);
    EXPECT_EQ(whose, (Names{"tokenizer.small", "tokenizer.large", "backbone.small"}))
        << "of the other no weight is wanted";
}

TEST_F(RunPreparationTest, WeightsAreLookedForOnlyWhereTheyAreComputedWith) {
    std::filesystem::remove(path("mpnet/model.safetensors"));
    EXPECT_EQ(refusal({}), "accepted");
    EXPECT_EQ(refusal({"run.compute=packets"}), "accepted");
    EXPECT_TRUE(contains(refusal({"run.compute=all"}), "mpnet: holds neither model.safetensors"));
    EXPECT_EQ(refusal({"run.compute=all", "device.fast.memory=3 kB"}), "accepted")
        << "no admitted device carries it";
    EXPECT_EQ(refusal({"run.compute=all", "backbone.large.weights=random"}), "accepted");
}

TEST_F(RunPreparationTest, DevicesThatChooseTakeTheLargestThatFits) {
    const std::string fleet =
        "[fleet]\nbackbones = slow:small\nfit = small large huge\n"
        "[backbone.huge]\npath = " +
        path("deep").string() +
        "\n"
        "weight_dtype = fp32\n";
    const PreparedRun run = prepare_with(fleet);
    EXPECT_EQ(backbones_of(run), (Names{"small", "large", "huge"}));
    const auto chosen = [](const PreparedRun& of) {
        return of.plan.backbones[static_cast<std::size_t>(of.plan.devices.back().backbone)].name;
    };
    EXPECT_EQ(chosen(run), "huge");
    // of a full packet of the longest texts, whatever the device's own are
    const double need =
        inference_memory_bytes(run.plan.backbones[2].size, Precision::Fp32, true, 4, 12, 2);
    const PreparedRun less =
        prepare_with(fleet + fmt::format("[device.fast]\nmemory = {} B\n", need - 1));
    EXPECT_NE(chosen(less), "huge");
    EXPECT_TRUE(less.plan.devices.back().admitted);
    const PreparedRun just =
        prepare_with(fleet + fmt::format("[device.fast]\nmemory = {} B\n", need));
    EXPECT_EQ(chosen(just), "huge");
    EXPECT_TRUE(just.plan.devices.back().admitted);
}

TEST_F(RunPreparationTest, ADeviceIsAdmittedAtTheByte) {
    const double need = prepare().plan.devices.front().memory_need_bytes;
    const auto admitted = [&](double bytes) {
        return prepare({fmt::format("device.slow.memory={} B", bytes)}).plan.admitted_devices();
    };
    EXPECT_EQ(admitted(need), 7);
    EXPECT_EQ(admitted(need - 1), 4);
    const PreparedRun run = prepare({"device.slow.memory=3 kB"});
    for (const Delivery& delivery : run.deliveries)
        EXPECT_TRUE(run.plan.devices[static_cast<std::size_t>(delivery.device)].admitted);
    EXPECT_TRUE(run.tokens.test[0].empty());
    EXPECT_FALSE(run.tokens.test[1].empty());
    EXPECT_TRUE(contains(refusal({"device.*.memory=3 kB"}), "fleet: no device is admitted"));
}

TEST_F(RunPreparationTest, TheTimelineIsThatOfTheMethod) {
    const PreparedRun run = prepare();
    EXPECT_TRUE(run.settled);
    EXPECT_EQ(run.tasks, 0);
    const auto method = make_method(run.config);
    const Deliveries all = method->settle(run.plan);
    ASSERT_EQ(run.deliveries.size(), all.arrived.size());
    for (std::size_t i = 0; i < all.arrived.size(); ++i) {
        EXPECT_EQ(run.deliveries[i].device, all.arrived[i].device);
        EXPECT_EQ(run.deliveries[i].samples, all.arrived[i].samples);
        EXPECT_EQ(run.deliveries[i].times.arrival, all.arrived[i].times.arrival);
    }
    const TimelineEnd end = foresee_run(run.timeline_input());
    EXPECT_EQ(run.timeline.end, end.end);
    EXPECT_EQ(run.timeline.run_end, end.run_end);
    EXPECT_EQ(run.timeline.updates, end.updates);
    EXPECT_GT(run.timeline.run_end, run.timeline.end) << "with the downloads";
}

TEST_F(RunPreparationTest, IsAFunctionOfTheConfiguration) {
    const PreparedRun first = prepare({"data.alpha=0.3"});
    const PreparedRun second = prepare({"data.alpha=0.3"});
    const PreparedRun other = prepare({"data.alpha=0.3", "run.seed=2"});
    bool differs = false;
    for (std::size_t i = 0; i < first.plan.devices.size(); ++i) {
        EXPECT_EQ(first.plan.devices[i].samples, second.plan.devices[i].samples);
        differs = differs || first.plan.devices[i].samples != other.plan.devices[i].samples;
    }
    EXPECT_TRUE(differs);
    EXPECT_EQ(first.timeline.run_end, second.timeline.run_end);
}

TEST_F(RunPreparationTest, PacketsThatComeTooLateAreMissing) {
    const PreparedRun all = prepare();
    const PreparedRun half = prepare({"server.enough=0.5"});
    EXPECT_EQ(half.deliveries.size(), (all.deliveries.size() + 1) / 2);
    EXPECT_EQ(static_cast<std::size_t>(half.missing_packets),
              all.deliveries.size() - half.deliveries.size());
    EXPECT_EQ(half.leftovers.late.size(), static_cast<std::size_t>(half.missing_packets));
}

TEST_F(RunPreparationTest, WhyNothingArrivesIsSaid) {
    EXPECT_EQ(
        refusal({"device.*.battery=5 J", "device.*.battery_start=0", "device.*.power_compute=5 W"}),
        "no packet ever arrives: every battery is empty at the start "
        "(device.*.battery_start)");
    EXPECT_EQ(refusal({"device.*.battery=1e-9 J", "device.*.power_compute=5 W"}),
              "no packet ever arrives: 7 devices leave with an empty battery before they have sent "
              "one (device.*.battery, device.*.battery_start)");
    EXPECT_EQ(refusal({"server.deadline=1 ns"}),
              "no packet ever arrives: see fleet.availability and server.deadline");
}

TEST_F(RunPreparationTest, ABackboneHasPositionsForEveryToken) {
    EXPECT_EQ(refusal({"data.max_tokens=20"}), "accepted");
    EXPECT_EQ(
        refusal({"data.max_tokens=21"}),
        "data.max_tokens = 21: backbone small has positions for 20 tokens; give at most that");
}

TEST_F(RunPreparationTest, MoreDevicesThanSamplesAreRefused) {
    EXPECT_EQ(refusal({"fleet.mix=slow:20 fast:20"}), "accepted");
    EXPECT_TRUE(contains(refusal({"fleet.mix=slow:20 fast:21"}),
                         "40 training samples cannot be dealt to 41 devices"));
}

TEST_F(RunPreparationTest, NobodyWaitsForAPaceOfCenturies) {
    const PreparedRun run = prepare();
    const double virtual_s =
        std::chrono::duration<double>(run.timeline.run_end.time_since_epoch()).count();
    const double limit = virtual_s / std::chrono::duration<double>(kLongestRun).count();
    const auto paced = [&](double scale) {
        return refusal(
            {"run.compute=all", "run.clock=wall", fmt::format("run.time_scale={}", scale)});
    };
    EXPECT_EQ(paced(limit * 1.01), "accepted");
    EXPECT_TRUE(contains(paced(limit * 0.99), "of real time, more than 200 years"));
    EXPECT_TRUE(contains(paced(limit * 0.99), "run.time_scale = "));
    EXPECT_EQ(refusal({fmt::format("run.time_scale={}", limit * 0.5)}), "accepted")
        << "the virtual clock has no pace";
}

TEST_F(RunPreparationTest, AnInputThatCannotBeReadIsNamed) {
    EXPECT_TRUE(contains(refusal({"data.train=nowhere.tsv"}), "nowhere.tsv: no such file"));
    EXPECT_TRUE(contains(refusal({"backbone.small.path=nowhere"}), "nowhere: no such folder"));
    EXPECT_TRUE(contains(refusal({"link.thin.trace=nowhere.txt"}), "nowhere.txt"));
    EXPECT_TRUE(contains(refusal({"device.slow.load=nowhere.txt"}), "nowhere.txt"));
    files.write("deep/vocab.txt", "");
    EXPECT_NE(refusal({"backbone.small.path=" + path("deep").string()}), "accepted");
}

TEST_F(RunPreparationTest, FilesOfTheProfilesAreRead) {
    files.write("rates.txt", "0 8\n0.1 2\n0.3 12\n");
    files.write("load.txt", "0 1\n0.05 0.4\n");
    files.write("spans.csv", "0,0,500\n");
    const PreparedRun run = prepare({"link.thin.trace=" + path("rates.txt").string(),
                                     "device.slow.load=" + path("load.txt").string()});
    EXPECT_NE(run.plan.devices.front().link.trace, nullptr);
    EXPECT_EQ(run.plan.devices.back().link.trace, nullptr);
    EXPECT_NE(run.plan.devices.front().profile.load, nullptr);
    const PreparedRun present =
        prepare_with("[fleet]\navailability = fast:p\n[availability.p]\nkind = trace\ntrace = " +
                     path("spans.csv").string() + "\ntrace_period = 1000 s\n");
    EXPECT_EQ(present.plan.devices.front().availability, nullptr) << "always on";
    ASSERT_NE(present.plan.devices.back().availability, nullptr);
    EXPECT_NE(present.plan.devices.back().availability->trace, nullptr);
}

TEST_F(RunPreparationTest, WorkersAreToldWhatTheyCompute) {
    const PreparedRun run = prepare({"run.seed=8", "run.compute=all", "forward.dtype=fp32",
                                     "residual.output=logits", "packet.dtype=int8"});
    const WorkerSetup setup = worker_setup(run, 3);
    EXPECT_EQ(setup.method, "fed_mobillm");
    EXPECT_EQ(setup.seed, 8U);
    EXPECT_EQ(setup.classes, 4);
    EXPECT_EQ(setup.threads, 3);
    EXPECT_TRUE(setup.forward);
    EXPECT_EQ(setup.arithmetic, Precision::Fp32);
    EXPECT_EQ(setup.batch_tokens, 64);
    EXPECT_EQ(setup.residual.output, ResidualOutput::Logits);
    EXPECT_EQ(setup.cache, path("prepared").string());
    ASSERT_EQ(setup.backbones.size(), 2U);
    for (const std::size_t k : {0U, 1U}) {
        EXPECT_EQ(setup.backbones[k].parameters.path, path(k == 0 ? "bert" : "mpnet").string());
        EXPECT_EQ(setup.backbones[k].pivot, run.plan.backbones[k].pivot);
        EXPECT_EQ(setup.backbones[k].tap_layers, run.plan.backbones[k].tap_layers);
        EXPECT_EQ(setup.backbones[k].layout, run.plan.backbones[k].layout);
        EXPECT_TRUE(setup.backbones[k].class_words.empty());
    }
    EXPECT_FALSE(worker_setup(prepare({"run.compute=packets"}), 1).forward);
}

}  // namespace
}  // namespace mobi::test
