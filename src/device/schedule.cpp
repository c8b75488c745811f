// SPDX-License-Identifier: Apache-2.0
#include "device/schedule.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "device/battery.hpp"
#include "device/thermal_model.hpp"
#include "device/trace_file.hpp"
#include "device/virtual_time.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

// Well inside the clock's 292 years, so that what the server adds still fits.
constexpr Time kHorizon{std::chrono::hours{200 * 365 * 24}};

/// Where the draws of one of the task's packets come from.
RandomStream draws(const NetworkParameters& network,
                   const DeviceTask& task,
                   Purpose purpose,
                   std::size_t packet = 0) {
    return {network.seed, purpose, static_cast<std::uint64_t>(task.device),
            static_cast<std::uint32_t>(packet)};
}

double compute_factor(const NetworkParameters& network,
                      const DeviceTask& task,
                      std::size_t packet) {
    double factor = 1;
    if (const double sigma = task.profile->compute_spread; sigma > 0)
        factor = std::exp(sigma * draws(network, task, Purpose::ComputeTime, packet).normal());
    if (const double deviation = task.profile->compute_deviation; deviation > 0) {
        RandomStream random = draws(network, task, Purpose::ComputeDeviation, packet);
        factor *= positive_normal(1, deviation, random);
    }
    return factor;
}

double in_seconds(Duration time) {
    return std::chrono::duration<double>(time).count();
}

Duration throttled(const DeviceProfile& device, Duration full, double heat_s) {
    if (device.thermal_budget_s <= 0) return full;
    return virtual_duration(throttled_time_s(device, in_seconds(full), heat_s),
                            "computing a packet on", device.name);
}

/// How long work takes that needs `full` at the device's whole rate, under its background load.
Duration under_load(const DeviceTask& task, Time start, Duration full, Duration offset) {
    const RateTrace* const load = task.profile->load.get();
    if (load == nullptr) return full;
    const Duration begin = start.time_since_epoch() + offset;
    return load->time_of(load->carried_until(begin) + kWholeRate * full.count()) - begin;
}

/// Computation alone: one packet after another, while the device is on.
void compute(const NetworkParameters& network,
             const DeviceTask& task,
             std::int32_t number,
             Presence presence,
             std::span<PacketSchedule> packets,
             FleetSchedule& schedule) {
    Time free{};
    double heat_s = 0;
    Battery battery(*task.profile, *task.link);
    const Duration load_offset = trace_offset(task.profile->load.get(), task.profile->load_start,
                                              draws(network, task, Purpose::LoadOffset));
    for (std::size_t j = 0; j < packets.size(); ++j) {
        const Duration full =
            compute_time(*task.profile, task.packets[j].compute, compute_factor(network, task, j));
        PacketSchedule& packet = packets[j];
        free += battery.rest();
        while (true) {
            const std::optional<Time> on = presence.next_on(free);
            if (!on) return;
            heat_s = std::max(0.0, heat_s - in_seconds(*on - free));
            const Duration need =
                under_load(task, *on, throttled(*task.profile, full, heat_s), load_offset);
            packet.times.compute_start = *on;
            packet.times.compute_end = free = *on + need;
            if (free > kHorizon)
                throw ConfigError(fmt::format(
                    "{} over link {}: {} packets take more than 200 years of virtual time",
                    task.profile->name, task.link->name, packets.size()));
            std::optional<Time> off = presence.off_before(*on, free);
            const bool empty = battery.lasts() < off.value_or(free) - *on;
            if (empty) off = *on + battery.lasts();
            heat_s += in_seconds(off.value_or(free) - *on);
            battery.compute(off.value_or(free) - *on);
            if (!off) break;
            schedule.lost.push_back({number, static_cast<std::int32_t>(j), false, *on, *off, 0});
            if (empty) {
                schedule.emptied.emplace_back(number, *off);
                return;
            }
            free = *off;
        }
        battery.send(task.packets[j].charged_bytes);
        packet.delivered = true;
    }
}

