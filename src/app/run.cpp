// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "app/catalogue_folder.hpp"
#include "app/command.hpp"
#include "app/host_report.hpp"
#include "app/output.hpp"
#include "app/progress.hpp"
#include "app/run_place.hpp"
#include "app/run_stage.hpp"
#include "app/summary.hpp"
#include "config/arguments.hpp"
#include "config/load.hpp"
#include "core/log.hpp"
#include "core/signals.hpp"
#include "kernels/library_info.hpp"
#include "messages/tags.hpp"
#include "method/registry/registry.hpp"
#include "model/backbone.hpp"
#include "prepare/outlook.hpp"
#include "prepare/run_preparation.hpp"
#include "prepare/run_record.hpp"
#include "server/record_rows.hpp"
#include "transport/broadcast.hpp"
#include "transport/environment.hpp"
#include "transport/heartbeat.hpp"
#include "transport/launcher.hpp"
#include "transport/local_channel.hpp"
#include "transport/mpi_channel.hpp"
#include "transport/silent_rank.hpp"
#include "worker/worker_loop.hpp"

namespace mobi {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"set", true, "key=value, overrides the configuration; may be repeated"},
        {"resume", false, "go on with the unfinished run in run.output"},
        {"overwrite", false, "replace the run in run.output"},
        {"verbose", false, "debug messages"},
        {"help", false, "this text"},
    };
    return list;
}

/// Compute threads of a process that works for the fleet.
std::int32_t compute_threads(const RunConfig& config, int ranks) {
    if (config.run.threads > 0) return config.run.threads;
    // With workers of their own ranks fill the cores; alone, threads do.
    return ranks > 1 ? 1
                     : static_cast<std::int32_t>(std::max(1U, std::thread::hardware_concurrency()));
}

/// What rank 0 tells the others before anything begins: go, and with what; or not, and why not.
Bytes start_message(const Bytes& setup) {
    ByteWriter writer;
    writer.put(std::int32_t{0});
    writer.put_bytes(setup);
    return writer.take();
}

Bytes refusal_message(int exit_code) {
    ByteWriter writer;
    writer.put(static_cast<std::int32_t>(exit_code));
    return writer.take();
}

/// Says in capital letters what would otherwise look like a slow machine.
void warn_of_slow_blas() {
    if (runs_on_reference_blas())
        log::warning(
            "THIS RUNS ON THE REFERENCE BLAS, 80 TIMES SLOWER THAN OPENBLAS: apt-get install "
            "libopenblas0-openmp");
}

/// Weights are prepared before the run file exists: a broken checkpoint is found first.
void prepare_weights(const PreparedRun& run) {
    for (const BackbonePlan& backbone : run.plan.backbones)
        if (backbone.devices > 0)
            load_backbone(run.config.backbones.at(backbone.name), run.config.forward.dtype,
                          run.config.backbone_cache, run.config.run.seed);
}

constexpr int kNothingToDo = -1;  // in place of an exit code: all ranks end well

/// What rank 0 alone has.
struct ServerSide {
    PreparedRun run;
    record::Output output;
    std::unique_ptr<PastRun> past;  ///< null: the run begins
    const Heartbeat* heartbeat = nullptr;
};

/// A rank that has not been heard of for some time, for the line of progress.
std::string silence_text(const Heartbeat& heartbeat) {
    constexpr WallClock::duration worth_a_word(5);
    const auto longest = heartbeat.longest_silence();
    if (!longest || longest->first.lasted < worth_a_word) return "";
    return fmt::format("waiting for rank {} on {}, silent for {:.0f} s", longest->first.rank,
                       longest->second, longest->first.lasted.count());
}

/// fp16 has no number above 65504: what was cut there is said, not hidden.
void warn_of_clamped_values(const ForwardTotalsMap& totals) {
    std::int64_t clamped = 0;
    for (const auto& [key, total] : totals) clamped += total.sum.counts.clamped;
    if (clamped > 0)
        log::warning(
            fmt::format("{} tap values were beyond the largest number of packet.dtype and "
                        "were sent as that",
                        clamped));
}

RecordFacts record_facts(const PreparedRun& run) {
    RecordFacts facts;
    facts.class_names = run.class_names;
    facts.train = run.train;
    facts.splits = run.splits;
    if (run.settled) {  // tasks evaluate nothing
        facts.test_samples = static_cast<std::int64_t>(run.test.size());
        facts.validation_samples = run.validation_samples;
    }
    facts.packets = run.config.run.compute != RunCompute::None;
    facts.trained = run.config.run.compute == RunCompute::All;
    return facts;
}

