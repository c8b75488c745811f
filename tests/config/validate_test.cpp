// SPDX-License-Identifier: Apache-2.0
#include "config/validate.hpp"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

namespace mobi::test {
namespace {

RunConfig valid() {
    RunConfig config;
    config.data.train = "train.tsv";
    config.data.test = "test.tsv";
    config.fleet.mix = {{"d", 3}};
    config.fleet.backbones = {{"d", "b"}};
    config.fleet.links = {{"d", {"l"}}};
    DeviceProfile& device = config.devices["d"];
    device.name = "d";
    device.rate_fp16_flop_per_s = device.memory_bytes = device.memory_bandwidth_bytes_per_s = 1e9;
    LinkProfile& link = config.links["l"];
    link.name = "l";
    link.uplink_bytes_per_s = link.downlink_bytes_per_s = 1e6;
    config.backbones["b"].name = "b";
    config.backbones["b"].path = "folder";
    return config;
}

/// The keys that validate() names after a change of a valid configuration.
std::vector<std::string> problems(const std::function<void(RunConfig&)>& change) {
    RunConfig config = valid();
    change(config);
    std::vector<std::string> keys;
    for (const auto& problem : validate(config)) keys.push_back(problem.key);
    return keys;
}

using Keys = std::vector<std::string>;

TEST(ValidateTest, AcceptsWhatCanRun) {
    EXPECT_EQ(problems([](RunConfig&) {}), Keys());
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.align.projection = ProjectionScope::DeviceLayer;
                  c.server.mode = ServerMode::PerDevice;
              }),
              Keys());
}

TEST(ValidateTest, ARankIsGivenTheTimeToBeHeardOf) {
    for (const double seconds : {0.0, 1.0, 60.0})
        EXPECT_EQ(problems([&](RunConfig& c) { c.run.patience_s = seconds; }), Keys()) << seconds;
    for (const double seconds : {1e-9, 0.9})
        EXPECT_EQ(problems([&](RunConfig& c) { c.run.patience_s = seconds; }), Keys{"run.patience"})
            << seconds;
}

TEST(ValidateTest, APublishedTaskHasItsOwnForm) {
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.data.task = TaskForm::Sst2;
                  c.data.separator = TableSeparator::Comma;
                  c.data.quoting = TableQuoting::None;
              }),
              (Keys{"data.separator", "data.quoting"}));
}

TEST(ValidateTest, NamesWhatTheFleetLacks) {
    EXPECT_EQ(problems([](RunConfig& c) { c.fleet.mix.clear(); }), Keys{"fleet.mix"});
    EXPECT_EQ(problems([](RunConfig& c) { c.fleet.mix[0].second = 0; }), Keys{"fleet.mix"});
    EXPECT_EQ(problems([](RunConfig& c) { c.devices.clear(); }), Keys{"fleet.mix"});
    EXPECT_EQ(problems([](RunConfig& c) { c.fleet.links.clear(); }), Keys{"fleet.links"});
    EXPECT_EQ(problems([](RunConfig& c) { c.links.clear(); }), Keys{"fleet.links"});
    EXPECT_EQ(problems([](RunConfig& c) { c.fleet.backbones.clear(); }), Keys{"fleet.backbones"});
    EXPECT_EQ(problems([](RunConfig& c) { c.backbones.clear(); }), Keys{"fleet.backbones"});
}

