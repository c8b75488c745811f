// SPDX-License-Identifier: Apache-2.0
#include "device/compute_model.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/virtual_time.hpp"
#include "device/compute_profile.hpp"

namespace mobi {
namespace {

/// The figure that the device has for weights of exactly this precision.
double own_rate(const DeviceProfile& device, Precision weights) {
    switch (weights) {
        case Precision::Fp32:
            return device.rate_fp32_flop_per_s;
        case Precision::Fp16:
            return device.rate_fp16_flop_per_s;
        case Precision::Bf16:
            return device.rate_bf16_flop_per_s;
        case Precision::Int8:
            return device.rate_int8_flop_per_s;
        case Precision::Int4:
            return device.rate_int4_flop_per_s;
    }
    return kUnknown;
}

/// The precision whose figure stands for an unknown one.
std::optional<Precision> next_best(Precision weights) {
    switch (weights) {
        case Precision::Fp32:
            return std::nullopt;
        case Precision::Fp16:
            return Precision::Fp32;
        case Precision::Bf16:
        case Precision::Int8:
            return Precision::Fp16;
        case Precision::Int4:
            return Precision::Int8;
    }
    return std::nullopt;
}

/// One of the two, or neither.
struct Speed {
    const LawFit* fit = nullptr;  ///< of the class
    std::optional<double> rate_flop_per_s;
};

Speed speed_of(const DeviceProfile& device, Precision weights) {
    for (std::optional<Precision> one = weights; one; one = next_best(*one)) {
        const LawFit* const fit = device.measured ? device.measured->law(*one) : nullptr;
        if (fit != nullptr) return {fit, std::nullopt};
        const double rate = own_rate(device, *one);
        if (!std::isnan(rate)) return {nullptr, rate};
    }
    return {};
}

}  // namespace

double forward_flop(const ModelSize& size, double tokens) {
    const double d = size.width;
    const double head_dim = size.head_dim;
    const double projections = 4 * tokens * d * head_dim * (size.heads + size.kv_heads);
    const double attention = 4 * tokens * tokens * size.heads * head_dim;
    const double feed_forward = (size.gated_mlp ? 6 : 4) * tokens * d * size.ffn;
    return size.layers * (projections + attention + feed_forward);
}

double forward_launches(const ModelSize& size) {
    constexpr int kOfLayer = 17;
    constexpr int kOfGate = 2;
    return size.layers * (kOfLayer + (size.gated_mlp ? kOfGate : 0));
}

std::optional<double> rate_flop_per_s(const DeviceProfile& device, Precision weights) {
    const Speed speed = speed_of(device, weights);
    if (speed.fit != nullptr) return speed.fit->law.flop_per_s * device.speed;
    return speed.rate_flop_per_s;
}

const LawFit* fit_of(const DeviceProfile& device, Precision weights) {
    return speed_of(device, weights).fit;
}

std::optional<ComputeLaw> law_of(const DeviceProfile& device, Precision weights) {
    const LawFit* const fit = fit_of(device, weights);
    if (fit == nullptr) return std::nullopt;
    return ComputeLaw{fit->law.t0_s / device.speed, fit->law.launch_s / device.speed,
                      fit->law.flop_per_s * device.speed};
}

TimedWork computing_a_packet(const DeviceProfile& device) {
    return {"computing a packet on device.", device.name};
}

VirtualClock::duration compute_time(const DeviceProfile& device,
                                    const ComputeWork& work,
                                    double factor) {
    double start_up_s = device.t0_s;
    double seconds = device.time_per_sample_s * work.samples;
    if (std::isnan(seconds)) {
        const auto law = law_of(device, work.weights);
        const auto rate = rate_flop_per_s(device, work.weights);
        if (!rate || std::isnan(device.memory_bandwidth_bytes_per_s))
            throw ConfigError(fmt::format(
                "device.{}: {} is not known: a figure is needed before its times can be computed",
                device.name,
                rate ? "memory_bandwidth" : "the rate for its backbone's weight_dtype"));
        double computing_s = work.flop / *rate;
        if (law) {
            start_up_s += law->t0_s;
            computing_s += work.launches * law->launch_s;
        }
        seconds = std::max(computing_s, (work.weight_bytes + work.tap_bytes) /
                                            device.memory_bandwidth_bytes_per_s);
    }
    return virtual_duration((start_up_s + seconds * device.thermal_stretch) * factor,
                            computing_a_packet(device));
}

}  // namespace mobi