/// The server's part of a run: everything but the forward passes.
/// \param output   the place of the run file, held since before the run was prepared.
/// \param channel  null with `run.compute = none`.
void serve(ServerSide side, Channel* channel, std::int32_t threads) try {
    const WallClock::time_point start = WallClock::now();
    const PreparedRun& run = side.run;
    const Outlook outlook = look_ahead(run);
    RecordFacts facts = record_facts(run);
    facts.figure_keys = figure_keys(outlook);
    // Left by an exception, the writer closes the file with status aborted.
    record::Writer writer(std::move(side.output), run_layout(run.config, run.plan, facts),
                          run.config.record,
                          side.past ? record::Naming::WhenPublished : record::Naming::AtOnce);
    write_plan(writer, run.config, run.plan, *run.method, run.deliveries, run.leftovers, facts);
    write_outlook(writer, outlook);
    if (run.settled) writer.submit(loss_rows(run.lost));

    Progress progress([&] { return silence_text(*side.heartbeat); });
    ServerProgress server_progress;
    LiveSource* source = nullptr;
    const auto show_progress = [&] {
        throw_if_interrupted(kLeftBehind);
        side.heartbeat->check();
        progress.show(server_progress, source != nullptr ? source->replies().samples_done() : 0,
                      source != nullptr ? source->samples_planned() : 0);
    };
    RunStage stage(run, channel, threads, show_progress, side.past.get());
    const Resumption resumption{run.config.record.checkpoint_s, side.past.get(),
                                RunStage::taken(run, side.past.get())};
    source = stage.source();
    const ServerResult result =
        run_server(server_settings(run.config), run.plan, stage.fleet(), run.leftovers, *run.method,
                   source, stage.pace(), writer, resumption, [&](const ServerProgress& now) {
                       server_progress = now;
                       show_progress();
                   });
    progress.finish();
    writer.submit(stage.cost_rows());
    writer.submit(result.passes.rows(run.plan, run.train));
    SummaryFacts summary;
    summary.output = run.config.run.output;
    summary.outlook = outlook_text(outlook);
    std::map<int, WorkerReport> reports;
    if (source != nullptr) reports = source->stop();
    if (source != nullptr) warn_of_clamped_values(source->replies().totals());
    summary.wall_s = (WallClock::now() - start).count();
    writer.submit(stage.pace_rows(summary));
    if (source != nullptr) writer.submit(host_rows(*source, reports, result, summary));
    writer.close(record::RunStatus::Finished);
    print_output("{}", summary_text(run.plan, *run.method, run.config.eval, result, summary));
} catch (const SilentRank& silence) {
    throw SilentRank(fmt::format("{}; {}", silence.what(), kLeftBehind));
}

/// With one rank: the worker's threads live here; its loop has a thread of its own, which never
/// calls MPI.
void serve_alone(ServerSide side, std::int32_t threads) {
    const PreparedRun& run = side.run;
    const std::string method = run.config.method.name;
    const WorkerSetup setup = worker_setup(run, threads);
    auto [server_end, worker_end] = LocalChannel::make_pair();
    std::exception_ptr worker_error;
    std::jthread worker([&, &end = worker_end] {
        try {
            const auto program = find_method(method).program();
            worker_loop(*end, setup, *program);
        } catch (...) {
            worker_error = std::current_exception();
            end->close("the forward passes failed");
        }
    });
    try {
        serve(std::move(side), server_end.get(), threads);
    } catch (const TransportError&) {
        server_end->close("the server failed");
        worker.join();
        if (worker_error) std::rethrow_exception(worker_error);
        throw;
    } catch (...) {
        server_end->close("the server ended");
        throw;
    }
}

/// A job that Slurm has queued again goes on by itself: its first start has already overwritten
/// what was to be.
ExistingRun what_of_existing(const Arguments& arguments) {
    const ExistingRun asked = existing_run(arguments);
    const char* const restarts = std::getenv("SLURM_RESTART_COUNT");
    const bool requeued = restarts != nullptr && std::string_view(restarts) != "0";
    if (!requeued || asked == ExistingRun::Resume) return asked;
    log::info(fmt::format("SLURM_RESTART_COUNT = {}: as with --resume", restarts));
    return ExistingRun::Resume;
}

RunConfig read_configuration(const Arguments& arguments) {
    if (arguments.positional.empty())
        throw ConfigError("run takes one configuration file or more, e.g. configs/quickstart.cfg");
    return load_config({arguments.positional.begin(), arguments.positional.end()},
                       arguments.all("set"), catalogue_folder());
}

ServerSide prepare_server(std::span<const std::string> words, Heartbeat& heartbeat) {
    const Arguments arguments = parse_arguments(words, specs());
    RunConfig config = read_configuration(arguments);
    heartbeat.set_patience(WallClock::duration(config.run.patience_s));
    check_run_output(config, arguments.positional);
    record::Output output(config.run.output);  // held from here on, so that no work is wasted
    const std::optional<UnfinishedRun> unfinished =
        find_unfinished(config, what_of_existing(arguments));
    ServerSide server{prepare_run(std::move(config)), std::move(output), nullptr, &heartbeat};
    if (unfinished) {
        server.past =
            std::make_unique<PastRun>(unfinished->reader, unfinished->checkpoint, server.run.plan);
        log::info(fmt::format("--resume: goes on behind update {}{}",
                              server.past->checkpoint().steps,
                              server.run.config.run.clock == RunClock::Wall
                                  ? ", and with the pace; the time between is none of the run's"
                                  : ""));
    }
    for (const std::string& text : arguments.all("set"))
        log::info(fmt::format("override: {}", text));
    for (const auto& [whose, notes] : server.run.sources)
        for (const SourceNote& note : notes)
            log::info(fmt::format("{}: {}", whose, describe(note)));
    warn_of_slow_blas();
    const RunConfig& run = server.run.config;
    if (run.run.compute == RunCompute::All &&
        find_method(run.method.name).program()->needs_backbone())
        prepare_weights(server.run);
    return server;
}

