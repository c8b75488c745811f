// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <malloc.h>

#include "app/bench.hpp"
#include "app/option.hpp"
#include "app/output.hpp"
#include "config/arguments.hpp"
#include "core/clock.hpp"
#include "core/rng.hpp"
#include "method/recorded_fleet.hpp"
#include "method/rounds/sync_rounds.hpp"
#include "prepare/run_preparation.hpp"
#include "prepare/run_record.hpp"
#include "record/writer.hpp"
#include "server/server_loop.hpp"

namespace mobi {
namespace {

constexpr int kEventsOfAPacket = 3;  // its computation, its upload, the server's step
constexpr int kEventsOfATask = 3;    // its download, its computation, its upload
constexpr std::int32_t kRounds = 100;
constexpr std::int32_t kSelected = 100;  // in each round, if there are as many

const std::vector<ArgumentSpec>& specs() {
    static const std::vector<ArgumentSpec> list{
        {"devices", true, "fleet sizes with commas (1000,10000,100000)"},
        {"packets", true, "of each device (10)"},
        {"cell", true, "devices of a cell in the line with shared cells (10)"},
        {"repeat", true, "runs of each line; the median is shown (3)"},
        {"folder", true, "where the run file of the recorded line goes for a moment (/tmp)"},
        {"help", false, "this text"},
    };
    return list;
}

/// What devices share; 0: nothing.
struct Sharing {
    int cell_devices = 0;
    double server_bytes_per_s = 0;
};

/// Devices of distinct speeds, each with packets of one sample, all on links of one kind.
PreparedRun make_run(std::int32_t devices, std::int32_t packets, const Sharing& sharing) {
    PreparedRun run;
    run.config.server.access_bytes_per_s = sharing.server_bytes_per_s;
    run.config.server.mode = ServerMode::ArrivalOnly;
    run.config.record.activations = RecordActivations::None;
    run.config.run.compute = RunCompute::None;
    run.config.packet.samples = 1;
    run.method = make_method(run.config);
    run.train.classes = 2;
    run.class_names = {"a", "b"};
    BackbonePlan backbone;
    backbone.name = "b";
    backbone.family = "bert";
    backbone.size = {2, 64, 256, 4, 4, 16, false, 100'000, 50'000};
    backbone.tap_layers = {1, 2};
    backbone.layout.taps = 2;
    backbone.layout.width = 64;
    backbone.layout.classes = 2;
    run.plan.backbones.push_back(backbone);
    run.plan.packet_samples = 1;
    run.plan.devices.resize(static_cast<std::size_t>(devices));
    run.plan.samples.resize(static_cast<std::size_t>(devices) * static_cast<std::size_t>(packets));
    run.train.labels.resize(run.plan.samples.size());
    std::int32_t sample = 0;
    for (std::int32_t id = 0; id < devices; ++id) {
        DevicePlan& device = run.plan.devices[static_cast<std::size_t>(id)];
        device.id = id;
        device.profile.name = "d";
        device.profile.rate_fp16_flop_per_s =
            1e9 *
            std::exp(RandomStream(1, Purpose::Benchmark, static_cast<std::uint64_t>(id)).normal());
        device.profile.memory_bandwidth_bytes_per_s = 1e12;
        device.profile.memory_bytes = 1e9;
        device.link.name = "l";
        device.link.uplink_bytes_per_s = 1e6;
        device.link.downlink_bytes_per_s = 1e6;
        device.link.cell_devices = sharing.cell_devices;
        device.link.cell_uplink_bytes_per_s = 5e6;
        for (std::int32_t j = 0; j < packets; ++j) {
            run.plan.samples[static_cast<std::size_t>(sample)] = {id, j, 16};
            device.samples.push_back(sample++);
        }
    }
    admit(run.plan, run.config.cost, run.config.data.max_tokens);
    return run;
}

/// The most memory that is resident while it lives, over what was when it was made.
class PeakMemory {
  public:
    PeakMemory() {
        malloc_trim(0);
        std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
        before_ = status("VmRSS:");
    }

    double bytes() const { return 1024 * (status("VmHWM:") - before_); }

  private:
    /// Of /proc/self/status, KiB.
    static double status(std::string_view key) {
        std::ifstream file("/proc/self/status");
        std::string word;
        while (file >> word && word != key) {
        }
        double value = 0;
        file >> value;
        return value;
    }

