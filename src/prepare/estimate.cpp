// SPDX-License-Identifier: Apache-2.0
#include "prepare/estimate.hpp"

#include <algorithm>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "core/text.hpp"
#include "device/compute_model.hpp"

namespace mobi {
namespace {

constexpr double kHostFlopPerSecond = 150e9;  // one core, bf16: docs/design.md 3

/// FLOPs that the host will compute: real tokens, training and test.
double host_flop(const PreparedRun& run) {
    double flop = 0;
    for (const DevicePlan& device : run.plan.devices) {
        if (!device.admitted) continue;
        const ModelSize& size = run.plan.backbones[static_cast<std::size_t>(device.backbone)].size;
        for (const std::int32_t id : device.samples)
            flop += forward_flop(size, run.plan.samples[static_cast<std::size_t>(id)].tokens);
    }
    for (std::size_t k = 0; k < run.plan.backbones.size(); ++k)
        for (const TokenTable::Sample& sample : run.tokens.test[k])
            flop +=
                forward_flop(run.plan.backbones[k].size, static_cast<double>(sample.ids.size()));
    return flop;
}

/// Bytes of activations and evaluation taps in the run file.
double file_bytes(const PreparedRun& run) {
    double bytes = 0;
    for (const DevicePlan& device : run.plan.devices)
        if (device.admitted && run.config.record.activations == RecordActivations::All)
            bytes += static_cast<double>(device.samples.size()) *
                     static_cast<double>(packet_bytes(
                         run.plan.backbones[static_cast<std::size_t>(device.backbone)].layout, 1,
                         false));
    for (std::size_t k = 0; k < run.plan.backbones.size(); ++k) {
        const PacketLayout& layout = run.plan.backbones[k].layout;
        bytes += static_cast<double>(run.tokens.test[k].size()) * 4 *
                 (layout.taps * layout.width + layout.classes);
    }
    return bytes;
}

/// What was tokenised, and so checked.
std::string text_line(const PreparedRun& run) {
    std::int64_t tokens = 0;
    std::size_t test = 0;
    for (const TokenTable::Sample& sample : run.tokens.train)
        tokens += static_cast<std::int64_t>(sample.ids.size());
    for (const auto& samples : run.tokens.test) {
        test = std::max(test, samples.size());
        for (const TokenTable::Sample& sample : samples)
            tokens += static_cast<std::int64_t>(sample.ids.size());
    }
    const auto backbones = std::count_if(run.tokens.test.begin(), run.tokens.test.end(),
                                         [](const auto& samples) { return !samples.empty(); });
    return fmt::format(
        "text               {} training samples, {}{} test samples for each of {} "
        "backbone{}: {} tokens\n",
        run.tokens.train.size(),
        run.validation_samples > 0 ? fmt::format("{} validation and ", run.validation_samples)
                                   : std::string(),
        test - std::min(test, static_cast<std::size_t>(run.validation_samples)), backbones,
        backbones == 1 ? "" : "s", tokens);
}

std::string class_lines(const PreparedRun& run) {
    struct Class {
        int devices = 0, admitted = 0;
        double need = 0, memory = 0;
    };
    std::map<std::pair<std::string, std::string>, Class> classes;
    for (const DevicePlan& device : run.plan.devices) {
        Class& one = classes[{device.profile.name,
                              run.plan.backbones[static_cast<std::size_t>(device.backbone)].name}];
        ++one.devices;
        one.admitted += device.admitted ? 1 : 0;
        one.need = std::max(one.need, device.memory_need_bytes);
        one.memory = device.profile.memory_bytes;
    }
    std::string text;
    for (const auto& [name, one] : classes)
        text += fmt::format("  {:<20} {:<12} {:>6} devices, {:>6} admitted; needs {}, has {}\n",
                            name.first, name.second, one.devices, one.admitted,
                            human(one.need, "B"), human(one.memory, "B"));
    return text;
}

}  // namespace

std::string estimate_text(const PreparedRun& run) {
    const TimelineEnd& timeline = run.timeline;
    std::int64_t bytes = 0;
    double flop = 0;
    if (run.method->uploads())
        for (const Delivery& delivery : run.deliveries) {
            bytes += delivery.charged_bytes;
            flop += delivery.charged_flop;
        }
    const double host = host_flop(run);
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    std::string text = fmt::format("fleet              {} devices, {} admitted, {} samples\n{}",
                                   run.plan.devices.size(), run.plan.admitted_devices(),
                                   run.plan.admitted_samples(), class_lines(run));
    text += text_line(run);
    if (!run.settled)
        text += fmt::format("tasks              {}, {} down\n", run.tasks,
                            human(static_cast<double>(run.down_bytes), "B"));
    text += fmt::format(
        "packets            {}{}\n", run.deliveries.size(),
        run.missing_packets == 0
            ? std::string()
            : fmt::format(", {} more never arrive or come too late", run.missing_packets));
    text += fmt::format("updates            {} (server busy {})\n", timeline.updates,
                        human_seconds(timeline.busy_s));
    const auto seconds = [](VirtualClock::time_point time) {
        return std::chrono::duration<double>(time.time_since_epoch()).count();
    };
    text +=
        fmt::format("virtual duration   {} to the last update, {} with downloads\n",
                    human_seconds(seconds(timeline.end)), human_seconds(seconds(timeline.run_end)));
    if (timeline.missing_downloads > 0)
        text += fmt::format("without download   {} devices, which never come back for it\n",
                            timeline.missing_downloads);
    text += fmt::format("charged            {} up, {} on the devices\n",
                        human(static_cast<double>(bytes), "B"), human(flop, "FLOP"));
    text += fmt::format("run file           about {}\n", human(file_bytes(run), "B"));
    if (run.config.run.compute == RunCompute::None)
        return text + "wall time          seconds: nothing is computed\n";
    if (run.config.run.compute == RunCompute::Packets)
        return text + "wall time          some 25 us a packet: nothing is computed\n";
    if (run.config.run.clock == RunClock::Wall)
        text += fmt::format("paced wall time    {} to the last update, after the forward passes\n",
                            human_seconds(seconds(timeline.end) / run.config.run.time_scale));
    text += fmt::format("host computes      {}; about {} of wall time on {} cores at {} each\n",
                        human(host, "FLOP"), human_seconds(host / kHostFlopPerSecond / cores),
                        cores, human(kHostFlopPerSecond, "FLOP/s"));
    return text;
}

}  // namespace mobi
