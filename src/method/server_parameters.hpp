// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include "device/figure_band.hpp"

namespace mobi {

enum class ServerMode { ArrivalReplay, ArrivalOnly, ReplayAfterAll, PerDevice };
enum class Sampler { Auto, Uniform, Permutation };
enum class Balance { None, Backbone, Device, Passes };

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
    /// NaN: kernel launches of the update, counted by formula, times `launch_s`.
    double step_overhead_s = std::numeric_limits<double>::quiet_NaN();
    double launch_s = 10e-6;
    double access_bytes_per_s = 0;  ///< 0 = unlimited
    double deadline_s = 0;          ///< 0 = none
    double enough_share = 1;
    /// Of its rates and times, estimates all (docs/method.md 4.3): a launch's from one in a
    /// captured graph to one that waits for the host, the rate from small products to an A100's
    /// fp32 peak.
    FigureBands bands{{"rate", {5e12, 1e12, 19.5e12}},
                      {"io_rate", {10e9, 1e9, 100e9}},
                      {"launch", {10e-6, 2e-6, 20e-6}}};
};

enum class EvalWeights { Devices, Equal };

/// Section `[eval]` (docs/method.md 5.2).
struct EvalParameters {
    int every = 100;  ///< updates between evaluations
    EvalWeights weights = EvalWeights::Devices;
    double target = 0;  ///< in percent; 0 = none
    int consecutive = 2;
    int patience = 0;  ///< evaluations on validation without a better one; 0: never stops
};

}  // namespace mobi