void arrive(const NetworkParameters& network,
            const DeviceTask& task,
            std::span<PacketSchedule> packets) {
    Time last{};
    for (std::size_t j = 0; j < packets.size(); ++j) {
        PacketSchedule& packet = packets[j];
        if (!packet.delivered) return;
        const Duration delay = latency(*task.link, draws(network, task, Purpose::LinkLatency, j));
        packet.times.arrival = last = std::max(last, packet.times.send_end + delay);
        if (packet.times.arrival > kHorizon)
            throw ConfigError(
                fmt::format("{} over link {}: {} packets take more than 200 years of virtual time",
                            task.profile->name, task.link->name, packets.size()));
    }
}

class FleetScheduler {
  public:
    FleetScheduler(std::span<const DeviceTask> tasks, const NetworkParameters& parameters)
        : tasks_(tasks), parameters_(parameters), network_(parameters) {}

    FleetSchedule run() {
        std::size_t total = 0;
        for (const DeviceTask& task : tasks_) total += task.packets.size();
        schedule_.packets.resize(total);
        std::size_t first = 0;
        for (std::size_t t = 0; t < tasks_.size(); ++t) {
            first_.push_back(first);
            first += tasks_[t].packets.size();
            start(t);
        }
        network_.run([&](const TransferQueue& queue) { set_uploads(queue); });
        for (std::size_t t = 0; t < tasks_.size(); ++t)
            arrive(parameters_, tasks_[t], packets_of(t));
        for (const LostTransfer& one : network_.lost())
            schedule_.lost.push_back(
                {one.task, one.number, true, one.start, one.end, one.sent_bytes});
        std::sort(schedule_.lost.begin(), schedule_.lost.end(),
                  [](const LostAttempt& a, const LostAttempt& b) {
                      return std::tie(a.task, a.packet, a.start) <
                             std::tie(b.task, b.packet, b.start);
                  });
        return std::move(schedule_);
    }

  private:
    std::span<PacketSchedule> packets_of(std::size_t task) {
        return std::span(schedule_.packets).subspan(first_[task], tasks_[task].packets.size());
    }

    /// Computes, and sends where nothing is shared.
    void start(std::size_t t) {
        const DeviceTask& task = tasks_[t];
        const auto packets = packets_of(t);
        const Presence presence = presence_of(task.availability, parameters_.seed, task.device);
        compute(parameters_, task, static_cast<std::int32_t>(t), presence, packets, schedule_);
        TransferQueue queue{static_cast<std::int32_t>(t), uplink(*task.link), presence,
                            trace_offset(task.link->trace.get(), task.link->trace_start,
                                         draws(parameters_, task, Purpose::TraceOffset)),
                            std::move(scratch_)};
        queue.transfers.clear();
        for (std::size_t j = 0; j < packets.size() && packets[j].delivered; ++j) {
            Transfer upload;
            upload.ready = packets[j].times.compute_end;
            RandomStream loss = draws(parameters_, task, Purpose::LinkLoss, j);
            upload.bytes = bytes_with_repeats(task.packets[j].charged_bytes, task.link->loss, loss);
            RandomStream rate = draws(parameters_, task, Purpose::UplinkRate, j);
            upload.bytes_per_s = draw_rate(queue.direction, rate);
            queue.transfers.push_back(upload);
        }
        if (!network_.add(queue)) return;
        set_uploads(queue);
        scratch_ = std::move(queue.transfers);
    }

    void set_uploads(const TransferQueue& queue) {
        const auto packets = packets_of(static_cast<std::size_t>(queue.task));
        for (std::size_t j = 0; j < queue.transfers.size(); ++j) {
            const Transfer& upload = queue.transfers[j];
            packets[j].times.send_start = upload.start;
            packets[j].times.send_end = upload.end;
            packets[j].sent_bytes = upload.bytes;
            packets[j].delivered = upload.done;
        }
    }

    std::span<const DeviceTask> tasks_;
    const NetworkParameters& parameters_;
    Network network_;
    FleetSchedule schedule_;
    std::vector<std::size_t> first_;  // packet of each task
    std::vector<Transfer> scratch_;   // memory for the next queue
};

}  // namespace

FleetSchedule schedule_fleet(std::span<const DeviceTask> tasks, const NetworkParameters& network) {
    return FleetScheduler(tasks, network).run();
}

}  // namespace mobi