TEST(ValidateTest, NamesFiguresThatAreMissing) {
    EXPECT_EQ(problems([](RunConfig& c) { c.devices["d"].memory_bytes = kUnknown; }),
              Keys{"device.d.memory"});
    EXPECT_EQ(
        problems([](RunConfig& c) { c.devices["d"].memory_bandwidth_bytes_per_s = kUnknown; }),
        Keys{"device.d.memory_bandwidth"});
    EXPECT_EQ(problems([](RunConfig& c) { c.backbones["b"].weight_dtype = Precision::Fp32; }),
              Keys{"device.d.rate_fp32"});
    EXPECT_EQ(problems([](RunConfig& c) { c.backbones["b"].weight_dtype = Precision::Int4; }),
              Keys());
    EXPECT_EQ(problems([](RunConfig& c) { c.links["l"].uplink_bytes_per_s = kUnknown; }),
              Keys{"link.l.uplink"});
    EXPECT_EQ(problems([](RunConfig& c) { c.links["l"].downlink_bytes_per_s = kUnknown; }),
              Keys{"link.l.downlink"});
    EXPECT_EQ(problems([](RunConfig& c) { c.backbones["b"].path.clear(); }),
              Keys{"backbone.b.path"});
}

TEST(ValidateTest, ATraceSaysEveryRate) {
    const auto traced = [](auto change) {
        return problems([&](RunConfig& c) {
            LinkProfile& link = c.links["l"];
            link.trace_file = link.downlink_trace_file = "t";
            link.uplink_bytes_per_s = link.downlink_bytes_per_s = kUnknown;
            change(link);
        });
    };
    EXPECT_EQ(traced([](LinkProfile&) {}), Keys());
    EXPECT_EQ(traced([](LinkProfile& link) { link.trace_mean = TraceMean::Link; }),
              (Keys{"link.l.uplink", "link.l.downlink"}));
    EXPECT_EQ(traced([](LinkProfile& link) { link.downlink_deviation_bytes_per_s = 1; }),
              Keys{"link.l.downlink_deviation"});
    EXPECT_EQ(traced([](LinkProfile& link) {
                  link.trace_file.clear();
                  link.uplink_bytes_per_s = 1;
                  link.spread = 1;
              }),
              Keys{"link.l.spread"});
}

TEST(ValidateTest, NamesDataThatIsMissing) {
    EXPECT_EQ(problems([](RunConfig& c) { c.data.train.clear(); }), Keys{"data.train"});
    EXPECT_EQ(problems([](RunConfig& c) { c.data.test.clear(); }), Keys{"data.test"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.data.test.clear();
                  c.data.task = TaskForm::Mrpc;
              }),
              Keys());
    EXPECT_EQ(problems([](RunConfig& c) { c.data.text.clear(); }), Keys{"data.text"});
    EXPECT_EQ(problems([](RunConfig& c) { c.data.max_tokens = c.forward.batch_tokens + 1; }),
              Keys{"forward.batch_tokens"});
}

TEST(ValidateTest, CrossEntropyNeedsLabelsAndClasses) {
    EXPECT_EQ(problems([](RunConfig& c) { c.loss.kind = LossKind::CeWithLabel; }),
              Keys{"loss.kind"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.loss.kind = LossKind::CeWithLabel;
                  c.packet.labels = true;
              }),
              Keys());
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.loss.kind = LossKind::CeWithLabel;
                  c.packet.labels = true;
                  c.data.classes = "1";
              }),
              (Keys{"loss.kind", "packet.labels"}));
}

TEST(ValidateTest, ALabelIsReadOffTheResidualOfProbabilitiesAlone) {
    const auto with = [](ResidualOutput output, const char* classes) {
        return problems([&](RunConfig& c) {
            c.loss.kind = LossKind::CeResidual;
            c.loss.logit_adjustment = LogitAdjustment::Type;
            c.residual.output = output;
            c.data.classes = classes;
        });
    };
    EXPECT_EQ(with(ResidualOutput::Softmax, ""), Keys());
    EXPECT_EQ(with(ResidualOutput::Zero, ""), Keys());
    EXPECT_EQ(with(ResidualOutput::Logits, ""), Keys{"loss.kind"});
    EXPECT_EQ(with(ResidualOutput::Softmax, "1"), Keys{"loss.kind"});
}