/// Prepares the run on rank 0 and tells all ranks how it went.
/// \param alone  what is wrong when there is only one rank; empty: nothing.
/// \return  0, or the exit code of what rank 0 found wrong and printed.  `server` is filled on rank
///          0, `setup` on all.
int agree(const Channel& channel,
          Heartbeat& heartbeat,
          std::span<const std::string> words,
          const std::string& alone,
          std::optional<ServerSide>& server,
          WorkerSetup& setup) {
    Bytes message;
    if (channel.rank() == 0) {
        try {
            if (channel.size() == 1 && !alone.empty()) throw TransportError(alone);
            server.emplace(prepare_server(words, heartbeat));
            setup = worker_setup(server->run, compute_threads(server->run.config, channel.size()));
            message = start_message(encode_setup(setup));
        } catch (const NothingToDo& done) {
            print_output("{}\n", done.what());
            message = refusal_message(kNothingToDo);
        } catch (const Error& error) {
            fmt::print(stderr, "fedmobillm run: {}\n", error.what());
            message = refusal_message(error.exit_code());
        }
    }
    broadcast(message, 0, [&] { heartbeat.check(); });
    ByteReader reader(message, "start message");
    const auto code = reader.get<std::int32_t>();
    if (code == 0) setup = decode_setup(reader.take(reader.remaining()));
    return code;
}

/// `run.compute = none`: rank 0 works alone, the others only wait for the end.
void serve_without_numerics(ServerSide server, Channel& channel) {
    serve(std::move(server), nullptr, 1);
    for (int worker = 1; worker < channel.size(); ++worker) channel.send(worker, kTagStop, {});
    for (int worker = 1; worker < channel.size();)
        if (channel.receive(WallClock::duration(1))) ++worker;
    channel.flush();
}

int run_ranks(Channel& channel,
              Heartbeat& heartbeat,
              std::span<const std::string> words,
              const std::string& alone) {
    std::optional<ServerSide> server;
    WorkerSetup setup;
    if (const int code = agree(channel, heartbeat, words, alone, server, setup); code != 0)
        return code == kNothingToDo ? 0 : code;
    if (channel.rank() > 0)
        worker_loop(channel, setup, *find_method(setup.method).program());
    else if (server->run.config.run.compute == RunCompute::None)
        serve_without_numerics(std::move(*server), channel);
    else if (channel.size() == 1)
        serve_alone(std::move(*server), setup.threads);
    else
        serve(std::move(*server), &channel, setup.threads);
    return 0;
}

}  // namespace

int run_command(std::span<const std::string> words) {
    // before MPI starts, which sets such variables itself
    const std::string alone = lost_ranks(1, std::getenv).value_or("");
    if (const auto doubt = srun_without_pmix(std::getenv)) {
        const char* const task = std::getenv("SLURM_PROCID");
        if (doubt->certain || task == nullptr || std::string_view(task) == "0")
            fmt::print(stderr, "fedmobillm run: {}\n", doubt->line);
        if (doubt->certain) return TransportError("").exit_code();
    }
    Environment environment;
    int code = 0;
    int rank = 0;
    // What all ranks know has been printed once and is returned; what one rank alone knows ends the
    // others too, because they may wait for it for ever.
    const auto give_up = [&](const char* what, int exit_code) {
        fmt::print(stderr, "fedmobillm run: rank {}: {}\n", rank, what);
        Environment::abort(exit_code);
    };
    try {
        Heartbeat heartbeat(WallClock::duration(RunParameters().patience_s));
        MpiChannel channel([&] { heartbeat.check(); });
        rank = channel.rank();
        log::open(rank, std::find(words.begin(), words.end(), "--verbose") != words.end());
        if (std::find(words.begin(), words.end(), "--help") != words.end()) {
            if (rank == 0)
                print_output(
                    "usage: mpirun -np N fedmobillm run CONFIG.cfg... [--set key=value]...\n{}",
                    describe_arguments(specs()));
        } else {
            catch_signals();
            code = run_ranks(channel, heartbeat, words, alone);
        }
        heartbeat.end();
    } catch (const Error& error) {
        give_up(error.what(), error.exit_code());
    } catch (const std::exception& error) {
        give_up(error.what(), Bug("").exit_code());
    }
    environment.finalise();
    return code;
}

}  // namespace mobi
