// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <exception>
#include <filesystem>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "app/command.hpp"
#include "app/progress.hpp"
#include "app/run_preparation.hpp"
#include "app/run_record.hpp"
#include "app/signals.hpp"
#include "app/summary.hpp"
#include "config/arguments.hpp"
#include "config/load.hpp"
#include "core/log.hpp"
#include "model/backbone.hpp"
#include "model/library_info.hpp"
#include "server/fleet_source.hpp"
#include "transport/environment.hpp"
#include "transport/local_channel.hpp"
#include "transport/mpi_channel.hpp"
#include "worker/tags.hpp"
#include "worker/worker_loop.hpp"

namespace mobi {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"set", true, "key=value, overrides the configuration; may be repeated"},
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

/// Weights are prepared before the run file exists: a broken checkpoint is found first.
void prepare_weights(const PreparedRun& run) {
    for (const BackbonePlan& backbone : run.plan.backbones)
        if (backbone.devices > 0)
            load_backbone(run.config.backbones.at(backbone.name), run.config.forward.dtype,
                          run.config.backbone_cache, run.config.run.seed);
}

double cpu_s() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

std::int64_t peak_rss_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::int64_t{1024} * usage.ru_maxrss;  // Linux counts in KiB
}

record::HostRow host_row(int rank, record::HostPhase phase) {
    record::HostRow row{};
    row.rank = rank;
    row.phase = static_cast<std::int32_t>(phase);
    row.backbone = -1;
    row.peak_flop_per_s = std::numeric_limits<double>::quiet_NaN();
    return row;
}

/// The rows of `/host`, and the figures of the summary that come from them.
std::vector<record::HostRow> host_rows(const FleetSource& source,
                                       const std::map<int, WorkerReport>& reports,
                                       const ServerResult& result,
                                       SummaryFacts& facts) {
    std::vector<record::HostRow> rows;
    double wall = 0;
    double flop = 0;
    double possible_flop = 0;
    std::int64_t tokens = 0;
    for (const auto& [key, total] : source.totals()) {
        const auto& [rank, backbone, kind] = key;
        record::HostRow row =
            host_row(rank, kind == PacketKind::Upload ? record::HostPhase::Forward
                                                      : record::HostPhase::EvaluationForward);
        row.backbone = backbone;
        row.wall_s = total.sum.wall_s;
        row.cpu_s = total.sum.cpu_s;
        row.done_flop = total.sum.done_flop;
        row.tokens = total.sum.tokens;
        row.samples = total.sum.samples;
        row.wire_bytes = total.sum.wire_bytes;
        row.groups = total.requests;
        if (total.sum.peak_flop_per_s > 0) row.peak_flop_per_s = total.sum.peak_flop_per_s;
        const auto report = reports.find(rank);
        row.threads = report == reports.end() ? 1 : report->second.threads;
        rows.push_back(row);
        wall += total.sum.wall_s;
        tokens += total.sum.tokens;
        flop += total.sum.done_flop;
        possible_flop += total.sum.peak_flop_per_s * total.sum.wall_s;
    }
    for (const auto& [rank, report] : reports) {
        record::HostRow row = host_row(rank, record::HostPhase::Total);
        row.wall_s = report.wall_s;
        row.cpu_s = report.cpu_s;
        row.peak_rss_bytes = report.peak_rss_bytes;
        row.threads = report.threads;
        rows.push_back(row);
    }
    record::HostRow training = host_row(0, record::HostPhase::Training);
    training.wall_s = result.training_wall_s;
    rows.push_back(training);
    record::HostRow evaluation = host_row(0, record::HostPhase::Evaluation);
    evaluation.wall_s = result.evaluation_wall_s;
    rows.push_back(evaluation);
    record::HostRow total = host_row(0, record::HostPhase::Total);
    total.wall_s = facts.wall_s;
    total.cpu_s = cpu_s();
    total.peak_rss_bytes = peak_rss_bytes();
    total.threads = 1;
    rows.push_back(total);
    if (wall > 0) facts.forward_tokens_per_s = static_cast<double>(tokens) / wall;
    if (possible_flop > 0) facts.forward_peak_share = flop / possible_flop;
    return rows;
}

/// Closes the log with status aborted when a scope is left by an exception.
class AbortedUnlessClosed {
  public:
    explicit AbortedUnlessClosed(record::Writer& writer) : writer_(writer) {}
    ~AbortedUnlessClosed() {
        if (closed_) return;
        try {
            writer_.close(record::RunStatus::Aborted);
        } catch (const std::exception& error) {
            log::error(fmt::format("the run file could not be closed: {}", error.what()));
        }
    }
    AbortedUnlessClosed(const AbortedUnlessClosed&) = delete;
    AbortedUnlessClosed& operator=(const AbortedUnlessClosed&) = delete;
    void close() {
        closed_ = true;
        writer_.close(record::RunStatus::Finished);
    }

  private:
    record::Writer& writer_;
    bool closed_ = false;
};

RecordFacts record_facts(const PreparedRun& run) {
    RecordFacts facts;
    facts.class_names = run.class_names;
    facts.classes = run.classes;
    facts.labels = run.labels;
    facts.targets = run.targets;
    facts.test_samples =
        static_cast<std::int64_t>(std::max(run.test_labels.size(), run.test_targets.size()));
    facts.computed = run.config.run.compute == RunCompute::All;
    return facts;
}