TEST(ValidateTest, APermutationCannotBeBalanced) {
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.server.balance = Balance::Backbone;
                  c.server.sampler = Sampler::Permutation;
              }),
              Keys{"server.balance"});
    EXPECT_EQ(problems([](RunConfig& c) { c.server.balance = Balance::Device; }), Keys());
}

TEST(ValidateTest, ARunHasAtLeastOneUpdate) {
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.server.mode = ServerMode::ArrivalOnly;
                  c.server.updates_per_arrival = 0;
              }),
              Keys{"server.mode"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.server.mode = ServerMode::ReplayAfterAll;
                  c.server.epochs = 0;
              }),
              Keys{"server.mode"});
    EXPECT_EQ(problems([](RunConfig& c) { c.server.epochs = 0; }), Keys());
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.method.name = "central_side";
                  c.server.epochs = 0;
              }),
              Keys{"server.mode"});
}

TEST(ValidateTest, CentralTrainingHasOneNetwork) {
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.method.name = "central_side";
                  c.server.mode = ServerMode::PerDevice;
              }),
              Keys{"server.mode"});
}

TEST(ValidateTest, APlanHasNoMoreLayersThanABackboneKeeps) {
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.backbones["b"].layers = 3;
                  c.plan.layers = 4;
              }),
              Keys{"plan.layers"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.backbones["b"].layers = 3;
                  c.plan.layers = 3;
              }),
              Keys());
}

TEST(ValidateTest, AFleetIsNoLargerThanItMayBe) {
    EXPECT_EQ(problems([](RunConfig& c) { c.fleet.mix[0].second = kMostDevices; }), Keys());
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.devices["e"] = c.devices["d"];
                  c.fleet.mix = {{"d", kMostDevices}, {"e", 1}};
                  c.fleet.links["e"] = {"l"};
                  c.fleet.backbones["e"] = "b";
              }),
              Keys{"fleet.mix"});
}

TEST(ValidateTest, EveryLinkThatMayBeDrawnIsThere) {
    EXPECT_EQ(problems([](RunConfig& c) { c.fleet.links["d"] = {"l", "m"}; }), Keys{"fleet.links"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.fleet.links["d"] = {"l", "m"};
                  c.links["m"] = c.links["l"];
              }),
              Keys());
}

TEST(ValidateTest, AChoiceByMemoryStandsForABackbone) {
    const auto with_fit = [](std::vector<std::string> fit) {
        return problems([&](RunConfig& c) {
            c.fleet.backbones.clear();
            c.fleet.fit = std::move(fit);
        });
    };
    EXPECT_EQ(with_fit({}), Keys{"fleet.backbones"});
    EXPECT_EQ(with_fit({"b"}), Keys());
    EXPECT_EQ(with_fit({"b", "gone"}), Keys{"fleet.backbones"});
}

TEST(ValidateTest, PatternsOfAvailabilityAreThereAndWhole) {
    const auto with = [](auto change) {
        return problems([&](RunConfig& c) {
            c.fleet.availability = {{"d", "a"}};
            AvailabilityProfile& pattern = c.availability["a"];
            pattern.name = "a";
            change(pattern);
        });
    };
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.fleet.availability = {{"d", "a"}};
              }),
              Keys{"fleet.availability"});
    EXPECT_EQ(with([](AvailabilityProfile&) {}), Keys());
    EXPECT_EQ(with([](AvailabilityProfile& a) { a.kind = AvailabilityKind::Trace; }),
              Keys{"availability.a.trace"});
    EXPECT_EQ(with([](AvailabilityProfile& a) {
                  a.kind = AvailabilityKind::Trace;
                  a.trace_file = "t";
              }),
              Keys());
    EXPECT_EQ(with([](AvailabilityProfile& a) { a.daily_from_s = a.daily_to_s = 24 * 3600; }),
              Keys());
    EXPECT_EQ(with([](AvailabilityProfile& a) { a.daily_from_s = a.daily_to_s = 24 * 3600 + 1; }),
              (Keys{"availability.a.from", "availability.a.to"}));
}

