// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/precision.hpp"

namespace mobi {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

/// What a kind of device can do: one file of `configs/devices`, section `[device.<name>]`.
/// A figure that is not known is NaN; what follows from it is NaN too, never zero.
struct DeviceProfile {
    std::string name;
    double rate_fp32_flop_per_s = kUnknown;  ///< effective, for a transformer forward pass
    double rate_fp16_flop_per_s = kUnknown;
    double rate_bf16_flop_per_s = kUnknown;
    double rate_int8_flop_per_s = kUnknown;
    double rate_int4_flop_per_s = kUnknown;
    double memory_bytes = kUnknown;  ///< what an application can have
    double memory_bandwidth_bytes_per_s = kUnknown;
    double t0_s = 0;              ///< start-up time of one packet's computation
    double thermal_stretch = 1;   ///< factor on compute time, >= 1
    double compute_w = kUnknown;  ///< power while computing
    double idle_w = kUnknown;     ///< power while waiting
};

/// A kind of network: one file of `configs/links`, section `[link.<name>]`.
struct LinkProfile {
    std::string name;
    double uplink_bytes_per_s = kUnknown;
    double downlink_bytes_per_s = kUnknown;
    double latency_s = 0.005;  ///< one way
    // Radio power P = base + slope x throughput (METHODS.md 4.3).
    double up_base_w = kUnknown;
    double up_j_per_byte = kUnknown;
    double down_base_w = kUnknown;
    double down_j_per_byte = kUnknown;
};

/// Section `[fleet]`: which devices, with which backbone and link.
struct FleetParameters {
    std::vector<std::pair<std::string, int>> mix;  ///< device profile, count; in this order
    std::map<std::string, std::string> backbones;  ///< device profile -> backbone
    std::map<std::string, std::string> links;      ///< device profile -> link
};

/// `cost.padding`: to which length a phone pads a packet's samples.
enum class Padding { Batch, Max, None };

/// Section `[cost]`.
struct CostParameters {
    Padding padding = Padding::Batch;
};

}  // namespace mobi
