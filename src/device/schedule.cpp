// SPDX-License-Identifier: Apache-2.0
#include "device/schedule.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "device/battery.hpp"
#include "device/link_model.hpp"
#include "device/thermal_model.hpp"
#include "device/trace_file.hpp"
#include "device/upload.hpp"
#include "device/virtual_time.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

// Well inside the clock's 292 years, so that what the server adds still fits.
constexpr Time kHorizon{std::chrono::hours{200 * 365 * 24}};

const AvailabilityProfile& always() {
    static const AvailabilityProfile profile;
    return profile;
}

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
    const double sigma = task.profile->compute_spread;
    if (sigma == 0) return 1;
    return std::exp(sigma * draws(network, task, Purpose::ComputeTime, packet).normal());
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

/// Where in a trace the device begins.
Duration offset_in(const RateTrace* trace,
                   TraceStart start,
                   const NetworkParameters& network,
                   const DeviceTask& task,
                   Purpose purpose) {
    if (trace == nullptr || start == TraceStart::Begin) return {};
    const auto period = static_cast<std::uint64_t>(trace->period().count());
    return Duration(static_cast<Duration::rep>(draws(network, task, purpose).below(period)));
}

/// Computation alone: one packet after another, while the device is on.
void compute(const NetworkParameters& network,
             const DeviceTask& task,
             std::int32_t number,
             Presence presence,
             std::span<PacketSchedule> packets,
             std::vector<LostAttempt>& lost) {
    Time free{};
    double heat_s = 0;
    Battery battery(*task.profile, *task.link);
    const Duration load_offset = offset_in(task.profile->load.get(), task.profile->load_start,
                                           network, task, Purpose::LoadOffset);
    for (std::size_t j = 0; j < packets.size(); ++j) {
        const Duration full =
            compute_time(*task.profile, task.packets[j].compute, compute_factor(network, task, j));
        PacketSchedule& packet = packets[j];
        free += battery.rest();
        while (true) {
            const std::optional<Time> on = presence.next_on(free);
            if (!on) return cancel_from(packets.subspan(j));
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
            lost.push_back({number, static_cast<std::int32_t>(j), false, *on, *off, 0});
            if (empty) return cancel_from(packets.subspan(j));
            free = *off;
        }
        battery.send(task.packets[j].charged_bytes);
        packet.delivered = true;
    }
}

void arrive(const NetworkParameters& network,
            const DeviceTask& task,
            std::span<PacketSchedule> packets) {
    const Duration one_way = latency(*task.link);
    Time last{};
    for (std::size_t j = 0; j < packets.size(); ++j) {
        PacketSchedule& packet = packets[j];
        if (!packet.delivered) return;
        Duration delay = one_way;
        if (task.link->jitter_s > 0) {
            const double drawn =
                task.link->latency_s +
                task.link->jitter_s * draws(network, task, Purpose::LinkLatency, j).normal();
            delay = virtual_duration(std::max(0.0, drawn), "the latency of link", task.link->name);
        }
        packet.times.arrival = last = std::max(last, packet.times.send_end + delay);
        if (packet.times.arrival > kHorizon)
            throw ConfigError(
                fmt::format("{} over link {}: {} packets take more than 200 years of virtual time",
                            task.profile->name, task.link->name, packets.size()));
    }
}

/// Queues of the tasks that share something, and what.
struct Group {
    std::vector<UploadQueue> queues;
    std::vector<std::int32_t> cells;
    std::vector<double> capacity;
};

class FleetScheduler {
  public:
    FleetScheduler(std::span<const DeviceTask> tasks, const NetworkParameters& network)
        : tasks_(tasks), network_(network) {}

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
        for (auto& [key, group] : groups_)
            send_together(group.queues, group.cells, group.capacity, server_rate(), schedule_.lost);
        for (std::size_t t = 0; t < tasks_.size(); ++t) arrive(network_, tasks_[t], packets_of(t));
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

    bool server_is_shared() const { return network_.server_bytes_per_s > 0; }

    double server_rate() const {
        return server_is_shared() ? network_.server_bytes_per_s
                                  : std::numeric_limits<double>::infinity();
    }

    /// Computes, and sends where nothing is shared.
    void start(std::size_t t) {
        const DeviceTask& task = tasks_[t];
        const auto packets = packets_of(t);
        const auto number = static_cast<std::int32_t>(t);
        const AvailabilityProfile& pattern =
            task.availability != nullptr ? *task.availability : always();
        const Presence presence(pattern, network_.seed, task.device);
        compute(network_, task, number, presence, packets, schedule_.lost);
        for (std::size_t j = 0; j < packets.size(); ++j) {
            RandomStream random = draws(network_, task, Purpose::LinkLoss, j);
            packets[j].sent_bytes =
                bytes_with_repeats(task.packets[j].charged_bytes, task.link->loss, random);
        }
        const Duration offset = offset_in(task.link->trace.get(), task.link->trace_start, network_,
                                          task, Purpose::TraceOffset);
        UploadQueue queue{number, task.link, presence, offset, packets};
        const bool in_cell = task.link->cell_devices > 0;
        if (!in_cell && !server_is_shared()) {
            send_alone(queue, schedule_.lost);
            return;
        }
        Cell& cell = cell_of(*task.link);
        Group& group = groups_[cell.group];
        group.queues.push_back(std::move(queue));
        group.cells.push_back(cell.number);
        ++cell.devices;
    }

    struct Cell {
        std::int64_t group = -1;
        std::int32_t number = 0;  // in its group
        int devices = 0;
    };

    /// The cell that the next device of this link goes to.  Groups are simulated apart: one for all
    /// where the server's link is shared, else one a cell.
    Cell& cell_of(const LinkProfile& link) {
        Cell& cell = open_[link.name];
        const bool full = link.cell_devices > 0 && cell.devices == link.cell_devices;
        if (cell.group >= 0 && !full) return cell;
        const std::int64_t number = server_is_shared() ? 0 : next_group_++;
        Group& group = groups_[number];
        cell = {number, static_cast<std::int32_t>(group.capacity.size()), 0};
        group.capacity.push_back(link.cell_devices > 0 ? link.cell_uplink_bytes_per_s
                                                       : std::numeric_limits<double>::infinity());
        return cell;
    }

    std::span<const DeviceTask> tasks_;
    const NetworkParameters& network_;
    FleetSchedule schedule_;
    std::vector<std::size_t> first_;  // packet of each task
    std::map<std::int64_t, Group> groups_;
    std::map<std::string, Cell> open_;  // by link
    std::int64_t next_group_ = 0;
};

}  // namespace

FleetSchedule schedule_fleet(std::span<const DeviceTask> tasks, const NetworkParameters& network) {
    return FleetScheduler(tasks, network).run();
}

}  // namespace mobi