TEST(ValidateTest, ABatteryAndACellNeedTheirFigures) {
    EXPECT_EQ(problems([](RunConfig& c) { c.devices["d"].battery_j = 1; }),
              Keys{"device.d.power_compute"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.devices["d"].battery_j = 1;
                  c.devices["d"].compute_w = 0;
              }),
              Keys());
    EXPECT_EQ(problems([](RunConfig& c) { c.links["l"].cell_devices = 1; }),
              Keys{"link.l.cell_uplink"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.links["l"].cell_devices = 1;
                  c.links["l"].cell_uplink_bytes_per_s = 1;
              }),
              Keys());
}

TEST(ValidateTest, AProfileOrATimePerSampleStandsForFigures) {
    EXPECT_EQ(problems([](RunConfig& c) {
                  LinkProfile& link = c.links["l"];
                  link.uplink_bytes_per_s = link.downlink_bytes_per_s = kUnknown;
                  link.atc_file = "atc.json";
              }),
              Keys());
    EXPECT_EQ(problems([](RunConfig& c) {
                  DeviceProfile& device = c.devices["d"];
                  device.rate_fp16_flop_per_s = device.memory_bandwidth_bytes_per_s = kUnknown;
                  device.time_per_sample_s = 1;
              }),
              Keys());
    const auto with_points = [](auto change) {
        return problems([&](RunConfig& c) {
            DeviceProfile& device = c.devices["d"];
            device.rate_fp16_flop_per_s = kUnknown;
            device.profile_file = "points.csv";
            change(device);
        });
    };
    EXPECT_EQ(with_points([](DeviceProfile&) {}), Keys());
    EXPECT_EQ(with_points([](DeviceProfile& d) { d.time_per_sample_s = 1; }),
              Keys{"device.d.profile"});
    EXPECT_EQ(with_points([](DeviceProfile& d) { d.t0_s = 1; }), Keys{"device.d.profile"});
}

TEST(ValidateTest, ADeadlineIsWithinTheLongestRun) {
    constexpr double kYears200 = 200.0 * 365 * 86400;
    const auto with = [](double server_s, double round_s) {
        return problems([&](RunConfig& c) {
            c.server.deadline_s = server_s;
            c.rounds.deadline_s = round_s;
        });
    };
    EXPECT_EQ(with(kYears200, kYears200), Keys());
    EXPECT_EQ(with(kYears200 * 1.001, 0), Keys{"server.deadline"});
    EXPECT_EQ(with(0, kYears200 * 1.001), Keys{"rounds.deadline"});
}

TEST(ValidateTest, ASynchronousRoundAsksAsManyAsItWants) {
    const auto with = [](RoundProtocol protocol, int selected) {
        return problems([&](RunConfig& c) {
            c.rounds.protocol = protocol;
            c.rounds.wanted = 5;
            c.rounds.selected = selected;
        });
    };
    EXPECT_EQ(with(RoundProtocol::Sync, 5), Keys());
    EXPECT_EQ(with(RoundProtocol::Sync, 4), Keys{"rounds.selected"});
    EXPECT_EQ(with(RoundProtocol::Buffered, 4), Keys());
}

TEST(ValidateTest, TheWallClockPacesRealPacketsOfDevices) {
    EXPECT_EQ(problems([](RunConfig& c) { c.run.clock = RunClock::Wall; }), Keys());
    for (const RunCompute compute : {RunCompute::Packets, RunCompute::None})
        EXPECT_EQ(problems([&](RunConfig& c) {
                      c.run.clock = RunClock::Wall;
                      c.run.compute = compute;
                  }),
                  Keys{"run.compute"});
    EXPECT_EQ(problems([](RunConfig& c) {
                  c.run.clock = RunClock::Wall;
                  c.method.name = "central_side";
              }),
              Keys{"run.clock"});
}

