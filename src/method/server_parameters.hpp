// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

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
    /// Nothing: kernel launches of the update, counted by formula, times `launch_s`.
    std::optional<double> step_overhead_s;
    double launch_s = 10e-6;
    double access_bytes_per_s = 0;  ///< 0 = unlimited
    double deadline_s = 0;          ///< 0 = none
    double enough_share = 1;
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
