// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "app/bench.hpp"
#include "app/option.hpp"
#include "app/output.hpp"
#include "config/arguments.hpp"
#include "core/error.hpp"
#include "transport/environment.hpp"
#include "transport/mpi_channel.hpp"
#include "transport/traffic.hpp"

namespace mobi {
namespace {

constexpr std::int32_t kLargest = 1 << 30;
constexpr double kBytesARun = 256e6;  // so that a line takes part of a second
constexpr int kMostMessages = 32;     // of a sender under way,
constexpr double kMostBytes = 2e6;    // and bytes: what the caches hold, as of plain MPI

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"bytes", true, "sizes of a message (default: 1024,36864,295680,1048576)"},
        {"repeat", true, "alternations, of which the median is shown (default: 5)"},
        {"help", false, "this text"},
    };
    return list;
}

/// The median by wall time.
Traffic median(std::vector<Traffic> runs) {
    std::sort(runs.begin(), runs.end(),
              [](const Traffic& a, const Traffic& b) { return a.wall_s < b.wall_s; });
    return runs[runs.size() / 2];
}

/// Messages of a sender under way; even, since half of them make a credit.
int window_of(std::size_t bytes) {
    const double fit = kMostBytes / static_cast<double>(bytes);
    return 2 * std::max(1, static_cast<int>(std::min(fit, double{kMostMessages}) / 2));
}

void measure(MpiChannel& channel, std::size_t bytes, int repeat) {
    const int window = window_of(bytes);
    const int senders = channel.size() - 1;
    const int messages =
        std::clamp(static_cast<int>(kBytesARun / static_cast<double>(bytes) / senders),
                   2 * kMostMessages, 20'000);
    std::vector<Traffic> raw, ours;
    for (int i = 0; i < repeat; ++i) {
        raw.push_back(raw_traffic(bytes, messages));
        ours.push_back(channel_traffic(channel, bytes, messages, window));
    }
    if (channel.rank() > 0) return;
    const double total = static_cast<double>(messages) * senders;
    std::vector<double> ratios;
    for (std::size_t i = 0; i < raw.size(); ++i) ratios.push_back(raw[i].wall_s / ours[i].wall_s);
    std::sort(ratios.begin(), ratios.end());
    const Traffic rival = median(raw);
    const Traffic own = median(ours);
    print_output(
        "{:>9} {:>8} {:>12.0f} {:>12.0f} {:>10.3g} {:>10.3g} {:>7.2g} {:>10.3f} {:>10.3f}\n", bytes,
        senders, total / rival.wall_s, total / own.wall_s,
        total / rival.wall_s * static_cast<double>(bytes) / 1e6,
        total / own.wall_s * static_cast<double>(bytes) / 1e6, ratios[ratios.size() / 2],
        rival.fairness(), own.fairness());
}

}  // namespace

int bench_transport_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        print_output(
            "usage: mpirun -np N fedmobillm bench transport [--bytes n,...] [--repeat n]\n\n"
            "Every rank but 0 sends to rank 0: plain blocking MPI against the channel, one after "
            "the other.\nFairness is Jain's index over the senders of the first half of the "
            "messages.\n{}",
            describe_arguments(specs()));
        return 0;
    }
    if (!arguments.positional.empty()) throw ConfigError("bench transport takes options alone");
    const auto sizes =
        read_numbers("--bytes", arguments.get("bytes", "1024,36864,295680,1048576"), kLargest);
    const int repeat = option(arguments, "repeat", codec::integer(1), 5);
    Environment environment;
    bool alone = false;
    try {
        MpiChannel channel;
        alone = channel.size() < 2;
        if (channel.rank() == 0 && !alone)
            print_output("{:>9} {:>8} {:>12} {:>12} {:>10} {:>10} {:>7} {:>10} {:>10}\n", "bytes",
                         "senders", "MPI msg/s", "ours msg/s", "MPI MB/s", "ours MB/s", "ratio",
                         "MPI fair", "ours fair");
        if (!alone)
            for (const std::int32_t bytes : sizes)
                measure(channel, static_cast<std::size_t>(bytes), repeat);
    } catch (const Error& error) {  // the other ranks may wait for this one for ever
        fmt::print(stderr, "fedmobillm bench: {}\n", error.what());
        Environment::abort(error.exit_code());
    }
    environment.finalise();
    if (alone)
        throw ConfigError(
            "bench transport: one rank has nobody to talk to; start it with mpirun -np 2 or more");
    return 0;
}

}  // namespace mobi
