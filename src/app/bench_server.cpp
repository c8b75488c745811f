// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "app/bench.hpp"
#include "app/catalogue_folder.hpp"
#include "app/option.hpp"
#include "app/output.hpp"
#include "config/arguments.hpp"
#include "config/load.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "kernels/library_info.hpp"
#include "method/side/side_costs.hpp"
#include "method/side/update_benchmark.hpp"
#include "prepare/run_preparation.hpp"
#include "prepare/run_record.hpp"

namespace mobi {
namespace {

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"set", true, "key=value, overrides the configuration; may be repeated"},
        {"samples", true, "of a batch, several with commas (packet.samples and server.batch)"},
        {"threads", true, "of the process (1)"},
        {"seconds", true, "of each measurement (1)"},
        {"help", false, "this text"},
    };
    return list;
}

double us_per_launch(double seconds, std::int64_t launches) {
    return launches > 0 ? 1e6 * seconds / static_cast<double>(launches) : 0;
}

void print_table(const std::vector<UpdateSpeed>& speeds) {
    print_output("{:>8} {:>8} | {:>8} {:>8} {:>10} {:>10} | {:>9} {:>10}\n", "sources", "samples",
                 "formula", "eager", "ms", "us/launch", "foreach", "ms");
    for (const UpdateSpeed& speed : speeds)
        print_output("{:>8} {:>8} | {:>8} {:>8} {:>10.3f} {:>10.2f} | {:>9} {:>10.3f}\n",
                     speed.sources, speed.samples, speed.launches, speed.eager.launches,
                     1e3 * speed.eager.seconds,
                     us_per_launch(speed.eager.seconds, speed.eager.launches),
                     speed.foreach.launches, 1e3 * speed.foreach.seconds);
}

/// An update's seconds as a line over its samples: of two sizes of batch of the same sources.
struct Fit {
    double fixed_s = 0;
    double sample_s = 0;
};

std::optional<Fit> fit(const UpdateSpeed& one, const UpdateSpeed& other) {
    if (one.sources != other.sources || one.samples == other.samples) return std::nullopt;
    Fit fit;
    fit.sample_s = (other.eager.seconds - one.eager.seconds) /
                   static_cast<double>(other.samples - one.samples);
    fit.fixed_s = one.eager.seconds - static_cast<double>(one.samples) * fit.sample_s;
    return fit;
}

/// The section that makes this machine the server.
/// \param io_rate_bytes_per_s  at which a sample is read; the rest of its time is computing.
std::string server_section(const Fit& fit, const UpdateSpeed& speed, double io_rate_bytes_per_s) {
    std::string text = fmt::format("[server]\nstep_overhead = launches\nlaunch = {:.3g} us\n",
                                   us_per_launch(std::max(fit.fixed_s, 0.0), speed.launches));
    const double compute_s = fit.sample_s - speed.sample_bytes / io_rate_bytes_per_s;
    if (compute_s <= 0) return text + "# rate: a sample takes too little to be measured\n";
    return text + fmt::format("rate = {:.3g} GFLOP/s\n", speed.sample_flop / compute_s / 1e9);
}

int bench_server(const Arguments& arguments) {
    log::open(0, false);
    RunConfig config = load_config({arguments.positional.begin(), arguments.positional.end()},
                                   arguments.all("set"), catalogue_folder());
    config.run.compute = RunCompute::None;  // the backbones' weights are not needed
    const double seconds = option(arguments, "seconds", codec::positive_number(), 1.0);
    const int threads = option(arguments, "threads", codec::integer(1), 1);
    use_threads(threads);
    const auto sizes = read_numbers(
        "--samples",
        arguments.get("samples", fmt::format("{},{}", config.packet.samples, config.server.batch)),
        1 << 20);
    const PreparedRun run = prepare_run(std::move(config));
    const SideSettings settings = family_settings(run.config).side;
    const FleetShape shape(run.plan, settings);
    print_output(
        "side network: {} blocks x {}, bottleneck {}, {} classes, {} kinds of taps; {} thread{}\n",
        shape.side.blocks, shape.side.width, settings.side.bottleneck, shape.side.classes,
        shape.side.sources.size(), threads, threads == 1 ? "" : "s");

    // Batches of one kind of taps, as packets are, and of all that the smallest batch can hold.
    const std::int64_t all = std::min<std::int64_t>(std::ssize(shape.side.sources),
                                                    *std::min_element(sizes.begin(), sizes.end()));
    std::vector<UpdateSpeed> speeds;
    for (const std::int64_t sources :
         all > 1 ? std::vector{std::int64_t{1}, all} : std::vector{all})
        for (const std::int32_t samples : sizes)
            speeds.push_back(measure_updates(run.plan, settings, sources, samples, seconds));
    print_table(speeds);

    const std::optional<Fit> line = fit(speeds[speeds.size() - sizes.size()], speeds.back());
    if (!line) {
        print_output("\nThe section [server] of this machine needs batches of two sizes.\n");
        return 0;
    }
    print_output(
        "\n# this machine as the server: {} an update of {} kinds of taps, and {} a sample\n{}",
        human_seconds(line->fixed_s), speeds.back().sources, human_seconds(line->sample_s),
        server_section(*line, speeds.back(), run.config.server.io_rate_bytes_per_s));
    return 0;
}

}  // namespace

int bench_server_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        print_output(
            "usage: fedmobillm bench server CONFIG.cfg... [--set key=value]... [--samples "
            "n,...]\n\n"
            "Real updates of the side network that a configuration describes, on random taps: the "
            "kernel\nlaunches that server.step_overhead counts, by formula and counted, and the "
            "time "
            "of an update,\neager as the server trains; foreach: the same numbers with an "
            "optimiser "
            "that takes all tensors\nin one call, as torch.optim does on a GPU.  Then the section "
            "that makes this machine the server.\n{}",
            describe_arguments(specs()));
        return 0;
    }
    if (arguments.positional.empty())
        throw ConfigError(
            "bench server takes one configuration file or more, e.g. configs/quickstart.cfg");
    return bench_server(arguments);
}

}  // namespace mobi