// Two mistakes that have nothing to do with each other are both found.
TEST(ValidateTest, ProblemsAddUp) {
    using Change = std::function<void(RunConfig&)>;
    const std::vector<Change> changes{
        [](RunConfig& c) { c.data.train.clear(); },
        [](RunConfig& c) { c.devices["d"].memory_bytes = kUnknown; },
        [](RunConfig& c) { c.links["l"].uplink_bytes_per_s = kUnknown; },
        [](RunConfig& c) { c.backbones["b"].path.clear(); },
        [](RunConfig& c) { c.loss.kind = LossKind::CeWithLabel; },
        [](RunConfig& c) { c.rounds.wanted = c.rounds.selected + 1; },
        [](RunConfig& c) { c.server.deadline_s = 1e30; }};
    for (std::size_t i = 0; i < changes.size(); ++i)
        for (std::size_t k = 0; k < changes.size(); ++k) {
            if (i == k) continue;
            Keys expected = problems(changes[i]);
            const Keys other = problems(changes[k]);
            ASSERT_EQ(expected.size(), 1U);
            ASSERT_EQ(other.size(), 1U);
            expected.insert(expected.end(), other.begin(), other.end());
            Keys found = problems([&](RunConfig& c) {
                changes[i](c);
                changes[k](c);
            });
            std::sort(found.begin(), found.end());
            std::sort(expected.begin(), expected.end());
            EXPECT_EQ(found, expected);
        }
}

TEST(ValidateTest, WhatIsNotReplayedHasNoPassesToBalance) {
    const auto with = [](ServerMode mode, std::string method) {
        return problems([&](RunConfig& c) {
            c.server.balance = Balance::Passes;
            c.server.mode = mode;
            c.method.name = method;
        });
    };
    for (const ServerMode mode :
         {ServerMode::ArrivalReplay, ServerMode::ReplayAfterAll, ServerMode::PerDevice})
        EXPECT_EQ(with(mode, "fed_mobillm"), Keys());
    EXPECT_EQ(with(ServerMode::ArrivalOnly, "fed_mobillm"), Keys{"server.balance"});
    EXPECT_EQ(with(ServerMode::ArrivalOnly, "central_side"), Keys());
}

TEST(ValidateTest, PatienceNeedsAValidationSetAndSeveralEvaluations) {
    const auto with = [](auto change) {
        return problems([&](RunConfig& c) {
            c.eval.patience = 3;
            c.data.split = {SplitRule::Share, 0.1};
            change(c);
        });
    };
    const Keys refused{"eval.patience"};
    EXPECT_EQ(with([](RunConfig&) {}), Keys());
    EXPECT_EQ(with([](RunConfig& c) { c.server.mode = ServerMode::ReplayAfterAll; }), Keys());
    EXPECT_EQ(with([](RunConfig& c) { c.data.split = {}; }), refused);
    EXPECT_EQ(with([](RunConfig& c) { c.run.compute = RunCompute::None; }), refused);
    EXPECT_EQ(with([](RunConfig& c) { c.run.compute = RunCompute::Packets; }), refused);
    EXPECT_EQ(with([](RunConfig& c) { c.server.mode = ServerMode::ArrivalOnly; }), refused);
    EXPECT_EQ(with([](RunConfig& c) { c.server.mode = ServerMode::PerDevice; }), refused);
}

TEST(ValidateTest, FedPetuningHasSharesForItsTasksAlone) {
    const auto with = [](TaskForm form) {
        return problems([&](RunConfig& c) {
            c.data.task = form;
            c.data.split.rule = SplitRule::FedPetuning;
        });
    };
    EXPECT_EQ(with(TaskForm::Mrpc), Keys());
    EXPECT_EQ(with(TaskForm::Sst2), Keys());
    EXPECT_EQ(with(TaskForm::Table), Keys{"data.split"});
    EXPECT_EQ(with(TaskForm::AgNews), Keys{"data.split"});
}

}  // namespace
}  // namespace mobi::test
