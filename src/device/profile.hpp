// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/precision.hpp"
#include "device/figure_band.hpp"
#include "device/rate_trace.hpp"

namespace mobi {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

class ComputeProfile;

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
    double time_per_sample_s = kUnknown;  ///< where known, in place of rate and bandwidth
    std::string profile_file;             ///< measured points, in place of a rate; or empty
    std::shared_ptr<const ComputeProfile> measured;  ///< read from `profile_file`
    double speed = 1;              ///< factor on the speed of its law; a device's, with its draw
    double t0_s = 0;               ///< start-up time of one packet's computation
    double thermal_budget_s = 0;   ///< continuous work at the full rate; 0: never too hot
    double thermal_floor = 0.5;    ///< share of the full rate that is left in the end
    double thermal_decay_s = 120;  ///< time constant on the way there
    double thermal_stretch = 1;    ///< factor on compute time, >= 1
    double spread = 0;             ///< sigma of a log-normal factor on a device's rates, median 1
    double compute_spread = 0;  ///< sigma of a log-normal factor drawn for every packet, median 1
    double compute_deviation = 0;  ///< of a normal factor drawn for every packet, mean 1
    double compute_w = kUnknown;   ///< power while computing
    double idle_w = kUnknown;      ///< power while waiting
    // A battery, which computing and sending drain (device/battery.hpp).
    double battery_j = 0;       ///< capacity; 0: on mains
    double battery_start = 1;   ///< charge at the start, as a share
    double battery_low = 0.2;   ///< below this share the device rests before every packet ...
    double battery_rest_s = 0;  ///< ... for so long
    // What other programs leave of its rate: a measured slowdown.
    std::string load_file;
    TraceStart load_start = TraceStart::Begin;
    std::shared_ptr<const RateTrace> load;  ///< read from `load_file`, see read_load()
    FigureBands bands;                      ///< of the class; single devices have none
};

/// Whether a trace keeps its mean rate or takes that of the link's `uplink` or `downlink`.
enum class TraceMean { Measured, Link };

/// Whether a link carries both directions at once.
enum class Duplex { Full, Half };

/// A kind of network: one file of `configs/links`, section `[link.<name>]`.
struct LinkProfile {
    std::string name;
    double uplink_bytes_per_s = kUnknown;
    double downlink_bytes_per_s = kUnknown;
    // Standard deviations of a transfer's rate around these; 0: every transfer goes at them.
    double uplink_deviation_bytes_per_s = 0;
    double downlink_deviation_bytes_per_s = 0;
    Duplex duplex = Duplex::Full;
    double latency_s = 0.005;  ///< one way
    double spread = 0;         ///< sigma of a log-normal factor on a device's rates, median 1
    double jitter_s = 0;       ///< standard deviation of the latency of a transfer
    double loss = 0;           ///< share of the bytes on the way that have to be sent again
    double wake_up_s = 0;      ///< before a transfer's first byte when the radio has fallen idle
    double wake_after_s = 0;   ///< how long after the last byte that happens
    // Devices of a cell share what it carries, max-min fairly, each direction by itself.
    int cell_devices = 0;  ///< consecutive devices of this link in a cell; 0: the link is their own
    double cell_uplink_bytes_per_s = kUnknown;
    double cell_downlink_bytes_per_s = kUnknown;  ///< unknown: downloads share nothing
    std::string atc_file;  ///< of Augmented Traffic Control: sets rates, latency, jitter and loss
    // A rate that changes: a measured trace in place of `uplink`, one in place of `downlink`.
    std::string trace_file;
    std::string downlink_trace_file;
    TraceEnd trace_end = TraceEnd::Wrap;
    TraceStart trace_start = TraceStart::Begin;
    TraceMean trace_mean = TraceMean::Measured;
    std::shared_ptr<const RateTrace> trace;           ///< read from `trace_file`
    std::shared_ptr<const RateTrace> downlink_trace;  ///< read from `downlink_trace_file`
    // Radio power P = base + slope x throughput (docs/method.md 4.3).
    double up_base_w = kUnknown;
    double up_j_per_byte = kUnknown;
    double down_base_w = kUnknown;
    double down_j_per_byte = kUnknown;
    /// Of the link; single devices' have none.  Latency: from a wired link's to what MobiPerf saw
    /// of Wi-Fi, half of the median round trip of 51 ms (docs/devices.md 4.1).
    FigureBands bands{{"latency", {0.005, 0.001, 0.025}}};
};

inline constexpr int kMostDevices = 10'000'000;  ///< of a fleet

/// Section `[fleet]`: which devices, with which backbone and link.
struct FleetParameters {
    std::vector<std::pair<std::string, int>> mix;  ///< device profile, count; in this order
    int devices = 0;  ///< of which the mix has shares, see shares_of(); 0: it has counts
    std::map<std::string, std::string> backbones;           ///< device profile -> backbone
    std::map<std::string, std::vector<std::string>> links;  ///< device profile -> links to draw
    std::vector<std::string> fit;  ///< backbones for the classes that `backbones` does not name
    std::string devices_file;      ///< figures of single devices, or empty
    std::map<std::string, std::string> availability;  ///< device profile -> pattern; none: always
};

/// `cost.padding`: to which length a phone pads a packet's samples.
enum class Padding { Batch, Max, None };

/// Section `[cost]`.
struct CostParameters {
    Padding padding = Padding::Batch;
};

}  // namespace mobi
