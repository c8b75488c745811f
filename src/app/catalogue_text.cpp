// SPDX-License-Identifier: Apache-2.0
#include "app/catalogue_text.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "core/text.hpp"
#include "device/compute_model.hpp"
#include "device/energy_model.hpp"
#include "device/link_model.hpp"
#include "device/memory_model.hpp"

namespace mobi {
namespace {

constexpr double kActivationBytes = 2;  // as admission counts

std::string figure(double value, std::string_view unit) {
    return std::isnan(value) ? "-" : human(value, unit);
}

std::string duration(double seconds) {
    return std::isnan(seconds) ? "-" : human_seconds(seconds);
}

/// Entries of a map, those with the largest figure first; unknown ones last.
template <typename Profile, typename Value>
std::vector<const Profile*> sorted(const std::map<std::string, Profile>& profiles, Value value) {
    std::vector<const Profile*> list;
    for (const auto& [name, profile] : profiles) list.push_back(&profile);
    const auto key = [&](const Profile* profile) {
        const double figure = value(*profile);
        return std::isnan(figure) ? -1 : figure;
    };
    std::stable_sort(list.begin(), list.end(),
                     [&](const Profile* a, const Profile* b) { return key(a) > key(b); });
    return list;
}

double rate_of(const DeviceProfile& device, Precision weights) {
    return rate_flop_per_s(device, weights).value_or(kUnknown);
}

std::string sample_columns(const DeviceProfile& device, const SampleCost& cost) {
    ComputeWork work;
    work.flop = forward_flop(cost.size, cost.tokens);
    work.weight_bytes = weight_bytes(cost.size, cost.weights, true);
    work.weights = cost.weights;
    work.samples = 1;
    double time = kUnknown;
    double energy = kUnknown;
    const bool known = !std::isnan(rate_of(device, cost.weights)) &&
                       !std::isnan(device.memory_bandwidth_bytes_per_s);
    if (known || !std::isnan(device.time_per_sample_s)) {
        const auto needed = compute_time(device, work);
        time = std::chrono::duration<double>(needed).count();
        energy = compute_energy_j(device, needed);
    }
    const double need =
        inference_memory_bytes(cost.size, cost.weights, true, 1, cost.tokens, kActivationBytes);
    return fmt::format(" {:>10} {:>10} {:>8}", duration(time), figure(energy, "J"),
                       std::isnan(device.memory_bytes) ? "-"
                       : need <= device.memory_bytes   ? "fits"
                                                       : "too big");
}

}  // namespace

std::string devices_text(const std::map<std::string, DeviceProfile>& devices,
                         const std::optional<SampleCost>& cost) {
    std::string text = fmt::format("{:<30} {:>14} {:>14} {:>10} {:>12} {:>8}", "device", "fp16",
                                   "int8", "memory", "bandwidth", "power");
    if (cost) text += fmt::format(" {:>10} {:>10} {:>8}", "a sample", "energy", "memory");
    text += '\n';
    for (const DeviceProfile* device :
         sorted(devices, [](const DeviceProfile& one) { return rate_of(one, Precision::Fp16); })) {
        text += fmt::format(
            "{:<30} {:>14} {:>14} {:>10} {:>12} {:>8}", device->name,
            figure(rate_of(*device, Precision::Fp16), "FLOP/s"),
            figure(device->rate_int8_flop_per_s, "FLOP/s"), figure(device->memory_bytes, "B"),
            figure(device->memory_bandwidth_bytes_per_s, "B/s"), figure(device->compute_w, "W"));
        if (cost) text += sample_columns(*device, *cost);
        text += '\n';
    }
    return text;
}

std::string links_text(const std::map<std::string, LinkProfile>& links, double packet_bytes) {
    std::string text = fmt::format("{:<30} {:>13} {:>13} {:>8} {:>8} {:>6} {:>8} {:>10} {:>9}\n",
                                   "link", "up", "down", "latency", "jitter", "loss", "wake-up",
                                   figure(packet_bytes, "B"), "energy");
    for (const LinkProfile* link :
         sorted(links, [](const LinkProfile& one) { return one.uplink_bytes_per_s; })) {
        double time = kUnknown;
        double energy = kUnknown;
        if (!std::isnan(link->uplink_bytes_per_s)) {
            const auto sending = transfer_time(uplink(*link), packet_bytes);
            time = std::chrono::duration<double>(sending).count();
            energy = send_energy_j(*link, packet_bytes, sending);
        }
        text +=
            fmt::format("{:<30} {:>13} {:>13} {:>8} {:>8} {:>6} {:>8} {:>10} {:>9}\n", link->name,
                        figure(link->uplink_bytes_per_s * 8, "bit/s"),
                        figure(link->downlink_bytes_per_s * 8, "bit/s"), duration(link->latency_s),
                        link->jitter_s > 0 ? duration(link->jitter_s) : "-",
                        link->loss > 0 ? fmt::format("{:.3g} %", link->loss * 100) : "-",
                        link->wake_up_s > 0 ? duration(link->wake_up_s) : "-", duration(time),
                        figure(energy, "J"));
    }
    return text;
}

}  // namespace mobi
