// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mobi {

enum class Schedule { Linear, Constant };

/// Section `[optimizer]` (docs/method.md 1.6).
struct OptimizerParameters {
    double lr = 1e-3;
    Schedule schedule = Schedule::Linear;
    double warmup = 0.06;  ///< share of the T updates
    double clip = 1.0;     ///< joint norm; 0 = off
    double weight_decay = 0.01;
};

}  // namespace mobi