/// The server's part of a run: everything but the forward passes.
/// \param channel  null with `run.compute = none`.
void serve(const PreparedRun& run, Channel* channel, std::int32_t threads) {
    const WallClock::time_point start = WallClock::now();
    const RecordFacts facts = record_facts(run);
    const std::filesystem::path output = run.config.run.output;
    if (output.has_parent_path()) std::filesystem::create_directories(output.parent_path());
    record::Writer writer(output, run_layout(run.config, run.plan, facts), run.config.record);
    AbortedUnlessClosed guard(writer);
    write_plan(writer, run.plan, *run.method, run.deliveries, facts);

    Progress progress;
    ServerProgress server_progress;
    std::optional<FleetSource> source;
    if (channel != nullptr) {
        FleetSource::Settings settings;
        settings.forward = run.config.forward;
        settings.classes = run.classes;
        settings.threads_per_worker = threads;
        settings.test_labels = run.test_labels;
        settings.test_targets = run.test_targets;
        settings.on_wait = [&] {
            throw_if_interrupted();
            progress.show(server_progress, source->samples_done(), source->samples_planned());
        };
        source.emplace(*channel, run.plan, run.deliveries, run.tokens, std::move(settings));
    }
    const ServerResult result =
        run_server(server_settings(run.config, run.classes), run.plan, run.deliveries, *run.method,
                   source ? &*source : nullptr, writer, [&](const ServerProgress& now) {
                       throw_if_interrupted();
                       server_progress = now;
                       progress.show(now, source ? source->samples_done() : 0,
                                     source ? source->samples_planned() : 0);
                   });
    progress.finish();
    SummaryFacts summary;
    summary.output = output.string();
    std::map<int, WorkerReport> reports;
    if (source) reports = source->stop();
    summary.wall_s = (WallClock::now() - start).count();
    if (source) writer.submit(host_rows(*source, reports, result, summary));
    guard.close();
    fmt::print("{}", summary_text(run.plan, *run.method, run.config.eval, result, summary));
}

/// With one rank: the worker's threads live here; its loop has a thread of its own, which never
/// calls MPI.
void serve_alone(const PreparedRun& run, std::int32_t threads) {
    LocalChannelPair channels = make_local_channels();
    const WorkerSetup setup = worker_setup(run, threads);
    std::jthread worker([&] {
        const auto fail = [&](int code, const char* what) {
            ByteWriter writer;
            writer.put(static_cast<std::int32_t>(code));
            writer.put_text(what);
            channels.worker->send(0, kTagFailure, writer.take());
        };
        try {
            worker_loop(*channels.worker, setup);
        } catch (const Error& error) {
            fail(error.exit_code(), error.what());
        } catch (const std::exception& error) {
            fail(Bug("").exit_code(), error.what());
        }
    });
    try {
        serve(run, channels.server.get(), threads);
    } catch (...) {
        channels.server->send(1, kTagStop, {});  // or the worker's thread would wait for ever
        throw;
    }
}

RunConfig read_configuration(const Arguments& arguments) {
    if (arguments.positional.empty())
        throw ConfigError("run takes one configuration file or more, e.g. configs/quickstart.cfg");
    return load_config({arguments.positional.begin(), arguments.positional.end()},
                       arguments.all("set"), kCatalogueFolder);
}

/// Prepares the run on rank 0 and tells all ranks how it went.
/// \return  rank 0: the run; others: nothing.  `setup` is what the workers get.
std::optional<PreparedRun> agree(Environment& environment,
                                 const Arguments& arguments,
                                 WorkerSetup& setup) {
    if (environment.rank() == 0) {
        try {
            PreparedRun run = prepare_run(read_configuration(arguments));
            for (const std::string& text : arguments.all("set"))
                log::info(fmt::format("override: {}", text));
            if (runs_on_reference_blas())
                log::warning(
                    "THIS RUNS ON THE REFERENCE BLAS, 80 TIMES SLOWER THAN OPENBLAS: "
                    "apt-get install libopenblas0-openmp");
            if (run.config.run.compute == RunCompute::All) prepare_weights(run);
            setup = worker_setup(run, compute_threads(run.config, environment.size()));
            Bytes message = start_message(encode_setup(setup));
            environment.broadcast(message, 0);
            return run;
        } catch (const Error& error) {
            Bytes message = refusal_message(error.exit_code());
            environment.broadcast(message, 0);
            throw;
        }
    }
    Bytes message;
    environment.broadcast(message, 0);
    ByteReader reader(message, "start message");
    const auto code = reader.get<std::int32_t>();
    if (code != 0) std::exit(environment.finish(code));
    setup = decode_setup(reader.take(reader.remaining()));
    return std::nullopt;
}

int run_ranks(Environment& environment, const Arguments& arguments) {
    WorkerSetup setup;
    const std::optional<PreparedRun> run = agree(environment, arguments, setup);
    if (environment.rank() > 0) {
        // Without numerics there is nothing to do; rank 0 works alone.
        MpiChannel channel;
        worker_loop(channel, setup);
        return 0;
    }
    const bool compute = run->config.run.compute == RunCompute::All;
    if (!compute) {
        serve(*run, nullptr, setup.threads);
        if (environment.size() > 1) {
            MpiChannel channel;
            for (int worker = 1; worker < environment.size(); ++worker)
                channel.send(worker, kTagStop, {});
            for (int worker = 1; worker < environment.size();)
                if (channel.receive(WallClock::duration(1))) ++worker;
        }
        return 0;
    }
    if (environment.size() == 1) {
        serve_alone(*run, setup.threads);
    } else {
        MpiChannel channel;
        serve(*run, &channel, setup.threads);
    }
    return 0;
}

}  // namespace

int run_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        fmt::print("usage: mpirun -np N fedmobillm run CONFIG.cfg... [--set key=value]...\n{}",
                   describe_arguments(specs()));
        return 0;
    }
    Environment environment;
    log::open(environment.rank(), arguments.has("verbose"));
    catch_signals();
    return run_ranks(environment, arguments);
}

}  // namespace mobi
