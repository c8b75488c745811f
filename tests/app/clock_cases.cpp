// SPDX-License-Identifier: Apache-2.0
// Reads cases from stdin, a line each: `key=value` settings with tabs between them, over the
// configuration file of the command line.  Prepares each as `fedmobillm check` does, walks its
// timeline, and answers with a line: `ok`, `refused <exit code> <text>` or `wrong <text>`, then the
// seconds it took and the largest memory in MiB, with tabs.  tests/scripts/clock_property.py asks.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "config/load.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/text.hpp"
#include "core/virtual_time.hpp"
#include "method/device_costs.hpp"
#include "method/recorded_fleet.hpp"
#include "prepare/run_preparation.hpp"
#include "prepare/run_record.hpp"
#include "server/downloads.hpp"

namespace mobi::test {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

/// What no run may have: collects the first.
class Findings {
  public:
    /// Times of one thing, each not before the one to its left.
    void in_order(std::initializer_list<Time> times, const std::string& whose) {
        Time last{};
        for (const Time time : times) {
            require(time >= last && time <= kHorizon, whose);
            last = time;
        }
    }
    void require(bool good, const std::string& what) {
        if (!good && text_.empty()) text_ = what;
    }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

void look_at_packets(const PreparedRun& run, Findings& findings) {
    std::map<std::int32_t, Time> computed, sent;  // of each device, in the order of its packets
    std::vector<const Delivery*> packets;
    Time last{};
    for (const Delivery& delivery : run.deliveries) {
        const PacketTimes& times = delivery.times;
        findings.in_order({times.compute_start, times.compute_end, times.send_start, times.send_end,
                           times.arrival},
                          fmt::format("packet {} of device {}", delivery.packet, delivery.device));
        findings.require(times.arrival >= last, "arrivals out of order");
        findings.require(delivery.charged_bytes >= 0 && delivery.repeated_bytes >= 0,
                         "negative bytes");
        findings.require(!(delivery.compute_energy_j < 0) && !(delivery.send_energy_j < 0),
                         "negative energy");
        last = times.arrival;
        packets.push_back(&delivery);
    }
    if (!run.method->uploads()) return;
    std::sort(packets.begin(), packets.end(), [](const Delivery* a, const Delivery* b) {
        return std::tie(a->device, a->packet) < std::tie(b->device, b->packet);
    });
    for (const Delivery* const packet : packets) {
        const PacketTimes& times = packet->times;
        findings.require(times.compute_start >= computed[packet->device],
                         "a packet is computed before the one before it");
        findings.require(times.send_start >= sent[packet->device],
                         "a packet is sent before the one before it");
        computed[packet->device] = times.compute_end;
        sent[packet->device] = times.send_end;
        const auto device = static_cast<std::size_t>(packet->device);
        const AvailabilityProfile* const pattern = run.plan.devices[device].availability.get();
        Presence presence = presence_of(pattern, run.config.run.seed, packet->device);
        findings.require(presence.next_on(times.compute_start) == times.compute_start &&
                             !presence.off_before(times.compute_start, times.compute_end),
                         "a device computes while it is off");
    }
    for (const LostWork& lost : run.lost)
        findings.in_order({lost.start, lost.end},
                          fmt::format("lost work of device {}", lost.device));
}

void look_at_costs(const PreparedRun& run, Findings& findings) {
    std::vector<const Delivery*> arrived;
    for (const Delivery& delivery : run.deliveries) arrived.push_back(&delivery);
    for (const DeviceCosts& one :
         device_costs(run.plan, arrived, run.lost, {}, run.config.run.seed)) {
        for (const Duration time : {one.compute, one.send, one.both, one.wait, one.off, one.done})
            findings.require(time >= Duration::zero() && time <= kLongestRun,
                             fmt::format("a time in the costs of device {}", one.device));
        findings.require(one.compute + one.send - one.both + one.wait + one.off == one.done,
                         fmt::format("the costs of device {} do not add up", one.device));
    }
}

void look_at_updates(const PreparedRun& run, Findings& findings) {
    RecordedFleet fleet(run.deliveries);
    const auto protocol = run.method->protocol(run.plan);
    std::vector<bool> there(run.plan.samples.size());
    Time last{};
    while (const std::optional<Step> step = protocol->next(fleet)) {
        findings.in_order({last, step->start, step->end}, fmt::format("update {}", step->number));
        last = step->end;
        for (const EventId input : step->inputs) {
            const Delivery& delivery = fleet.delivery(input.value());
            findings.require(delivery.times.arrival <= step->start,
                             "an update begins before its packet arrives");
            for (const std::int32_t id : delivery.samples)
                there[static_cast<std::size_t>(id)] = true;
        }
        for (const std::int32_t id : step->samples)
            findings.require(there[static_cast<std::size_t>(id)],
                             "an update takes a sample that has not arrived");
    }
    findings.require(last <= run.timeline.end && run.timeline.end <= run.timeline.run_end,
                     "the run ends before its updates");
    const std::vector<std::int64_t> bytes = run.method->download_bytes(run.plan);
    if (bytes.empty()) return;
    const Downloads downloads = downloads_at(run.timeline.end, run.plan, bytes, run.leftovers,
                                             method_settings(run.config).fleet);
    for (const Download& one : downloads.arrived)
        findings.in_order({run.timeline.end, one.start, one.arrival}, "a download");
    for (const LostWork& lost : downloads.lost)
        findings.in_order({lost.start, lost.end}, "a download that was cut off");
}

std::string answer(const std::string& file, const std::vector<std::string>& settings) {
    try {
        const PreparedRun run = prepare_run(load_config({file}, settings, "configs"));
        Findings findings;
        look_at_packets(run, findings);
        look_at_updates(run, findings);
        if (run.method->uploads()) look_at_costs(run, findings);
        return findings.text().empty() ? "ok" : "wrong " + findings.text();
    } catch (const Error& error) {
        if (error.exit_code() == 70) return fmt::format("wrong {}", error.what());
        return fmt::format("refused {} {}", error.exit_code(), error.what());
    } catch (const std::exception& error) {
        return fmt::format("wrong {}", error.what());
    }
}

/// The largest memory since the last call, in MiB.
double peak_memory() {
    double kilobytes = 0;
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == "VmHWM:") status >> kilobytes;
    std::ofstream("/proc/self/clear_refs") << 5;
    return kilobytes / 1024;
}

}  // namespace
}  // namespace mobi::test

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    for (std::string line; std::getline(std::cin, line);) {
        std::vector<std::string> settings;
        for (const std::string_view setting : mobi::split(line, '\t'))
            if (!setting.empty()) settings.emplace_back(setting);
        const auto start = mobi::WallClock::now();
        std::string text = mobi::test::answer(argv[1], settings);
        std::replace(text.begin(), text.end(), '\t', ' ');
        std::replace(text.begin(), text.end(), '\n', ' ');
        fmt::print("{}\t{:.3f}\t{:.0f}\n", text, (mobi::WallClock::now() - start).count(),
                   mobi::test::peak_memory());
        std::fflush(stdout);
    }
    return 0;
}
