// SPDX-License-Identifier: Apache-2.0
#include "app/catalogue_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/text.hpp"
#include "device/compute_model.hpp"
#include "device/compute_profile.hpp"
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
    work.launches = forward_launches(cost.size);
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

/// The rate that the device has for exactly this precision.
double own_int8_rate(const DeviceProfile& device) {
    const LawFit* const fit = device.measured ? device.measured->law(Precision::Int8) : nullptr;
    return fit == nullptr ? device.rate_int8_flop_per_s : fit->law.flop_per_s;
}

constexpr std::array kPrecisions{Precision::Fp32, Precision::Fp16, Precision::Bf16, Precision::Int8,
                                 Precision::Int4};

std::string share(double value) {
    return std::isnan(value) ? "-" : fmt::format("{:.0f} %", value * 100);
}

/// The errors of laws that can be judged by them; points that two entries share count once.
struct Pool {
    std::vector<double> errors;
    std::set<std::vector<std::pair<double, double>>> seen;  ///< FLOPs and times of a law's points

    void add(const std::vector<MeasuredPoint>& points, const std::vector<double>& predicted) {
        constexpr std::size_t kEnough = 3;  // points: of fewer, one says little of another
        std::vector<std::pair<double, double>> key;
        for (const MeasuredPoint& point : points) key.emplace_back(point.flop, point.time_s);
        if (points.size() >= kEnough && seen.insert(std::move(key)).second)
            errors.insert(errors.end(), predicted.begin(), predicted.end());
    }
};

std::string law_text(const std::string& name,
                     const ComputeProfile& profile,
                     Precision precision,
                     Pool& pool) {
    const std::vector<MeasuredPoint>& points = profile.points(precision);
    const LawFit& fit = *profile.law(precision);
    const std::vector<double> predicted = leave_one_out(points);
    pool.add(points, predicted);
    const ErrorSummary errors = summarise(predicted);
    const ComputeLaw& law = fit.law;
    std::string text = fmt::format(
        "{} {}: {}{}work / {}; {} point{} ({}){}\n", name, name_of(precision),
        law.t0_s > 0 ? human_seconds(law.t0_s) + " + " : "",
        law.launch_s > 0 ? fmt::format("launches x {} + ", human_seconds(law.launch_s)) : "",
        human(law.flop_per_s, "FLOP/s"), points.size(), points.size() == 1 ? "" : "s", fit.remark,
        errors.count == 0 ? ""
                          : fmt::format("; each from the others: median {}, 90th percentile {}",
                                        share(errors.median), share(errors.p90)));
    for (std::size_t i = 0; i < points.size(); ++i)
        text += fmt::format("  {:>10} {:>5} launches {:>10}  law {:>+4.0f} %{}  {}\n",
                            human(points[i].flop, "FLOP"), points[i].launches,
                            human_seconds(points[i].time_s), fit.residuals[i] * 100,
                            predicted.empty()
                                ? ""
                                : fmt::format(", from the others {:>+4.0f} %", predicted[i] * 100),
                            points[i].source);
    return text;
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
            figure(own_int8_rate(*device), "FLOP/s"), figure(device->memory_bytes, "B"),
            figure(device->memory_bandwidth_bytes_per_s, "B/s"), figure(device->compute_w, "W"));
        if (cost) text += sample_columns(*device, *cost);
        text += '\n';
    }
    return text;
}

std::string laws_text(const std::map<std::string, DeviceProfile>& devices) {
    std::string text;
    Pool pool;
    for (const auto& [name, device] : devices)
        for (const Precision precision : kPrecisions)
            if (device.measured && device.measured->law(precision) != nullptr)
                text += law_text(name, *device.measured, precision, pool);
    if (text.empty()) return text;
    const ErrorSummary all = summarise(pool.errors);
    if (all.count > 0)
        text += fmt::format(
            "{} points of laws with three and more, each from the others: median {}, 90th "
            "percentile {}\n",
            all.count, share(all.median), share(all.p90));
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
