// SPDX-License-Identifier: Apache-2.0
#include "prepare/run_record.hpp"

#include <cmath>

#include "config/dump.hpp"
#include "prepare/outlook.hpp"
#include "prepare/tiny_run.hpp"
#include "record/run_reader.hpp"
#include "record/writer.hpp"

namespace mobi::test {
namespace {

class RunRecordTest : public TinyRun {
  protected:
    static RecordFacts facts_of(const PreparedRun& run) {
        RecordFacts facts;
        facts.class_names = run.class_names;
        facts.train = run.train;
        facts.test_samples = static_cast<std::int64_t>(run.test.size());
        return facts;
    }
};

TEST(MethodSettingsTest, HasEveryKeyThatCostsDependOn) {
    RunConfig config;
    config.cost.padding = Padding::Max;
    config.packet.dtype = Precision::Int4;
    config.packet.pivot = Pivot::Mean;
    config.packet.samples = 11;
    config.packet.labels = true;
    config.packet.charge_header = false;
    config.data.max_tokens = 77;
    config.server.rate_flop_per_s = 2e9;
    config.server.access_bytes_per_s = 3e6;
    config.server.deadline_s = 40;
    config.server.enough_share = 0.5;
    config.run.seed = 99;
    const MethodSettings settings = method_settings(config);
    EXPECT_EQ(settings.cost.padding, Padding::Max);
    EXPECT_EQ(settings.packet.dtype, Precision::Int4);
    EXPECT_EQ(settings.packet.pivot, Pivot::Mean);
    EXPECT_EQ(settings.packet.samples, 11);
    EXPECT_TRUE(settings.packet.labels);
    EXPECT_FALSE(settings.packet.charge_header);
    EXPECT_EQ(settings.max_tokens, 77);
    EXPECT_EQ(settings.server_rate_flop_per_s, 2e9);
    EXPECT_EQ(settings.fleet.server_bytes_per_s, 3e6);
    EXPECT_EQ(settings.fleet.seed, 99U);
    EXPECT_EQ(settings.deadline_s, 40);
    EXPECT_EQ(settings.enough_share, 0.5);
}

TEST(MethodSettingsTest, AConfigurationsDefaultsAreThoseOfTheSettings) {
    const MethodSettings made = method_settings({});
    const MethodSettings plain;
    EXPECT_EQ(made.cost.padding, plain.cost.padding);
    EXPECT_EQ(made.packet.samples, plain.packet.samples);
    EXPECT_EQ(made.max_tokens, plain.max_tokens);
    EXPECT_EQ(made.server_rate_flop_per_s, plain.server_rate_flop_per_s);
    EXPECT_EQ(made.fleet.seed, plain.fleet.seed);
    EXPECT_EQ(made.fleet.server_bytes_per_s, plain.fleet.server_bytes_per_s);
    EXPECT_EQ(made.deadline_s, plain.deadline_s);
    EXPECT_EQ(made.enough_share, plain.enough_share);
}

TEST(ServerSettingsTest, OnlyACompleteRunTrains) {
    RunConfig config;
    EXPECT_TRUE(server_settings(config).train);
    EXPECT_TRUE(server_settings(config).record_activations);
    for (const RunCompute compute : {RunCompute::Packets, RunCompute::None}) {
        config.run.compute = compute;
        EXPECT_FALSE(server_settings(config).train);
    }
    config.record.activations = RecordActivations::None;
    EXPECT_FALSE(server_settings(config).record_activations);
    config.run.seed = 5;
    config.server.access_bytes_per_s = 7;
    EXPECT_EQ(server_settings(config).fleet.seed, 5U);
    EXPECT_EQ(server_settings(config).fleet.server_bytes_per_s, 7);
}

TEST_F(RunRecordTest, AMethodHasTheNameThatIsAskedFor) {
    for (const char* name : {"fed_mobillm", "central_side"})
        EXPECT_EQ(make_method(config({std::string("method.name=") + name}))->name(), name);
}

TEST_F(RunRecordTest, AMethodHasTheSideNetworkThatIsAskedFor) {
    const PreparedRun run = prepare({"side.width=24"});
    const auto shapes = [&](const std::vector<std::string>& settings) {
        auto all = settings;
        all.emplace_back("side.width=24");
        return make_method(config(all))->state_shapes(run.plan);
    };
    const auto plain = shapes({});
    for (const char* setting : {"side.bottleneck=5", "side.gate=none", "side.ln_affine=false",
                                "align.projection=device_layer", "align.projection=type"})
        EXPECT_NE(shapes({setting}), plain) << setting;
    EXPECT_EQ(shapes({"side.activation=gelu", "loss.kind=huber_residual"}), plain)
        << "neither has a tensor";
    EXPECT_NE(make_method(config({"side.width=30"}))->state_shapes(run.plan), plain);
}

TEST_F(RunRecordTest, AMethodsTimesFollowTheConfiguration) {
    const PreparedRun run = prepare();
    const auto end_of = [&](const std::vector<std::string>& settings) {
        const RunConfig changed = config(settings);
        const auto method = make_method(changed);
        const Deliveries all = method->settle(run.plan);
        return walk_timeline({changed, run.plan, *method, all.arrived, all.leftovers});
    };
    const TimelineEnd plain = end_of({});
    for (const char* setting :
         {"server.rate=1 kFLOP/s", "server.io_rate=1 kB/s", "server.step_overhead=9 s",
          "server.access_rate=8 kbit/s", "packet.charge_header=false", "server.enough=0.2",
          "server.deadline=20 ms"})
        EXPECT_NE(end_of({setting}).end, plain.end) << setting;
    for (const char* setting : {"server.epochs=5", "server.batch=3", "server.updates_per_arrival=2",
                                "server.mode=arrival_only"})
        EXPECT_NE(end_of({setting}).updates, plain.updates) << setting;
    for (const char* setting : {"optimizer.lr=0.5", "eval.every=3"})
        EXPECT_EQ(end_of({setting}).end, plain.end) << setting << " takes no virtual time";
    EXPECT_NE(end_of({"loss.kind=huber_residual"}).end, plain.end) << "other launches";
    const std::string fixed = "server.step_overhead=1 ms";
    EXPECT_EQ(end_of({fixed, "loss.kind=huber_residual"}).end, end_of({fixed}).end);
}

TEST_F(RunRecordTest, AMethodChargesTheLengthThatTheConfigurationPadsTo) {
    const PreparedRun run = prepare();
    const auto flop_of = [&](const char* padding) {
        double flop = 0;
        for (const Delivery& one : make_method(config({std::string("cost.padding=") + padding}))
                                       ->settle(run.plan)
                                       .arrived)
            flop += one.charged_flop;
        return flop;
    };
    EXPECT_LT(flop_of("none"), flop_of("batch"));
    EXPECT_LT(flop_of("batch"), flop_of("max"));
}

TEST_F(RunRecordTest, TheLayoutSaysWhatAllEnumerationsMean) {
    const PreparedRun run = prepare({"run.seed=12", "packet.dtype=int8", "plan.embedding=true"});
    const record::RunLayout layout = run_layout(run.config, run.plan, facts_of(run));
    EXPECT_EQ(layout.config_text, dump(run.config));
    EXPECT_EQ(layout.seed, 12U);
    EXPECT_EQ(layout.profile_names, (std::vector<std::string>{"slow", "fast"}));
    EXPECT_EQ(layout.link_names, (std::vector<std::string>{"thin", "thick"}));
    EXPECT_EQ(layout.family_names, (std::vector<std::string>{"bert", "mpnet"}));
    EXPECT_EQ(layout.class_names, run.class_names);
    EXPECT_EQ(layout.classes, 4);
    EXPECT_EQ(layout.blocks, 2) << "the embedding is none";
    EXPECT_EQ(layout.train_samples, static_cast<std::int64_t>(kTrain));
    EXPECT_EQ(layout.test_samples, static_cast<std::int64_t>(kTest));
    EXPECT_EQ(layout.diagnostic_names, run.method->diagnostics());
    EXPECT_EQ(layout.weights, run.method->state_shapes(run.plan));
    EXPECT_TRUE(layout.library_versions.contains("libtorch"));
    EXPECT_TRUE(layout.library_versions.contains("mpi"));
    ASSERT_EQ(layout.backbones.size(), 2U);
    EXPECT_EQ(layout.backbones[0].name, "small");
    EXPECT_EQ(layout.backbones[1].name, "large");
    for (const record::BackboneLayout& backbone : layout.backbones) {
        EXPECT_EQ(backbone.tap_layers, (std::vector<std::int32_t>{0, 1, 2}));
        EXPECT_EQ(backbone.width, 24);
        EXPECT_EQ(backbone.dtype, Precision::Int8);
    }
}

// The file has the outlook as it was computed: ends of the bands, keys by name, nothing as -1.
TEST_F(RunRecordTest, TheOutlookIsInTheFile) {
    const PreparedRun run = prepare({"fleet.availability=slow:late", "availability.late.join=2 h",
                                     "link.thin.uplink=2 kbit/s in 1 .. 8 kbit/s"});
    const Outlook outlook = look_ahead(run);
    ASSERT_EQ(outlook.totals.size(), 3U);
    ASSERT_GE(outlook.bounds.size(), 2U);
    RecordFacts facts = facts_of(run);
    facts.figure_keys = figure_keys(outlook);
    record::Writer writer(path("outlook.h5"), run_layout(run.config, run.plan, facts), {});
    write_outlook(writer, outlook);
    writer.close(record::RunStatus::Finished);

    const record::RunReader reader(path("outlook.h5"));
    EXPECT_EQ(reader.layout().figure_keys, facts.figure_keys);
    const auto ns = [](VirtualClock::time_point time) { return time.time_since_epoch().count(); };
    const auto bands = reader.rows<record::BandRow>();
    ASSERT_EQ(bands.size(), outlook.totals.size());
    for (std::size_t i = 0; i < bands.size(); ++i) {
        const RunTotals& totals = outlook.totals[i];
        EXPECT_EQ(bands[i].figures, static_cast<std::int8_t>(totals.figures));
        EXPECT_EQ(bands[i].end_ns, ns(totals.end));
        EXPECT_EQ(bands[i].run_end_ns, ns(totals.run_end));
        EXPECT_EQ(bands[i].updates, totals.updates);
        EXPECT_EQ(bands[i].missing_packets, totals.missing_packets);
        EXPECT_EQ(bands[i].server_busy_s, totals.server_busy_s);
        EXPECT_TRUE(std::isnan(bands[i].compute_energy_j)) << "fast devices have no figure";
        EXPECT_TRUE(std::isnan(bands[i].wait_energy_j));
    }
    const auto bounds = reader.rows<record::BoundRow>();
    ASSERT_EQ(bounds.size(), outlook.bounds.size());
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        const Bound& bound = outlook.bounds[i];
        EXPECT_EQ(bounds[i].kind, static_cast<std::int8_t>(bound.kind));
        EXPECT_EQ(facts.figure_keys.at(static_cast<std::size_t>(bounds[i].figure)), bound.key);
        EXPECT_EQ(bounds[i].share, bound.share);
        EXPECT_EQ(bounds[i].halved_ns, bound.halved ? ns(*bound.halved) : -1);
        EXPECT_EQ(bounds[i].doubled_ns, bound.doubled ? ns(*bound.doubled) : -1);
        EXPECT_EQ(bounds[i].without_ns, bound.without ? ns(*bound.without) : -1);
    }
}

TEST_F(RunRecordTest, WhatIsNotComputedHasNoPlaceInTheFile) {
    const PreparedRun run = prepare();
    RecordFacts facts = facts_of(run);
    EXPECT_TRUE(run_layout(run.config, run.plan, facts).activations);
    facts.trained = false;
    record::RunLayout layout = run_layout(run.config, run.plan, facts);
    EXPECT_TRUE(layout.activations) << "packets are kept all the same";
    EXPECT_EQ(layout.test_samples, 0);
    EXPECT_TRUE(layout.weights.empty());
    facts.packets = false;
    EXPECT_FALSE(run_layout(run.config, run.plan, facts).activations);
    facts = facts_of(run);
    const RunConfig without = config({"record.activations=none"});
    EXPECT_FALSE(run_layout(without, run.plan, facts).activations);
}

TEST_F(RunRecordTest, ThePlanIsReadBackFromTheFile) {
    PreparedRun run = prepare({"device.fast.memory=3 kB", "data.partition=uniform"});
    run.leftovers.emptied = {{2, VirtualClock::time_point(std::chrono::seconds(3))}};
    const RecordFacts facts = facts_of(run);
    {
        record::Writer writer(path("run.h5"), run_layout(run.config, run.plan, facts),
                              run.config.record);
        write_plan(writer, run.config, run.plan, *run.method, run.deliveries, run.leftovers, facts);
        writer.close(record::RunStatus::Finished);
    }
    const record::RunReader reader(path("run.h5"));
    EXPECT_EQ(reader.layout().config_text, dump(run.config));

    std::vector<std::int32_t> packets(run.plan.devices.size());
    for (const Delivery& delivery : run.deliveries)
        ++packets[static_cast<std::size_t>(delivery.device)];
    const auto devices = reader.rows<record::DeviceRow>();
    ASSERT_EQ(devices.size(), run.plan.devices.size());
    for (const record::DeviceRow& row : devices) {
        const auto i = static_cast<std::size_t>(row.device);
        const DevicePlan& device = run.plan.devices[i];
        EXPECT_EQ(row.profile, device.profile.name == "slow" ? 0 : 1);
        EXPECT_EQ(row.link, device.link.name == "thin" ? 0 : 1);
        EXPECT_EQ(row.backbone, device.backbone);
        EXPECT_EQ(row.samples, static_cast<std::int32_t>(device.samples.size()));
        EXPECT_EQ(row.packets, packets[i]);
        EXPECT_EQ(row.admitted, device.profile.name == "slow" ? 1 : 0);
        EXPECT_EQ(row.memory_need_bytes, device.memory_need_bytes);
        EXPECT_EQ(row.memory_bytes, device.profile.memory_bytes);
        EXPECT_EQ(row.uplink_bytes_per_s, device.link.uplink_bytes_per_s);
        EXPECT_EQ(row.emptied_ns, i == 2 ? 3'000'000'000 : -1);
    }

    const auto backbones = reader.rows<record::BackboneRow>();
    ASSERT_EQ(backbones.size(), 2U);
    EXPECT_EQ(backbones[0].devices, 3);
    EXPECT_EQ(backbones[1].devices, 0) << "none is admitted";
    for (const std::size_t k : {0U, 1U}) {
        const BackbonePlan& backbone = run.plan.backbones[k];
        EXPECT_EQ(backbones[k].name, static_cast<std::int32_t>(k));
        EXPECT_EQ(backbones[k].family, static_cast<std::int32_t>(k));
        EXPECT_EQ(backbones[k].layers, backbone.size.layers);
        EXPECT_EQ(backbones[k].width, backbone.size.width);
        EXPECT_EQ(backbones[k].parameters, backbone.size.parameters);
        EXPECT_EQ(backbones[k].vocabulary, k == 0 ? 50 : 60);
        EXPECT_EQ(backbones[k].taps, backbone.layout.taps);
    }

    const auto samples = reader.rows<record::SampleRow>();
    ASSERT_EQ(samples.size(), kTrain);
    for (const record::SampleRow& row : samples) {
        const auto i = static_cast<std::size_t>(row.sample);
        EXPECT_EQ(row.label, static_cast<std::int32_t>(i % 4)) << "the classes in their order";
        EXPECT_EQ(row.tokens, static_cast<std::int32_t>(run.tokens.train[i].ids.size()));
        EXPECT_EQ(row.device, run.plan.samples[i].device);
        EXPECT_EQ(row.packet, run.plan.samples[i].packet);
    }
}

TEST_F(RunRecordTest, WhereNothingIsUploadedNoDeviceHasPackets) {
    const PreparedRun run = prepare({"method.name=central_side"});
    ASSERT_FALSE(run.method->uploads());
    ASSERT_FALSE(run.deliveries.empty());
    const RecordFacts facts = facts_of(run);
    record::Writer writer(path("run.h5"), run_layout(run.config, run.plan, facts),
                          run.config.record);
    write_plan(writer, run.config, run.plan, *run.method, run.deliveries, run.leftovers, facts);
    writer.close(record::RunStatus::Finished);
    for (const record::DeviceRow& row :
         record::RunReader(path("run.h5")).rows<record::DeviceRow>()) {
        EXPECT_EQ(row.packets, 0);
        EXPECT_GT(row.samples, 0);
    }
}

}  // namespace
}  // namespace mobi::test
