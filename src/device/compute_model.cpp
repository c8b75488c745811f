// SPDX-License-Identifier: Apache-2.0
#include "device/compute_model.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.hpp"
#include "core/virtual_time.hpp"

namespace mobi {

double forward_flop(const ModelSize& size, double tokens) {
    const double d = size.width;
    const double head_dim = size.head_dim;
    const double projections = 4 * tokens * d * head_dim * (size.heads + size.kv_heads);
    const double attention = 4 * tokens * tokens * size.heads * head_dim;
    const double feed_forward = (size.gated_mlp ? 6 : 4) * tokens * d * size.ffn;
    return size.layers * (projections + attention + feed_forward);
}

std::optional<double> rate_flop_per_s(const DeviceProfile& device, Precision weights) {
    const auto known = [](double rate, auto&& fall_back) -> std::optional<double> {
        return std::isnan(rate) ? fall_back() : std::optional(rate);
    };
    switch (weights) {
        case Precision::Fp32:
            return known(device.rate_fp32_flop_per_s, [] { return std::nullopt; });
        case Precision::Fp16:
            return known(device.rate_fp16_flop_per_s,
                         [&] { return rate_flop_per_s(device, Precision::Fp32); });
        case Precision::Bf16:
            return known(device.rate_bf16_flop_per_s,
                         [&] { return rate_flop_per_s(device, Precision::Fp16); });
        case Precision::Int8:
            return known(device.rate_int8_flop_per_s,
                         [&] { return rate_flop_per_s(device, Precision::Fp16); });
        case Precision::Int4:
            return known(device.rate_int4_flop_per_s,
                         [&] { return rate_flop_per_s(device, Precision::Int8); });
    }
    return std::nullopt;
}

TimedWork computing_a_packet(const DeviceProfile& device) {
    return {"computing a packet on device.", device.name};
}

VirtualClock::duration compute_time(const DeviceProfile& device,
                                    const ComputeWork& work,
                                    double factor) {
    double seconds = device.time_per_sample_s * work.samples;
    if (std::isnan(seconds)) {
        const auto rate = rate_flop_per_s(device, work.weights);
        if (!rate || std::isnan(device.memory_bandwidth_bytes_per_s))
            throw ConfigError(fmt::format(
                "device.{}: {} is not known: a figure is needed before its times can be computed",
                device.name,
                rate ? "memory_bandwidth" : "the rate for its backbone's weight_dtype"));
        seconds = std::max(work.flop / *rate, (work.weight_bytes + work.tap_bytes) /
                                                  device.memory_bandwidth_bytes_per_s);
    }
    return virtual_duration((device.t0_s + seconds * device.thermal_stretch) * factor,
                            computing_a_packet(device));
}

}  // namespace mobi
