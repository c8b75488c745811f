// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "device/figure_band.hpp"

namespace mobi {

enum class ServerMode { ArrivalReplay, ArrivalOnly, ReplayAfterAll, PerDevice };
enum class Sampler { Auto, Uniform, Permutation };
enum class Balance { None, Backbone, Device };

/// Section `[server]` (docs/method.md 1.6, 4.3).
struct ServerParameters {
    ServerMode mode = ServerMode::ArrivalReplay;
    int updates_per_arrival = 1;
    int batch = 32;
    Sampler sampler = Sampler::Auto;
    int epochs = 20;
    Balance balance = Balance::None;
    double mixup = 0;  ///< a of Beta(a, a); 0 = off
    double rate_flop_per_s = 5e12;
    double io_rate_bytes_per_s = 10e9;
    double step_overhead_s = 200e-6;
    double access_bytes_per_s = 0;  ///< 0 = unlimited
    double deadline_s = 0;          ///< 0 = none
    double enough_share = 1;
    /// Of its rates and times, estimates all (docs/method.md 4.3): a step's from one captured graph
    /// to some hundreds of launches, the rate from small products to an A100's fp32 peak.
    FigureBands bands{{"rate", {5e12, 1e12, 19.5e12}},
                      {"io_rate", {10e9, 1e9, 100e9}},
                      {"step_overhead", {200e-6, 20e-6, 5e-3}}};
};

enum class EvalWeights { Devices, Equal };

/// Section `[eval]` (docs/method.md 5.2).
struct EvalParameters {
    int every = 100;  ///< updates between evaluations
    EvalWeights weights = EvalWeights::Devices;
    double target = 0;  ///< in percent; 0 = none
    int consecutive = 2;
};

}  // namespace mobi
