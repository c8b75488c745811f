// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "app/command.hpp"
#include "app/host_report.hpp"
#include "app/output.hpp"
#include "app/progress.hpp"
#include "app/run_place.hpp"
#include "app/summary.hpp"
#include "config/arguments.hpp"
#include "config/dump.hpp"
#include "config/load.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "method/recorded_fleet.hpp"
#include "prepare/run_record.hpp"
#include "prepare/timeline_walk.hpp"
#include "server/log_source.hpp"
#include "server/logged_plan.hpp"
#include "server/past_run.hpp"

namespace mobi {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"set", true, "key=value, overrides the logged configuration; may be repeated"},
        {"resume", false, "go on with an unfinished replay"},
        {"overwrite", false, "replace the run that is at the output already"},
        {"help", false, "this text"},
    };
    return list;
}

/// Settings that decide what was uploaded: a replay cannot change them.
void refuse_other_uploads(const RunConfig& logged, RunConfig wanted) {
    if (wanted.run.figures != logged.run.figures)
        throw ConfigError(
            "run.figures: a replay takes the times of packets from the log; accepted: those of the "
            "log, or fedmobillm run with others");
    wanted.run = logged.run;
    wanted.method = logged.method;
    wanted.side = logged.side;
    wanted.align = logged.align;
    wanted.loss = logged.loss;
    wanted.optimizer = logged.optimizer;
    const ServerParameters asked = wanted.server;
    wanted.server = logged.server;
    wanted.server.deadline_s = asked.deadline_s;  // these two decided what arrived
    wanted.server.enough_share = asked.enough_share;
    wanted.eval = logged.eval;
    wanted.record = logged.record;
    if (dump(wanted) != dump(logged))
        throw ConfigError(
            "--set: a replay takes text, fleet and packets from the log; run.seed, run.output and "
            "the keys of method, side, align, loss, optimizer, server (but for deadline and "
            "enough) and eval can be changed");
}

std::filesystem::path output_of(const Arguments& arguments,
                                const RunConfig& config,
                                const std::filesystem::path& input) {
    for (const std::string& setting : arguments.all("set"))
        if (setting.starts_with("run.output")) return config.run.output;
    return input.parent_path() / (input.stem().string() + "_replay.h5");
}

/// Uploads are in the log, and whose trace it was; when devices are on is not.
void read_what_the_log_lacks(RunConfig& config) {
    for (auto& [name, link] : config.links) {
        link.trace_file.clear();
        link.atc_file.clear();
        read_files_of(link);
    }
    for (auto& [name, availability] : config.availability) read_files_of(availability);
}

/// \param same  whether every setting is that of the log.
void replay(const record::RunReader& reader,
            const RunConfig& config,
            record::Output output,
            const std::optional<UnfinishedRun>& unfinished,
            bool same) {
    const WallClock::time_point start = WallClock::now();
    const record::RunLayout& logged = reader.layout();
    const auto method = make_method(config);
    if (!method->settles())
        throw ConfigError(fmt::format(
            "method.name = {}: a replay takes methods whose devices upload taps", method->name()));
    const FleetPlan plan = plan_from_log(
        reader, {config.fleet, config.devices, config.links, config.availability, config.run.seed},
        config.packet.samples, config.device_epochs, config.packet.labels);
    const Leftovers leftovers = leftovers_from_log(reader);
    const MethodSettings settings = method_settings(config);
    const std::vector<Delivery> deliveries = method->uploads()
                                                 ? deliveries_from_log(reader, plan, settings)
                                                 : method->settle(plan).arrived;
    foresee_run({config, plan, *method, deliveries, leftovers});
    LogSource source(reader, plan, deliveries);
    std::optional<PastRun> past;
    if (unfinished) past.emplace(unfinished->reader, unfinished->checkpoint, plan);

    RecordFacts facts;
    facts.class_names = logged.class_names;
    facts.train.classes = logged.classes;
    for (const record::SampleRow& row : reader.rows<record::SampleRow>()) {
        facts.train.labels.push_back(row.label);
        if (facts.train.regression()) facts.train.targets.push_back(row.target);
    }
    facts.test_samples = logged.test_samples;
    facts.validation_samples = logged.validation_samples;
    facts.splits = reader.rows<record::SplitRow>();
    if (same) facts.figure_keys = logged.figure_keys;
    facts.log = &reader;
    record::Writer writer(std::move(output), run_layout(config, plan, facts), config.record,
                          past ? record::Naming::WhenPublished : record::Naming::AtOnce);
    write_plan(writer, config, plan, *method, deliveries, leftovers, facts);
    if (same) {  // else the server's figures may be others
        writer.submit(reader.rows<record::BandRow>());
        writer.submit(reader.rows<record::BoundRow>());
    }
    if (method->uploads()) {
        writer.submit(cut_off_rows(reader));
        writer.submit(reader.rows<record::CostRow>());
    }
    RecordedFleet fleet(deliveries);
    std::optional<LoggedPace> pace;
    if (same && config.run.clock == RunClock::Wall) pace.emplace(reader);
    Progress progress;
    const Resumption resumption{config.record.checkpoint_s, past ? &*past : nullptr, 0};
    const ServerResult result =
        run_server(server_settings(config), plan, fleet, leftovers, *method, &source,
                   pace ? &*pace : nullptr, writer, resumption, [&](const ServerProgress& now) {
                       throw_if_interrupted(kLeftBehind);
                       progress.show(now, 0, 0);
                   });
    progress.finish();
    writer.submit(result.passes.rows(plan, facts.train));
    SummaryFacts summary;
    summary.output = config.run.output;
    summary.wall_s = (WallClock::now() - start).count();
    writer.submit(server_host_rows(result, summary.wall_s));
    writer.close(record::RunStatus::Finished);
    print_output("{}", summary_text(plan, *method, config.eval, result, summary));
}

}  // namespace

int replay_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        print_output(
            "usage: fedmobillm replay RUN.h5 [--set key=value]...\n\n"
            "Writes RUN_replay.h5 beside it, or run.output.\n{}",
            describe_arguments(specs()));
        return 0;
    }
    if (arguments.positional.size() != 1)
        throw ConfigError("replay takes one run file, e.g. results/quickstart/run.h5");
    log::open(0, false);
    catch_signals();
    const std::filesystem::path input = arguments.positional[0];
    const record::RunReader reader(input);
    const RunConfig logged = parse_resolved(reader.layout().config_text);
    RunConfig config = parse_resolved(reader.layout().config_text, arguments.all("set"));
    config.run.output = output_of(arguments, config, input).string();
    refuse_other_uploads(logged, config);
    if (std::filesystem::exists(config.run.output) &&
        std::filesystem::equivalent(config.run.output, input))
        throw ConfigError("run.output: a replay cannot write over the run it reads");
    if (logged.run.compute != RunCompute::All)
        throw ConfigError(fmt::format(
            "{}: its packets were not computed (run.compute), so there is nothing to train on",
            input.string()));
    const bool same = dump(config) == dump(logged);
    // The log is read, not copied: a replay's own file holds no activations.
    config.record.activations = RecordActivations::None;
    read_what_the_log_lacks(config);
    const ExistingRun existing = existing_run(arguments);
    record::Output output(config.run.output);
    try {
        replay(reader, config, std::move(output), find_unfinished(config, existing), same);
    } catch (const NothingToDo& done) {
        print_output("{}\n", done.what());
    }
    return 0;
}

}  // namespace mobi
