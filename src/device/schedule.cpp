// SPDX-License-Identifier: Apache-2.0
#include "device/schedule.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "core/long_work.hpp"
#include "core/rng.hpp"
#include "core/virtual_time.hpp"
#include "device/battery.hpp"
#include "device/hopeless.hpp"
#include "device/thermal_model.hpp"
#include "device/trace_file.hpp"

namespace mobi {
namespace {

using Time = VirtualClock::time_point;
using Duration = VirtualClock::duration;

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
                            computing_a_packet(device));
}

/// How long work takes that needs `full` at the device's whole rate, under its background load.
Duration under_load(const DeviceTask& task, Time start, Duration full, Duration offset) {
    const RateTrace* const load = task.profile->load.get();
    if (load == nullptr) return full;
    const Duration begin = start.time_since_epoch() + offset;
    return load->time_of(load->carried_until(begin) + kWholeRate * full.count()) - begin;
}

/// Computation alone: one packet after another, while the device is on.
class Computation {
  public:
    Computation(const NetworkParameters& network,
                const DeviceTask& task,
                std::int32_t number,
                Presence presence,
                FleetSchedule& schedule)
        : network_(network),
          task_(task),
          number_(number),
          presence_(std::move(presence)),
          schedule_(schedule),
          battery_(*task.profile, *task.link),
          load_offset_(trace_offset(task.profile->load.get(),
                                    task.profile->load_start,
                                    draws(network, task, Purpose::LoadOffset))) {}

    void run(std::span<PacketSchedule> packets, LongWork& planning) {
        for (std::size_t j = 0; j < packets.size(); ++j) {
            full_ = compute_time(*task_.profile, task_.packets[j].compute,
                                 compute_factor(network_, task_, j));
            free_ = later(free_, battery_.rest(), all_packets());
            int attempts = 0;
            do {
                if (attempts > 0) planning.step(number_, 0);
                if (!attempt(j, ++attempts, packets[j])) return;
            } while (!packets[j].delivered);
            battery_.send(task_.packets[j].charged_bytes);
        }
    }

  private:
    TimedWork all_packets() const {
        return {"computing the packets of device.", task_.profile->name};
    }

    /// Computes packet `j` once; delivered when the device did not go off.  \return  false: it
    /// left.
    bool attempt(std::size_t j, int attempts, PacketSchedule& packet) {
        const std::optional<Time> on = presence_.next_on(free_);
        if (!on) return false;
        heat_s_ = std::max(0.0, heat_s_ - in_seconds(*on - free_));
        const Duration need =
            under_load(task_, *on, throttled(*task_.profile, full_, heat_s_), load_offset_);
        packet.times.compute_start = *on;
        packet.times.compute_end = free_ = later(*on, need, all_packets());
        std::optional<Time> off = presence_.off_before(*on, free_);
        const bool empty = battery_.lasts() < off.value_or(free_) - *on;
        if (empty) off = *on + battery_.lasts();
        heat_s_ += in_seconds(off.value_or(free_) - *on);
        battery_.compute(off.value_or(free_) - *on);
        packet.delivered = !off;
        if (!off) return true;
        schedule_.lost.push_back({number_, static_cast<std::int32_t>(j), false, *on, *off, 0});
        free_ = *off;
        if (empty) {
            schedule_.emptied.emplace_back(number_, *off);
            return false;
        }
        // Heat and other programs only make it longer; a battery ends it all the same.
        const bool on_mains = task_.profile->battery_j <= 0;
        refuse_hopeless(presence_, {computing_a_packet(*task_.profile), full_, on_mains, attempts});
        refuse_endless_losses(schedule_.lost.size(), schedule_.packets.size());
        return true;
    }

    const NetworkParameters& network_;
    const DeviceTask& task_;
    std::int32_t number_;
    Presence presence_;
    FleetSchedule& schedule_;
    Battery battery_;
    Duration load_offset_;
    Time free_{};
    double heat_s_ = 0;
    Duration full_{};  // the packet's time at the whole rate
};

void arrive(const NetworkParameters& network,
            const DeviceTask& task,
            std::span<PacketSchedule> packets) {
    Time last{};
    for (std::size_t j = 0; j < packets.size(); ++j) {
        PacketSchedule& packet = packets[j];
        if (!packet.delivered) return;
        const Duration delay = latency(*task.link, draws(network, task, Purpose::LinkLatency, j));
        packet.times.arrival = last =
            std::max(last, later(packet.times.send_end, delay, uplink(*task.link).work()));
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
            planning_.step(static_cast<std::int64_t>(t), static_cast<std::int64_t>(tasks_.size()));
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
        Computation(parameters_, task, static_cast<std::int32_t>(t), presence, schedule_)
            .run(packets, planning_);
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
    LongWork planning_{"planning: devices"};
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