    double before_ = 0;
};

/// Everything that a run does with `run.compute = none`, with the log where `file` is given.
void walk(PreparedRun& run, const std::filesystem::path& file) {
    run.deliveries = run.method->settle(run.plan).arrived;
    if (file.empty()) {
        walk_timeline(run.timeline_input());
        return;
    }
    RecordFacts facts;
    facts.class_names = run.class_names;
    facts.train = run.train;
    facts.packets = facts.trained = false;
    record::Writer writer(file, run_layout(run.config, run.plan, facts), run.config.record);
    write_plan(writer, run.config, run.plan, *run.method, run.deliveries, {}, facts);
    RecordedFleet fleet(run.deliveries);
    run_server(server_settings(run.config), run.plan, fleet, {}, *run.method, nullptr, nullptr,
               writer, {}, [](const ServerProgress&) {});
    writer.close(record::RunStatus::Finished);
}

struct Speed {
    double wall_s = 0;
    double bytes_per_device = 0;
};

/// The median of some runs.
Speed measure(std::int32_t devices,
              std::int32_t packets,
              const Sharing& sharing,
              const std::filesystem::path& file,
              int repeat) {
    std::vector<double> seconds;
    Speed speed;
    for (int i = 0; i < repeat; ++i) {
        const PeakMemory memory;
        PreparedRun run = make_run(devices, packets, sharing);
        const WallClock::time_point start = WallClock::now();
        walk(run, file);
        seconds.push_back((WallClock::now() - start).count());
        speed.bytes_per_device = memory.bytes() / devices;
        std::error_code ignored;
        if (!file.empty()) std::filesystem::remove(file, ignored);
    }
    std::sort(seconds.begin(), seconds.end());
    speed.wall_s = seconds[seconds.size() / 2];
    return speed;
}

/// The median of some runs of synchronous rounds: fetch, compute, send, of `kSelected` devices that
/// are drawn anew each round.
Speed measure_rounds(std::int32_t devices, int repeat) {
    std::vector<double> seconds;
    Speed speed;
    for (int i = 0; i < repeat; ++i) {
        const PeakMemory memory;
        const PreparedRun run = make_run(devices, 1, {});
        const WallClock::time_point start = WallClock::now();
        std::vector<FleetDevice> list;
        for (const DevicePlan& device : run.plan.devices) list.push_back(fleet_device(device));
        VirtualFleet fleet(list, {});
        RoundWork work;
        work.parts = [](DeviceId, std::int32_t) {
            Part part;
            part.down_bytes = 1'000'000;
            part.compute.flop = 1e9;
            part.up_bytes = 1'000'000;
            return std::vector<Part>{part};
        };
        work.aggregate_time = [](std::size_t) { return std::chrono::milliseconds(1); };
        const std::int32_t selected = std::min(kSelected, devices);
        SyncRounds rounds({kRounds, selected, selected, {}}, work,
                          std::make_unique<UniformSelector>(1));
        while (rounds.next(fleet)) {
        }
        seconds.push_back((WallClock::now() - start).count());
        speed.bytes_per_device = memory.bytes() / devices;
    }
    std::sort(seconds.begin(), seconds.end());
    speed.wall_s = seconds[seconds.size() / 2];
    return speed;
}

void print_line(std::int32_t devices,
                std::int32_t packets,
                const char* name,
                double events,
                const Speed& speed) {
    print_output("{:>9} {:>9} {:<22} {:>10.3f} {:>12.0f} {:>14.0f}\n", devices, packets, name,
                 speed.wall_s, events / speed.wall_s, speed.bytes_per_device);
}

}  // namespace

int bench_timeline_command(std::span<const std::string> words) {
    const Arguments arguments = parse_arguments(words, specs());
    if (arguments.has("help")) {
        print_output(
            "usage: fedmobillm bench timeline [--devices n,...] [--packets n]\n\n"
            "Events a second of the virtual clock: a packet's computation, its upload and the "
            "server's step\ncount as one each.  Five lines a fleet: private links; with the log "
            "written; with shared cells;\nall over one link of the server's; and 100 rounds of 100 "
            "devices that fetch, compute and send.\nbytes/device: the most memory in use "
            "meanwhile.\n{}",
            describe_arguments(specs()));
        return 0;
    }
    if (!arguments.positional.empty()) throw ConfigError("bench timeline takes options alone");
    const auto fleets =
        read_numbers("--devices", arguments.get("devices", "1000,10000,100000"), 10'000'000);
    const int packets = option(arguments, "packets", codec::integer(1), 10);
    const int cell = option(arguments, "cell", codec::integer(1), 10);
    const int repeat = option(arguments, "repeat", codec::integer(1), 3);
    const std::filesystem::path file =
        std::filesystem::path(arguments.get("folder", "/tmp")) / "fedmobillm_bench_timeline.h5";
    print_output("{:>9} {:>9} {:<22} {:>10} {:>12} {:>14}\n", "devices", "packets", "", "wall s",
                 "events/s", "bytes/device");
    for (const std::int32_t devices : fleets) {
        const struct {
            const char* name;
            Sharing sharing;
            bool recorded;
        } lines[] = {{"private links", {}, false},
                     {"private links, logged", {}, true},
                     {"shared cells, logged", {cell, 0}, true},
                     {"one server link", {0, 1e4 * devices}, false}};
        for (const auto& line : lines)
            print_line(devices, packets, line.name,
                       static_cast<double>(devices) * packets * kEventsOfAPacket,
                       measure(devices, packets, line.sharing,
                               line.recorded ? file : std::filesystem::path(), repeat));
        const double tasks = static_cast<double>(kRounds) * std::min(kSelected, devices);
        print_line(devices, 1, "100 rounds of 100", tasks * kEventsOfATask + kRounds,
                   measure_rounds(devices, repeat));
    }
    return 0;
}

}  // namespace mobi
